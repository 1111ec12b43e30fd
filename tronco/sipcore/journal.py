"""What running calls were granted, in a file of our own, in case the database forgets.

Holds are reserved without waiting for the database's disk, so a crash of it may lose the last ones.
Every grant is written here before Asterisk hears of it, and dropped when the call is recorded.
"""

from __future__ import annotations

import fcntl
import json
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tronco.core.errors import Conflict

logger = logging.getLogger(__name__)
Entry = dict[str, Any]
REWRITE_BYTES = 2_000_000


class Journal:
    """The open calls by id, as the file has them. Survives `kill -9` of this process."""

    def __init__(self, path: Path) -> None:
        """Raises Conflict when another process has it: two would forget each other's calls."""
        self.path = path
        self._lock = path.with_suffix(".lock").open("ab")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            self._lock.close()
            raise Conflict(
                f"call control runs already in {path.parent}", code="sipcore-running"
            ) from problem
        self._entries: dict[str, Entry] = dict(_read(path))
        self._file = path.open("ab", buffering=0)
        self._rewrite()

    def __contains__(self, call_id: str) -> bool:
        return call_id in self._entries

    def entries(self, *, central: str) -> list[Entry]:
        """What calls of a central were granted."""
        return [
            entry
            for call_id, entry in self._entries.items()
            if call_id.rpartition("-")[0] == central
        ]

    def find(self, call_id: str) -> Entry | None:
        return self._entries.get(call_id)

    def write(self, call_id: str, entry: Entry) -> None:
        """Keep a grant; a later one of the same call replaces it."""
        self._entries[call_id] = entry
        self._append({"id": call_id, "entry": entry})

    def drop(self, call_ids: Iterable[str]) -> None:
        """The calls are recorded for good."""
        gone = [call_id for call_id in call_ids if self._entries.pop(call_id, None) is not None]
        if gone:
            self._append({"gone": gone})
            if self._file.tell() > REWRITE_BYTES:
                self._rewrite()

    def close(self) -> None:
        self._file.close()
        self._lock.close()

    def _append(self, line: dict[str, Any]) -> None:
        # One write: a kill leaves a whole line or none.
        self._file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")

    def _rewrite(self) -> None:
        """Leave out what is gone."""
        fresh = self.path.with_suffix(".new")
        with fresh.open("w") as file:
            for call_id, entry in self._entries.items():
                file.write(
                    json.dumps({"id": call_id, "entry": entry}, separators=(",", ":")) + "\n"
                )
        self._file.close()
        fresh.rename(self.path)
        self._file = self.path.open("ab", buffering=0)


def _read(path: Path) -> Iterator[tuple[str, Entry]]:
    entries: dict[str, Entry] = {}
    try:
        text = path.read_text()
    except FileNotFoundError:
        text = ""
    for line in text.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            logger.error("unreadable line in the journal: %r", line[:200])
            continue
        if "gone" in said:
            for call_id in said["gone"]:
                entries.pop(call_id, None)
        else:
            entries[said["id"]] = said["entry"]
    yield from entries.items()
