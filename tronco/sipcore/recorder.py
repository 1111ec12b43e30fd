"""Brings what the spool says into the database: every call once, whatever is killed when.

A batch of lines is one transaction (`calls.services.record_ingest`); only when it is committed does
the spool forget it. After a crash of the database the calls in progress are restored first, so that
none is recorded without the price it was let through at.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

from django.db import connection, transaction

from tronco.calls.models import Cdr, Direction
from tronco.calls.records import CallEnd, CallParties, RouteAttempt
from tronco.calls.services import record_ingest
from tronco.charging.reasons import REASONS
from tronco.circuits.models import Circuit
from tronco.circuits.page_phones import line_of
from tronco.core.errors import Unavailable
from tronco.dids.models import Did
from tronco.numbering.classify import classify
from tronco.sipcore.agi import endpoint_of
from tronco.sipcore.endpoints import find_trunk_id, supplying_did
from tronco.sipcore.messages import store_messages
from tronco.sipcore.spool import Answered, Ended, Line, Message, Spool, started_at
from tronco.sipcore.store import Store
from tronco.tenancy.models import Tenant

logger = logging.getLogger(__name__)
POLL_S = 0.1
# What one call costs to record is little beside what a transaction costs: many gather for longer,
# but not so long that what then comes at once holds up the calls that begin.
GATHER_S = 0.05
GATHER_MOST_S = 0.15
RETRY_S = 0.5
ROTATE_EVERY_S = 5.0
MOST_AT_ONCE = 500
NOT_RESTORED = "not-restored"
# Verdicts of calls that were authorised.
_ADMITTED = frozenset({"dial", "line", "follow", "own", "voice", "callback", "pickup"})
OUTCOMES = {
    "BUSY": Cdr.Outcome.BUSY,
    "NOANSWER": Cdr.Outcome.NO_ANSWER,
    "CANCEL": Cdr.Outcome.CANCELLED,
    "": Cdr.Outcome.CANCELLED,
}


class CallListener(Protocol):
    """Who wants to know what the spool says, besides the database."""

    def answered(self, line: Answered) -> None: ...

    def ended(self, call_ids: Sequence[str]) -> None: ...

    def over(self, ends: Sequence[Ended]) -> None: ...

    def recorded(self, call_ids: Sequence[str]) -> None: ...

    async def restore(self) -> None: ...


class Taken(NamedTuple):
    """Whether the spool had something, and how many calls had ended in it."""

    read: bool
    ended: int


class Recorder:
    """Follows the spool of one node; `listener` hears of calls at once, recorded or not."""

    def __init__(
        self, central: str, spool: Spool, store: Store, listener: CallListener, messages: Path
    ) -> None:
        self._central = central
        self._spool = spool
        self._store = store
        self._listener = listener
        self._messages = messages
        self._turn = asyncio.Lock()
        # Of the calls that have not ended.
        self.answers: dict[str, Answered] = {}

    async def run(self) -> None:
        """Follow until cancelled."""
        rotated_at = 0.0
        while True:
            pause_s = POLL_S
            try:
                if ended := (await self._next()).ended:
                    pause_s = min(ended * GATHER_S, GATHER_MOST_S)
            except Unavailable as problem:
                logger.warning("the calls of %s wait to be recorded: %s", self._central, problem)
                pause_s = RETRY_S
            except Exception:
                # Whatever it is, calls go on being decided; what is in the spool stays there.
                logger.exception("the calls of %s wait to be recorded", self._central)
                pause_s = RETRY_S
            if time.monotonic() - rotated_at > ROTATE_EVERY_S:
                rotated_at = time.monotonic()
                self._spool.rotate(self.answers)
            await asyncio.sleep(pause_s)

    async def drain(self) -> int:
        """Record all that is in the spool now, and return how many calls had ended.

        Unavailable when the database cannot be asked; nothing is lost then.
        """
        ended = 0
        while (taken := await self._next()).read:
            ended += taken.ended
        return ended

    async def _next(self) -> Taken:
        """Record what came since the last time, or as much of it as is read at once."""
        async with self._turn:
            batch = self._spool.read()
            if not batch.marks:
                return Taken(read=False, ended=0)
            try:
                ended = await self._take(batch.lines)
            except BaseException:
                self._spool.again(batch)
                raise
            self._spool.done(batch)
            return Taken(read=True, ended=ended)

    async def _take(self, lines: Sequence[Line]) -> int:
        ended = {line.call_id: line for line in lines if isinstance(line, Ended)}
        for line in lines:
            if isinstance(line, Answered) and line.call_id not in ended:
                self.answers[line.call_id] = line
                self._listener.answered(line)
        for call_id in ended:
            self.answers.pop(call_id, None)
        ends = list(ended.values())
        self._listener.ended(list(ended))
        self._listener.over(ends)
        if messages := [line for line in lines if isinstance(line, Message)]:
            await self._store.run(store_messages, messages, self._messages)
        for start in range(0, len(ends), MOST_AT_ONCE):
            await self.record(ends[start : start + MOST_AT_ONCE])
        return len(ends)

    def forget(self, call_ids: Sequence[str]) -> None:
        """Calls that ended without a word in the spool."""
        for call_id in call_ids:
            self.answers.pop(call_id, None)

    async def record(self, ends: Sequence[Ended | CallEnd]) -> None:
        """Record calls that ended; one that cannot be recorded must not hold up the others."""
        if not ends:
            return
        try:
            await self._store.run(store_ends, self._central, ends)
        except Unavailable as problem:
            if problem.code != NOT_RESTORED:
                raise
            await self._listener.restore()
            await self._store.run(store_ends, self._central, ends)
        except Exception:
            if len(ends) == 1:
                logger.exception("a call could not be recorded: %r", ends[0])
                if isinstance(ends[0], Ended):
                    self._spool.set_aside(ends[0])
                return
            logger.exception("%s calls could not be recorded together", len(ends))
            for end in ends:
                await self.record([end])
            return
        self._listener.recorded([end.call_id for end in ends])


def store_ends(central: str, ends: Sequence[Ended | CallEnd]) -> None:
    """Record calls, unless the database has forgotten what they hold and must be told first."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM charging_gate"
                " WHERE central = %s AND opened_for = pg_postmaster_start_time()",
                [central],
            )
            if cursor.fetchone() is None:
                raise Unavailable("calls in progress are not restored yet", code=NOT_RESTORED)
        record_ingest(
            ends=[
                end if isinstance(end, CallEnd) else as_call_end(central, end)
                for end in ends
                if not _is_no_call(end)
            ],
            unrecorded=[end.call_id for end in ends if _is_no_call(end)],
        )


