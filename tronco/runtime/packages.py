"""Debian packages unpacked into a directory of ours: no root, nothing installed in the system.

They come from the mirror that this machine's own apt is configured for, through apt itself, which
checks their signatures. Only apt's state is ours.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tronco.runtime.errors import ComponentMissing

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
OS_RELEASE = Path("/etc/os-release")
SYSTEM_STATUS = Path("/var/lib/dpkg/status")
APT_TIMEOUT_S = 600
UNPACKERS = 4


@dataclass(frozen=True)
class Source:
    """One line of an apt configuration."""

    uri: str
    suite: str
    component: str


class Apt:
    """apt with a state of its own, which knows `sources` and nothing else.

    With `complete`, it believes that no package is installed, so that what it fetches carries
    everything down to the C library and runs on any older system through its own loader.
    """

    def __init__(self, directory: Path, sources: Sequence[Source], *, complete: bool) -> None:
        self.directory = directory
        for part in ("lists/partial", "archives/partial", "sources", "preferences"):
            (directory / part).mkdir(parents=True, exist_ok=True)
        status = directory / "status"
        status.touch()
        stanzas = [
            f"Types: deb\nURIs: {source.uri}\nSuites: {source.suite}\n"
            f"Components: {source.component}\n"
            + (f"Signed-By: {KEYRING}\n" if KEYRING.exists() else "")
            for source in sources
        ]
        (directory / "sources/tronco.sources").write_text("\n".join(stanzas))
        self._config = directory / "apt.conf"
        self._config.write_text(
            _APT_CONF.format(x=directory, status=status if complete else SYSTEM_STATUS)
        )

    def update(self) -> None:
        self._run("apt-get", "-q", "update")

    def version(self, package: str) -> str | None:
        """The version that would be installed."""
        policy = self._run("apt-cache", "policy", package)
        for line in policy.splitlines():
            name, _, value = line.strip().partition(": ")
            if name == "Candidate" and value != "(none)":
                return value
        return None

    def download(self, packages: Iterable[str]) -> list[Path]:
        """Fetch packages (`name` or `name=version`) and all that they depend on."""
        self._run("apt-get", "-q", "-y", "--download-only", "install", *packages)
        return sorted((self.directory / "archives").glob("*.deb"))

    def _run(self, program: str, *words: str) -> str:
        done = subprocess.run(
            [program, "-c", str(self._config), *words],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=APT_TIMEOUT_S,
            env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
        )
        if done.returncode != 0:
            tail = "\n".join(done.stdout.strip().splitlines()[-5:])
            raise AptFailure(f"{program} {words[-1]}: {tail}")
        return done.stdout


class AptFailure(Exception):
    """apt's own words."""


# Read after the system's configuration: proxies and credentials set there stay in force, its hooks
# do not run.
_APT_CONF = """
Dir::State "{x}";
Dir::State::Lists "{x}/lists";
Dir::State::status "{status}";
Dir::State::extended_states "{x}/extended_states";
Dir::Cache "{x}";
Dir::Cache::Archives "{x}/archives";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Log "{x}";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{x}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "{x}/preferences";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear APT::Default-Release;
APT::Update::Error-Mode "any";
APT::Install-Recommends "false";
APT::Sandbox::User "";
APT::Keep-Downloaded-Packages "true";
Acquire::Languages "none";
Acquire::Retries "2";
Debug::NoLocking "true";
"""


def debian_codename() -> str | None:
    """`bookworm` on Debian 12; None where the system is not Debian or has no apt."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb") or not OS_RELEASE.exists():
        return None
    facts = dict(
        line.split("=", 1) for line in OS_RELEASE.read_text().splitlines() if line.count("=")
    )
    if facts.get("ID", "").strip('"') != "debian":
        return None
    return facts.get("VERSION_CODENAME", "").strip('"') or None


def system_sources(component: str) -> list[Source]:
    """What this machine's apt is configured for, of its own release of Debian."""
    codename = debian_codename()
    if codename is None:
        raise ComponentMissing(
            component,
            "is not installed, and this system is not Debian, whose packages we could unpack",
            cure=f"install {component} from your distribution and start again",
        )
    listed = subprocess.run(
        [
            *("apt-get", "indextargets", "--no-release-info"),
            *("--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)", "Identifier: Packages"),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = {Source(*line.split("|")) for line in listed.splitlines() if line.count("|")}
    own = [s for s in found if s.suite.startswith(codename) and s.component == "main"]
    if not any(source.suite == codename for source in own):
        raise ComponentMissing(
            component,
            f"apt has no source for Debian {codename}",
            cure=f"add Debian's main archive to /etc/apt/sources.list, or install {component}",
        )
    return sorted(own, key=lambda source: (source.suite, source.uri))


def other_suite(sources: Sequence[Source], suite: str) -> list[Source]:
    """The same mirror's `suite`, such as `sid`."""
    codename = debian_codename()
    return [Source(s.uri, suite, s.component) for s in sources if s.suite == codename]


def unpack(archives: Sequence[Path], root: Path) -> None:
    """Extract packages over one another; their maintainer scripts do not run."""
    root.mkdir(parents=True, exist_ok=True)

    def extract(archive: Path) -> None:
        subprocess.run(["dpkg-deb", "--extract", str(archive), str(root)], check=True)

    with ThreadPoolExecutor(UNPACKERS) as pool:
        list(pool.map(extract, archives))
    root.chmod(0o755)


def workspace() -> tempfile.TemporaryDirectory[str]:
    """Where apt's lists and the downloaded archives lie until they are unpacked."""
    return tempfile.TemporaryDirectory(prefix="tronco-apt-")
