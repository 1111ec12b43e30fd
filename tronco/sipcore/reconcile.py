"""Compares what charging believes is running with what Asterisk says is, and closes the difference.

A call ends here only when nobody else can end it: its channel is gone and no line of the spool
tells of its end, because Asterisk was killed. It is then charged from its answer to the last moment
at which it was known to live, and never past its deadline.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from tronco.calls.models import Cdr
from tronco.calls.records import CallEnd
from tronco.charging.models import Authorization
from tronco.sipcore.agi import endpoint_of
from tronco.sipcore.endpoints import find_trunk_id
from tronco.sipcore.spool import Answered, started_at

logger = logging.getLogger(__name__)
# A call is authorised before its channel is listed, and both are noticed a little late.
SETTLING = timedelta(seconds=5)
# Q.850: recovery on timer expiry, for a call whose end nobody saw.
LOST_CAUSE = 102
LOST_REASON = "switch-lost"


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call that charging believes is running."""

    call_id: str
    began_at: datetime
    answered_at: datetime | None
    deadline_s: int | None
    seen_at: datetime


def list_open_calls(*, central: str) -> list[OpenCall]:
    """Return what charging believes a central is carrying."""
    rows = Authorization.objects.filter(central=central, state=Authorization.State.OPEN)
    return [
        OpenCall(*row)
        for row in rows.values_list("call_id", "started_at", "answered_at", "deadline_s", "seen_at")
    ]


def store_answers(*, answers: Mapping[str, datetime]) -> None:
    """Write down when calls were answered, for the screen of running calls."""
    call_ids = sorted(answers)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(
            """
            WITH said AS (
              SELECT a.call_id, said.at
                FROM charging_authorization a
                JOIN unnest(%s::text[], %s::timestamptz[]) AS said (call_id, at) USING (call_id)
               WHERE a.state = 'open' AND a.answered_at IS NULL
               ORDER BY a.call_id FOR NO KEY UPDATE OF a)
            UPDATE charging_authorization a SET answered_at = said.at
              FROM said WHERE a.call_id = said.call_id
            """,
            [call_ids, [answers[call_id] for call_id in call_ids]],
        )


def find_lost(
    calls: Collection[OpenCall],
    *,
    live: Collection[str],
    answers: Mapping[str, Answered],
    listed_at: datetime,
    booted_at: datetime,
    died_at: datetime | None,
) -> list[CallEnd]:
    """Return the ends of calls that nobody else will tell of.

    live       ids of the calls that had a channel at `listed_at`
    answers    of calls whose end the spool has not told
    booted_at  since when Asterisk runs: calls from before died with another one
    died_at    when that other one was last known to live; None when nobody watched
    """
    ends = []
    for call in calls:
        if call.call_id in live:
            continue
        answer = answers.get(call.call_id)
        if call.began_at < booted_at:
            ends.append(_end_of(call, answer, died_at or min(call.seen_at, booted_at)))
        elif call.began_at < listed_at - SETTLING:
            ends.append(_end_of(call, answer, call.seen_at))
    return ends


def _end_of(call: OpenCall, answer: Answered | None, last_seen: datetime) -> CallEnd:
    answered_at = answer.at if answer else call.answered_at
    duration_ms = 0
    if answered_at is not None:
        lived = max(timedelta(), last_seen - answered_at)
        if call.deadline_s is not None:
            lived = min(lived, timedelta(seconds=call.deadline_s))
        duration_ms = lived // timedelta(milliseconds=1)
        last_seen = answered_at + lived
    logger.warning("call %s is gone and left no end; it counts %s ms", call.call_id, duration_ms)
    return CallEnd(
        call_id=call.call_id,
        central=call.call_id.rpartition("-")[0],
        started_at=started_at(call.call_id),
        ended_at=last_seen,
        outcome=Cdr.Outcome.ANSWERED if answered_at else Cdr.Outcome.FAILED,
        answered_at=answered_at,
        duration_ms=duration_ms,
        reason=LOST_REASON,
        hangup_cause=LOST_CAUSE,
        trunk_id=find_trunk_id(endpoint_of(answer.channel)) if answer else None,
    )
