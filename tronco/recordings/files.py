"""Where recordings lie: below the instance's home, a folder a customer and month. No database."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import time
from collections.abc import Container, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings

WAV, MP3 = ".wav", ".mp3"
TYPES: Final = {WAV: "audio/wav", MP3: "audio/mpeg"}
_HEADER: Final = 44
_BYTES_PER_MS: Final = 16
_UNNAMED_S: Final = 86_400.0


def recordings_root() -> Path:
    """The directory of all recordings."""
    return Path(settings.TRONCO_HOME) / "recordings"


def path_of(file: str) -> Path:
    """The whole path of a recording's `file`."""
    return recordings_root() / file


def has_room(place: Path) -> bool:
    """Whether the disk of a directory has room for recordings."""
    existing = next(one for one in (place, *place.parents) if one.exists())
    least = settings.TRONCO_RECORDINGS_FREE_MB * 1_000_000
    return shutil.disk_usage(existing).free >= least


def name_of(*, tenant_id: int, at: datetime, call_id: str) -> str:
    """The `file` of a new recording."""
    return f"{tenant_id}/{at:%Y%m}/{call_id}{WAV}"


def mend(path: Path) -> int:
    """Let the switch's file say how long it is, and return its milliseconds.

    One that was cut off (the switch was killed) says that it is empty.
    """
    size = path.stat().st_size
    if size <= _HEADER:
        return 0
    with path.open("r+b") as file:
        header = file.read(_HEADER)
        if header[:4] == b"RIFF" and struct.unpack("<I", header[40:])[0] != size - _HEADER:
            file.seek(4)
            file.write(struct.pack("<I", size - 8))
            file.seek(40)
            file.write(struct.pack("<I", size - _HEADER))
    return (size - _HEADER) // _BYTES_PER_MS


def take_in(source: Path, file: str) -> Path:
    """Let a file be found under a recording's name too; nothing is copied on the same disk."""
    target = path_of(file)
    for folder in (recordings_root(), target.parent.parent, target.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
    unfinished = target.with_name(f".{target.name}")
    unfinished.unlink(missing_ok=True)
    try:
        os.link(source, unfinished)
    except OSError:
        shutil.copyfile(source, unfinished)
    unfinished.chmod(0o600)
    unfinished.rename(target)
    # Of one that was let in before, by the same file under two names, nothing was renamed.
    unfinished.unlink(missing_ok=True)
    return target


def digest_of(path: Path) -> str:
    """Its SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove(file: str) -> None:
    """Remove a recording's sound; one that is gone is no error."""
    path_of(file).unlink(missing_ok=True)


def list_unnamed(named: Container[str]) -> Iterator[Path]:
    """Yield files of which no recording tells, left by a process that was killed."""
    root = recordings_root()
    for path in root.glob("*/*/*"):
        is_old = time.time() - path.stat().st_mtime > _UNNAMED_S
        if is_old and str(path.relative_to(root)) not in named:
            yield path
