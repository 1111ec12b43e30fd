"""The unprivileged user under whom services run when `make run` is started by root.

PostgreSQL refuses root, and Asterisk has no need of it. An ordinary user runs everything as
himself.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "tronco"
FALLBACK = "nobody"


@dataclass(frozen=True)
class ServiceUser:
    """A user other than root, and how to start a process as him."""

    name: str
    uid: int
    gid: int

    def popen_args(self) -> dict[str, Any]:
        """Keyword arguments for `subprocess.run` and `Popen`."""
        # Started in /: the caller's directory may be closed to this user.
        return {"user": self.uid, "group": self.gid, "extra_groups": [], "cwd": "/"}

    def own(self, path: Path) -> None:
        os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_use(self, path: Path) -> bool:
        """Whether this user may read `path`, through every directory above it."""
        return run_as(self, ["test", "-r", str(path)]) == 0


def service_user(owned: Path | None = None) -> ServiceUser | None:
    """Whom to become: nobody else (None) for an ordinary user, the system user `tronco` for root.

    Where `owned` belongs to an ordinary user (`sudo make run` in his checkout), it is he.
    """
    if os.geteuid() != 0:
        return None
    if owned is not None and owned.exists() and owned.stat().st_uid != 0:
        return _from_entry(pwd.getpwuid(owned.stat().st_uid))
    try:
        return _from_entry(pwd.getpwnam(NAME))
    except KeyError:
        return _from_entry(_create_user())


def run_as(user: ServiceUser | None, argv: Sequence[str]) -> int:
    """Exit status of a short silent command."""
    return subprocess.run(
        argv,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **(user.popen_args() if user else {}),
    ).returncode


def _create_user() -> pwd.struct_passwd:
    # sbin is not always on the PATH of a root shell made by `su`.
    useradd = shutil.which("useradd") or shutil.which("useradd", path="/usr/sbin:/sbin")
    if useradd:
        nologin = "/usr/sbin/nologin"
        run_as(None, [useradd, "-r", "-M", "-d", "/nonexistent", "-s", nologin, NAME])
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return pwd.getpwnam(FALLBACK)


def _from_entry(entry: pwd.struct_passwd) -> ServiceUser:
    return ServiceUser(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)
