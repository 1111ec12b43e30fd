"""What is unpacked or installed besides Python packages."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tronco.runtime import asterisk, packages, tools
from tronco.runtime.assets import FILES, fetch_assets, static_version
from tronco.runtime.errors import ComponentMissing
from tronco.runtime.tools import Tool, write_wrapper


def test_every_asset_is_there_without_references_to_what_is_not() -> None:
    place = fetch_assets()
    files = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    packed = {f"{name}.gz" for name in FILES if name.endswith((".css", ".js"))}
    assert files == {f"vendor/{name}" for name in {*FILES, *packed}}
    for name in files:
        path = place / name
        if path.suffix in {".css", ".js"}:
            text = path.read_text()
            assert "sourceMappingURL" not in text[-200:]
            for reference in re.findall(r"url\(\"?(?!data:|#)([^\")]+)", text):
                assert (path.parent / reference.split("?")[0]).exists(), f"{name}: {reference}"


def test_static_files_get_another_name_whenever_one_changes(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text("django==5.2")
    (tmp_path / "static/ui").mkdir(parents=True)
    script = tmp_path / "static/ui/app.js"
    script.write_text("1")
    names = [static_version("/cache/assets-1", tmp_path)]
    script.write_text("2")
    names.append(static_version("/cache/assets-1", tmp_path))
    names.append(static_version("/cache/assets-2", tmp_path))
    script.rename(script.with_name("other.js"))
    names.append(static_version("/cache/assets-2", tmp_path))
    (tmp_path / "requirements.lock").write_text("django==5.3")
    names.append(static_version("/cache/assets-2", tmp_path))
    assert len(set(names)) == len(names)
    assert names[-1] == static_version("/elsewhere/assets-2", tmp_path)


def test_a_program_runs_from_a_moved_tree_with_its_own_libraries(tmp_path: Path) -> None:
    made, moved = tmp_path / "made", tmp_path / "moved here"
    (made / "root/usr/bin").mkdir(parents=True)
    (made / "root/usr/lib/x86_64-linux-gnu/pulseaudio").mkdir(parents=True)
    (made / "root/usr/share/tool-5").mkdir(parents=True)
    program = made / "root/usr/bin/tool"
    program.write_text('#!/bin/sh\necho "$LD_LIBRARY_PATH|$TOOL_DATA|$1"\n')
    program.chmod(0o755)
    write_wrapper(made, Tool("tool", ("tool",), "usr/bin/tool", {"TOOL_DATA": "usr/share/tool-*"}))
    made.rename(moved)
    said = subprocess.run(
        [moved / "bin/tool", "a b"], check=True, capture_output=True, text=True
    ).stdout.strip()
    libraries = f"{moved}/root/usr/lib/x86_64-linux-gnu"
    assert said == f"{libraries}:{libraries}/pulseaudio|{moved}/root/usr/share/tool-5|a b"


def test_without_debian_the_missing_program_is_named_with_a_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = tmp_path / "os-release"
    release.write_text('ID=fedora\nVERSION_CODENAME=""\n')
    monkeypatch.setattr(packages, "OS_RELEASE", release)
    monkeypatch.setattr(asterisk, "find_program", lambda name: None)
    monkeypatch.setattr(tools, "find_program", lambda name: None)
    monkeypatch.setenv("TRONCO_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ComponentMissing, match="not Debian") as told:
        asterisk.find_asterisk()
    assert told.value.component == "Asterisk"
    with pytest.raises(ComponentMissing, match="install sipp"):
        tools.tool_path(tools.SIPP)
    assert not [p for p in (tmp_path / "cache").glob("*") if not p.name.startswith(".")]


def test_without_a_network_it_is_named_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = [packages.Source("http://127.0.0.1:9/debian", "bookworm", "main")]
    monkeypatch.setattr(asterisk, "system_sources", lambda component: nowhere)
    monkeypatch.setattr(asterisk, "find_program", lambda name: None)
    monkeypatch.setenv("TRONCO_CACHE", str(tmp_path / "cache"))
    with pytest.raises(ComponentMissing, match=r"(?s)sid: .*Failed to fetch.*testing: ") as told:
        asterisk.find_asterisk()
    assert "check the network" in told.value.cure


SYSTEM_ASTERISK = """#!/bin/sh
echo "Asterisk {version}~dfsg+~cs1"
"""


@pytest.mark.parametrize(("version", "taken"), [("16.28.0", False), ("20.6.0", True)])
def test_the_systems_own_asterisk_is_taken_when_it_is_recent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, taken: bool
) -> None:
    program = tmp_path / "asterisk"
    program.write_text(SYSTEM_ASTERISK.format(version=version))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = asterisk.find_asterisk()
    assert (found.program == program) == taken
    if taken:
        assert found.version == version


def test_another_version_than_the_pinned_one_is_taken_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "asterisk-22.99.0+dfsg-1/root/usr/lib/x86_64-linux-gnu").mkdir(parents=True)
    monkeypatch.setattr(asterisk, "find_program", lambda name: None)
    monkeypatch.setenv("TRONCO_CACHE", str(tmp_path))
    found = asterisk.find_asterisk()
    assert found.version == "22.99.0"
    assert "no longer has the Asterisk we test with" in found.warning
