"""Programs of other projects: the system's own if it has them, else unpacked from Debian packages.

Whichever it is, the caller gets the path of one executable file.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tronco.runtime.cache import cache_dir, cached
from tronco.runtime.errors import ComponentMissing
from tronco.runtime.packages import (
    Apt,
    AptFailure,
    debian_codename,
    system_sources,
    unpack,
    workspace,
)

# Where Debian puts programs that a PATH of an ordinary user may not have.
SYSTEM_PATHS = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"


@dataclass(frozen=True)
class Tool:
    """A program, the packages that hold it, and its path inside them."""

    name: str
    packages: tuple[str, ...]
    program: str
    # Variables whose values are paths inside the packages; `*` stands for what differs by machine.
    environment: Mapping[str, str] = field(default_factory=dict)


SIPP = Tool("sipp", ("sip-tester",), "usr/bin/sipp")
ESPEAK = Tool(
    "espeak-ng",
    ("espeak-ng",),
    "usr/bin/espeak-ng",
    {"ESPEAK_DATA_PATH": "usr/lib/*-linux-gnu*"},
)
CHROMIUM = Tool(
    "chromium",
    ("chromium", "fonts-dejavu-core", "fontconfig-config"),
    "usr/lib/chromium/chromium",
    {"FONTCONFIG_PATH": "etc/fonts", "XDG_DATA_HOME": "usr/share"},
)


def find_program(name: str) -> Path | None:
    """The system's own program."""
    found = shutil.which(name) or shutil.which(name, path=SYSTEM_PATHS)
    return Path(found) if found else None


def tool_path(tool: Tool) -> Path:
    """The program, unpacked into the cache if the system has none."""
    if found := find_program(tool.name):
        return found

    def build(target: Path) -> None:
        sources = system_sources(tool.name)
        with workspace() as directory:
            # The system's own libraries serve; only what is missing is fetched.
            apt = Apt(Path(directory), sources, complete=False)
            try:
                apt.update()
                archives = apt.download(tool.packages)
            except AptFailure as failure:
                raise ComponentMissing(
                    tool.name,
                    f"cannot be fetched ({failure})",
                    cure=f"check the network and apt's mirror, or install {tool.packages[0]}",
                ) from failure
            unpack(archives, target / "root")
        write_wrapper(target, tool)

    return cached(_cache_name(tool), build) / "bin" / tool.name


def find_tool(tool: Tool) -> Path | None:
    """The program if it is there already: for who cannot wait until it is fetched."""
    unpacked = cache_dir() / _cache_name(tool) / "bin" / tool.name
    return find_program(tool.name) or (unpacked if unpacked.exists() else None)


def _cache_name(tool: Tool) -> str:
    return f"{tool.name}-{debian_codename()}"


def write_wrapper(target: Path, tool: Tool, *, own_loader: bool = False) -> None:
    """Make `bin/<name>`, which runs the program with the libraries unpacked beside it.

    A tree that came without the system's libraries has a C library newer than the system's; then
    the program must be run by that library's own loader.
    """
    root = target / "root"
    libraries = library_directories(root)
    # The tree is moved to its place after this, so the script finds it from its own path.
    path = ":".join(f'"$root"/{directory.relative_to(root)}' for directory in libraries)
    program = f'"$root"/{tool.program}'
    lines = [
        "#!/bin/sh",
        'root=$(dirname "$(dirname "$(readlink -f "$0")")")/root',
        *(
            f'export {name}="$root"/{next(root.glob(value)).relative_to(root)}'
            for name, value in tool.environment.items()
        ),
    ]
    if own_loader:
        loader = next(libraries[0].glob("ld-linux*.so.*")).relative_to(root)
        lines.append(
            f'exec "$root"/{loader} --argv0 {tool.name} --library-path {path} {program} "$@"'
        )
    else:
        lines += [f"export LD_LIBRARY_PATH={path}", f'exec {program} "$@"']
    wrapper = target / "bin" / tool.name
    wrapper.parent.mkdir(mode=0o755)
    wrapper.write_text("\n".join(lines) + "\n")
    wrapper.chmod(0o755)


def library_directories(root: Path) -> list[Path]:
    """Where the packages of a tree keep shared libraries, the C library's place first."""
    places = [*sorted(root.glob("usr/lib/*-linux-gnu*")), *sorted(root.glob("lib/*-linux-gnu*"))]
    # PulseAudio keeps a library that others need in a directory of its own.
    return places + [place / "pulseaudio" for place in places if (place / "pulseaudio").is_dir()]
