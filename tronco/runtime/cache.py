"""Large immutable things, made once for a machine and shared by every checkout on it."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_dir() -> Path:
    """`TRONCO_CACHE`, else /var/cache/tronco for root and ~/.cache/tronco for anybody else."""
    if given := os.environ.get("TRONCO_CACHE"):
        return Path(given).absolute()
    if os.geteuid() == 0:
        return Path("/var/cache/tronco")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tronco"


def cached(name: str, build: Callable[[Path], None], *, cache: Path | None = None) -> Path:
    """The directory `<cache>/<name>`, filled by `build` unless it stands already.

    It is built beside its place and renamed, so that it is whole or absent, also when two set-ups
    run at once or one is killed. `name` must carry the version of what it holds.
    """
    cache = cache or cache_dir()
    cache.mkdir(parents=True, exist_ok=True)
    place = cache / name
    if place.is_dir():
        return place
    with locked(cache / f".{name}.lock"):
        if not place.is_dir():
            unfinished = cache / f".{name}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(mode=0o755)
            # mkdir obeys the umask; unprivileged services must read this.
            unfinished.chmod(0o755)
            build(unfinished)
            unfinished.rename(place)
    return place


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes; it is freed when this one ends, however it ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