def _is_no_call(end: Ended | CallEnd) -> bool:
    return isinstance(end, Ended) and end.is_no_call


def as_call_end(central: str, ended: Ended) -> CallEnd:
    """Turn a line of the spool into what the records take."""
    trunks = [int(part) for part in ended.facts.get("trunks", "").split(".") if part]
    duration_ms = ended.answered_ms or 0
    is_answered = ended.answered_ms is not None
    return CallEnd(
        call_id=ended.call_id,
        central=central,
        started_at=started_at(ended.call_id),
        ended_at=ended.at,
        outcome=_outcome(ended),
        answered_at=ended.at - timedelta(milliseconds=duration_ms) if is_answered else None,
        duration_ms=duration_ms,
        reason=_reason(ended),
        hangup_cause=_cause(ended),
        trunk_id=_at(trunks, ended.route) or find_trunk_id(endpoint_of(ended.channel)),
        attempts=_attempts(ended, trunks),
        parties=_parties(ended),
        linked=ended.facts.get("linked", ""),
        answered_by=_answering_line(ended),
    )


def _outcome(ended: Ended) -> str:
    if ended.answered_ms is not None:
        return Cdr.Outcome.ANSWERED
    if _reason(ended):
        return Cdr.Outcome.REFUSED
    return OUTCOMES.get(ended.dial_status, Cdr.Outcome.FAILED)


