"""The file in which a node's calls are answered and end: its lines, and a reader that loses none.

Asterisk opens, appends and closes for every line (`dialplan.py`), so a line is whole or absent. The
reader follows the file and now and then renames it away; a renamed file goes when all that is in it
has been recorded and nobody can be writing to it any more. Whoever starts anew reads again whatever
is still there: recording a call twice is "already done".
"""

from __future__ import annotations

import logging
import time
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode

logger = logging.getLogger(__name__)
ROTATE_BYTES = 1_000_000
# After hours without the database a file is long; calls are decided on between its pieces.
READ_BYTES = 256_000
# How long after it was renamed a file may still be written to by who had it open.
WRITERS_GONE_S = 30.0
ANSWER_FIELDS = 5
END_FIELDS = 13
MESSAGE_FIELDS = 5


@dataclass(frozen=True, slots=True)
class Answered:
    """A call was picked up. `channel` is the called side's."""

    call_id: str
    at: datetime
    route: int
    channel: str


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """A route that did not carry the call: its number, how it went, Q.850 cause, SIP status."""

    route: int
    status: str
    cause: int
    sip: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A call is over. `answered_ms` is None when nobody answered; `facts` are sipcore's own.

    `peer` is the channel that answered it, as far as the switch knows.
    """

    call_id: str
    at: datetime
    answered_ms: int | None
    dial_status: str
    cause: int
    route: int
    verdict: str
    channel: str
    dialled: str
    caller: str
    attempts: tuple[AttemptLine, ...]
    facts: dict[str, str]
    peer: str = ""
    line: str = ""  # as it was written

    @property
    def is_no_call(self) -> bool:
        """Of some ends there is no record.

        A queue rings its members again and again: only who answers has had a call. Who has picked
        up a call takes part in that one; his own channel went with it.
        """
        is_vain_ring = "@member-" in self.channel and self.answered_ms is None
        return is_vain_ring or (self.verdict == "pickup" and not self.dial_status)


@dataclass(frozen=True, slots=True)
class Message:
    """A caller has left a message for a circuit; the recording is named by both."""

    call_id: str
    at: datetime
    circuit_id: int
    caller: str


Line = Answered | Ended | Message


def parse_line(line: str) -> Line | None:
    """Read a line; None, with a word in the log, for one that is not ours."""
    parts = line.rstrip("\r\n").split("|")
    try:
        if parts[0] == "A" and len(parts) == ANSWER_FIELDS:
            return Answered(parts[1], _time(parts[2]), int(parts[3]), parts[4])
        if parts[0] == "E" and len(parts) == END_FIELDS:
            return _ended(parts, line)
        if parts[0] == "V" and len(parts) == MESSAGE_FIELDS:
            return Message(parts[1], _time(parts[2]), int(parts[3]), unquote(parts[4]))
    except ValueError as problem:
        logger.error("unreadable line in the spool (%s): %r", problem, line)
        return None
    logger.error("unreadable line in the spool: %r", line)
    return None


def format_facts(facts: dict[str, str]) -> str:
    """What sipcore wants back with the end of a call, as one word of a dialplan."""
    return urlencode({name: value for name, value in facts.items() if value})


def started_at(call_id: str) -> datetime:
    """When the call came in, to the second, as its id says: the same whoever tells of the call."""
    epoch = call_id.rpartition("-")[2].partition(".")[0]
    return datetime.fromtimestamp(int(epoch), UTC)


def _ended(parts: list[str], line: str) -> Ended:
    return Ended(
        call_id=parts[1],
        at=_time(parts[2]),
        # Asterisk counts by the clock of the wall, which may have been set back meanwhile.
        answered_ms=max(0, int(parts[3])) if parts[3] else None,
        dial_status=parts[4],
        cause=int(parts[5] or 0),
        route=int(parts[6] or 0),
        verdict=parts[7],
        channel=parts[8],
        dialled=unquote(parts[9]),
        caller=unquote(parts[10]),
        attempts=tuple(_attempt(text) for text in parts[11].split("+") if text),
        facts=(facts := dict(parse_qsl(parts[12]))),
        peer=facts.pop("peer", ""),
        line=line,
    )


def _attempt(text: str) -> AttemptLine:
    route, status, cause, sip = text.split("/")
    return AttemptLine(int(route), status, int(cause or 0), int(sip) if sip.isdigit() else 0)


def _time(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)


@dataclass
class _File:
    path: Path
    read: int = 0  # bytes that were handed out
    recorded: int = 0  # bytes that need not be handed out again
    renamed_at: float | None = None
    answered: set[str] = field(default_factory=set)


@dataclass
class Batch:
    """Lines to record, and how far that brings each file."""

    lines: list[Line]
    marks: list[tuple[Path, int]] = field(default_factory=list)


class Spool:
    """Follows `path` and the files it was renamed to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files: dict[Path, _File] = {}
        self._aside_path = path.with_name("unrecorded")
        # Calls whose end is known but could not be recorded: nobody may invent another.
        self.aside: set[str] = set()
        if self._aside_path.exists():
            text = self._aside_path.read_text("latin-1").split("\n")
            lines = map(parse_line, filter(None, text))
            self.aside = {line.call_id for line in lines if line is not None}
        for old in sorted(path.parent.glob(f"{path.name}.*")):
            # When it was renamed is not known any more; that it is long enough ago is checked anew.
            self._files[old] = _File(old, renamed_at=time.monotonic())

    def read(self) -> Batch:
        """Return the next lines, [] when there are no more; `done` says they are recorded."""
        batch = Batch([])
        if self.path not in self._files and self.path.exists():
            self._files[self.path] = _File(self.path)
        for file in list(self._files.values()):
            data = _read_from(file.path, file.read)
            whole = data[: data.rfind(b"\n") + 1]
            if len(data) == READ_BYTES and not whole:
                whole = data  # no line is so long: what a crash of the machine left of the file
            if whole:
                # Only "\n" ends a line here; str.splitlines() knows many more ends.
                text = whole.decode("latin-1").removesuffix("\n").split("\n")
                lines = [x for x in map(parse_line, text) if x is not None]
                file.answered |= {x.call_id for x in lines if isinstance(x, Answered)}
                batch.lines += lines
                file.read += len(whole)
                batch.marks.append((file.path, file.read))
            if len(data) == READ_BYTES:
                break  # what came later is read later
        return batch

    def done(self, batch: Batch) -> None:
        """The batch is recorded for good."""
        for path, mark in batch.marks:
            if path in self._files:
                self._files[path].recorded = mark

    def again(self, batch: Batch) -> None:
        """The batch could not be recorded: hand it out once more."""
        for path, _ in batch.marks:
            if path in self._files:
                self._files[path].read = self._files[path].recorded

    def set_aside(self, ended: Ended) -> None:
        """Keep a line that cannot be recorded; appended to the spool again, it is tried again."""
        self.aside.add(ended.call_id)
        with self._aside_path.open("a", encoding="latin-1") as file:
            file.write(ended.line.rstrip("\n") + "\n")

    def rotate(self, running: Container[str]) -> None:
        """Rename the file when it has grown, and remove old ones that are done with.

        `running` are the ids of calls that have not ended. The line of their answer is all that is
        known of them if Asterisk dies, so its file stays.
        """
        current = self._files.get(self.path)
        if current and current.read == current.recorded and current.read >= ROTATE_BYTES:
            current.path = self.path.with_name(f"{self.path.name}.{time.time_ns()}")
            self.path.rename(current.path)
            current.renamed_at = time.monotonic()
            self._files[current.path] = self._files.pop(self.path)
        for file in list(self._files.values()):
            if file.renamed_at is None or time.monotonic() - file.renamed_at < WRITERS_GONE_S:
                continue
            file.answered = {call_id for call_id in file.answered if call_id in running}
            if not file.answered and file.path.stat().st_size == file.recorded:
                file.path.unlink()
                del self._files[file.path]


def _read_from(path: Path, offset: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(READ_BYTES)
    except FileNotFoundError:
        return b""
