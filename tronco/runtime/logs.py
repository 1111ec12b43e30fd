"""Log files of the processes we run, kept to a bounded size."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import BinaryIO

LARGEST_BYTES = 10_000_000
KEPT = 5


class LogFile:
    """Appends whole chunks of a process's output; older parts move to `<name>.log.1` to `.5`."""

    def __init__(self, path: Path, *, largest_bytes: int = LARGEST_BYTES, kept: int = KEPT) -> None:
        self.path = path
        self._largest = largest_bytes
        self._kept = kept
        self._file: BinaryIO | None = None

    def write(self, data: bytes) -> None:
        # A full disk must not stop the processes whose words these are.
        with contextlib.suppress(OSError):
            if self._file is None:
                self._file = self.path.open("ab", buffering=0)
            self._file.write(data)
            # Cut between lines only, so that no line is in two files.
            if data.endswith(b"\n") and self._file.tell() >= self._largest:
                self._rotate()

    def tail(self, lines: int) -> list[str]:
        """The last lines, for a person who wants to know why it failed."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, self.path.stat().st_size - 20_000))
                text = file.read().decode(errors="replace")
        except OSError:
            return []
        return [line for line in text.splitlines() if line.strip()][-lines:]

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def _rotate(self) -> None:
        self.close()
        for number in range(self._kept, 0, -1):
            older = self.path.with_name(f"{self.path.name}.{number}")
            newer = self.path.with_name(f"{self.path.name}.{number - 1}")
            source = newer if number > 1 else self.path
            if source.exists():
                source.rename(older)