def _reason(ended: Ended) -> str:
    if ended.verdict == "refuse":
        return ended.facts.get("reason", "unreachable")
    # Nobody answered for sipcore, and it was no emergency.
    return "" if ended.verdict or "alone" in ended.facts else "unreachable"


def _cause(ended: Ended) -> int:
    reason = REASONS.get(_reason(ended))
    return reason.cause if reason else ended.cause


def _answering_line(ended: Ended) -> str:
    """The circuit whose telephone took a call that rang at one: its own, or who picked it up."""
    technology, _, _ = ended.peer.partition("/")
    if ended.answered_ms is None or ended.verdict != "line" or technology != "PJSIP":
        return ""
    number = line_of(endpoint_of(ended.peer))
    # A line that rings under another name (`endpoints.py`) is not told apart.
    return "" if "~" in number else number


def _at(trunks: Sequence[int], route: int) -> int | None:
    """The trunk of the route that was tried last; routes count from 1."""
    return trunks[min(route, len(trunks)) - 1] if trunks else None


def _attempts(ended: Ended, trunks: Sequence[int]) -> tuple[RouteAttempt, ...]:
    failed = [
        RouteAttempt(
            trunk_id=trunks[a.route - 1],
            status=f"{a.status} {a.sip}".removesuffix(" 0"),
            hangup_cause=a.cause,
        )
        for a in ended.attempts
        if 0 < a.route <= len(trunks)
    ]
    last = _at(trunks, ended.route)
    if last is not None and ended.dial_status and len(ended.attempts) < ended.route:
        duration_ms = ended.answered_ms or 0
        failed.append(
            RouteAttempt(
                trunk_id=last,
                status=ended.dial_status,
                hangup_cause=ended.cause,
                duration_ms=duration_ms,
            )
        )
    return tuple(failed)


def _parties(ended: Ended) -> CallParties | None:
    """Whose call it was, where charging does not know: it was refused, or the database was away."""
    facts = ended.facts
    if "tenant" in facts:
        return CallParties(
            tenant_id=int(facts["tenant"]),
            direction=facts.get("direction", Direction.OUT),
            caller=facts.get("caller", ended.caller)[:40],
            dialled=ended.dialled[:80],
            called=facts.get("called", ended.dialled)[:40],
            call_class=facts.get("class", ""),
            account_id=_number(facts.get("account")),
            circuit_id=_number(facts.get("circuit")),
            did_id=_number(facts.get("did")),
        )
    if ended.verdict in _ADMITTED and "line" not in facts:
        return None  # charging knows
    endpoint = endpoint_of(ended.channel)
    if find_trunk_id(endpoint) is not None or supplying_did(endpoint) is not None:
        return _parties_of_carrier(ended)
    return _parties_of_circuit(ended, endpoint)


def _parties_of_circuit(ended: Ended, endpoint: str) -> CallParties | None:
    circuit = Circuit.objects.filter(number=line_of(endpoint)).first()
    if circuit is None:
        return None
    number = classify(ended.dialled, own_ddd=circuit.own_ddd)
    return CallParties(
        tenant_id=circuit.tenant_id,
        direction=Direction.OUT,
        caller=ended.caller[:40],
        dialled=ended.dialled[:80],
        called=(number.e164 or number.rating_digits or ended.dialled)[:40],
        call_class=str(number.call_class or ""),
        account_id=circuit.account_id,
        circuit_id=circuit.pk,
    )


def _parties_of_carrier(ended: Ended) -> CallParties | None:
    did = Did.objects.filter(raw=ended.dialled).first()
    tenant_id = did.tenant_id if did else Tenant.objects.get(kind=Tenant.Kind.MASTER).pk
    return CallParties(
        tenant_id=tenant_id,
        direction=Direction.IN,
        caller=ended.caller[:40],
        dialled=ended.dialled[:80],
        called=(did.e164 if did else ended.dialled)[:40],
        call_class="",
        did_id=did.pk if did else None,
    )


def _number(text: str | None) -> int | None:
    return int(text) if text else None
