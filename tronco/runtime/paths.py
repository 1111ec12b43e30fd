"""Where an instance of Tronco keeps its data, secrets, logs and sockets."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from tronco.runtime.cache import locked
from tronco.runtime.errors import ComponentMissing
from tronco.runtime.privileges import ServiceUser, service_user

CHECKOUT = Path(__file__).resolve().parents[2]
ROOT_HOMES = Path("/var/lib/tronco")


@dataclass(frozen=True)
class Home:
    """The directory of one instance, and the user to whom its files belong.

    `user` is None when we are an ordinary user: everything is ours and runs as us.
    """

    root: Path
    user: ServiceUser | None = None

    @property
    def log(self) -> Path:
        return self.directory("log")

    @property
    def run(self) -> Path:
        return self.directory("run")

    def directory(self, name: str, *, mode: int = 0o700) -> Path:
        """A directory below the home, made if need be, closed to others."""
        path = self.root / name
        for part in [*reversed(path.relative_to(self.root).parents[:-1]), Path(name)]:
            self._make(self.root / part, mode)
        return path

    def write(self, name: str, content: str | bytes, *, mode: int = 0o600) -> Path:
        """Write a file below the home at once or not at all, closed to others."""
        path = self.root / name
        self.directory(str(Path(name).parent))
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        unfinished.touch(mode=mode)
        unfinished.chmod(mode)
        unfinished.write_bytes(content.encode() if isinstance(content, str) else content)
        if self.user:
            self.user.own(unfinished)
        unfinished.rename(path)
        return path

    def secret(self, name: str) -> str:
        """A random password kept in `secrets/<name>`; made the first time it is asked for."""
        path = self.root / "secrets" / name
        if not path.exists():
            self.write(f"secrets/{name}", secrets.token_urlsafe(32) + "\n")
        return path.read_text().strip()

    def _make(self, path: Path, mode: int) -> None:
        if path.is_dir():
            return
        path.mkdir(mode=mode, exist_ok=True)
        if self.user:
            self.user.own(path)


def instance_home(checkout: Path = CHECKOUT) -> Home:
    """The home of this checkout's instance: `TRONCO_HOME`, else `<checkout>/var`.

    The checkout of root is often closed to others (/root), so for root `var` is a link to a
    directory below /var/lib/tronco that belongs to the unprivileged user.
    """
    if given := os.environ.get("TRONCO_HOME"):
        return _open(Path(given).absolute())
    place = checkout / "var"
    if os.geteuid() == 0 and not place.is_symlink() and not _is_users(place):
        return _open(_link(place, checkout))
    return _open(place)


def _open(root: Path) -> Home:
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    root = root.resolve()
    user = service_user(owned=root)
    if user:
        user.own(root)
        if not user.can_use(root):
            raise ComponentMissing(
                "Instance directory",
                f"{root} cannot be reached by the user {user.name}, who runs the services",
                cure="set TRONCO_HOME to a directory below /var/lib or /srv",
            )
    elif not os.access(root, os.W_OK | os.X_OK):
        raise ComponentMissing(
            "Instance directory",
            f"{root} belongs to another user",
            cure="start as the user who set it up, or remove the link "
            "`var` of the checkout to begin a new instance",
        )
    return Home(root=root, user=user)


def _is_users(place: Path) -> bool:
    """Whether an ordinary user has set up an instance here (`sudo make run` after `make run`)."""
    return place.is_dir() and place.stat().st_uid != 0


def _link(place: Path, checkout: Path) -> Path:
    """Make `var` a link to a new home below /var/lib/tronco."""
    ROOT_HOMES.mkdir(mode=0o755, parents=True, exist_ok=True)
    digest = hashlib.sha256(str(checkout).encode()).hexdigest()[:8]
    target = ROOT_HOMES / f"{checkout.name}-{digest}"
    with locked(ROOT_HOMES / ".lock"):
        if place.is_symlink():
            return target
        if target.exists():
            _set_aside(target)
        target.mkdir(mode=0o700)
        if place.is_dir():
            # Made by a tool that wrote a report before the instance was set up.
            for leftover in place.iterdir():
                shutil.move(leftover, target / leftover.name)
            place.rmdir()
        place.symlink_to(target)
    return target


def _set_aside(target: Path) -> None:
    """A new checkout at the path of a deleted one starts afresh; real data is kept beside."""
    if (target / "pg").exists():
        target.rename(target.with_name(f"{target.name}.until-{time.strftime('%Y%m%d-%H%M%S')}"))
    else:
        shutil.rmtree(target)
