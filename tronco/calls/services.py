"""Everything that writes calls: their records as they end, and the wish to end one."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from tronco.calls import rollups
from tronco.calls.models import Direction
from tronco.calls.records import CallEnd, CallParties
from tronco.calls.selectors import identity_of
from tronco.charging.models import Authorization
from tronco.charging.pricing import CallPrice
from tronco.charging.services import EndedCall, KnownCall, PricedCall, calls_settle
from tronco.core.errors import NotFound
from tronco.numbering.classify import classify
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant

logger = logging.getLogger(__name__)
# sipcore listens to it; the payload is the call's id.
HANG_UP_CHANNEL = "tronco_hangup"

# The records, and the roll-ups of those that are new.
_INSERT = f"""
WITH record AS (
    INSERT INTO calls_cdr SELECT * FROM jsonb_populate_recordset(NULL::calls_cdr, %s::jsonb)
    ON CONFLICT (started_at, identity) DO NOTHING RETURNING *
), share AS MATERIALIZED ({rollups.SHARES}), {rollups.ADD}
SELECT call_id FROM record
"""  # noqa: S608  our own words


@transaction.atomic(savepoint=False)
def record_ingest(*, ends: Sequence[CallEnd], unrecorded: Sequence[str] = ()) -> list[str]:
    """Record calls that ended and charge those that were answered, all or nothing.

    `unrecorded` are ids of calls that give back what they hold and leave no record. Returns the ids
    of those recorded now; the others had been recorded before. Twice is "already done": neither a
    second record nor a second charge comes of it.
    """
    by_id = {end.call_id: end for end in ends}
    recorded: list[str] = []

    def record(priced: Sequence[PricedCall]) -> None:
        pairs = [(by_id[one.call_id], one) for one in priced if one.call_id in by_id]
        if pairs:
            records = [record_of(end, _parties(end, one.call), one.price) for end, one in pairs]
            recorded.extend(records_insert(records))

    ended = [*map(_as_ended, by_id.values()), *map(_without_answer, unrecorded)]
    if ended:
        calls_settle(ended, record=record)
    return recorded


def records_insert(records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Insert what `record_of` made, and add it to the roll-ups.

    Returns the ids of the calls that had no record yet.
    """
    ensure_partitions({record["started_at"] for record in records})
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [json.dumps(records, default=str)])
        return [call_id for (call_id,) in cursor.fetchall()]


def ensure_partitions(moments: set[datetime]) -> None:
    """Make the monthly partitions in which records of these moments will lie."""
    wanted = {at.date(): at for at in moments}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT calls_ensure_partition(at) FROM unnest(%s::timestamptz[]) AS at",
            [list(wanted.values())],
        )


def call_hang_up(*, actor: Actor, call_id: str) -> None:
    """Ask the switch to end a running call; it will be charged for what it lasted."""
    actor.require("calls.operate")
    running = Authorization.objects.visible_to(actor).filter(state=Authorization.State.OPEN)
    if not running.filter(pk=call_id).exists():
        raise NotFound(_("This call is not running."), details={"call_id": call_id})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [HANG_UP_CHANNEL, call_id])


def _as_ended(end: CallEnd) -> EndedCall:
    return EndedCall(
        call_id=end.call_id,
        answered_at=end.answered_at,
        duration_ms=end.duration_ms,
        trunk_id=end.trunk_id,
    )


def _without_answer(call_id: str) -> EndedCall:
    return EndedCall(call_id=call_id)


def record_of(end: CallEnd, parties: CallParties, price: CallPrice | None) -> dict[str, Any]:
    """Return a call's record, as the table has it; `price` None when it is not charged."""
    explanation = dict(price.explanation) if price else {}
    explanation["attempts"] = [asdict(attempt) for attempt in end.attempts]
    if end.linked:
        explanation["linked"] = end.linked
    if end.answered_by:
        explanation["answered_by"] = end.answered_by
    return {
        "started_at": end.started_at,
        "identity": identity_of(end.central, end.call_id),
        "call_id": end.call_id,
        "tenant_id": parties.tenant_id,
        "account_id": parties.account_id,
        "circuit_id": parties.circuit_id,
        "did_id": parties.did_id,
        "trunk_id": end.trunk_id,
        "central": end.central,
        "direction": parties.direction,
        "caller": parties.caller,
        "dialled": parties.dialled,
        "called": parties.called,
        "call_class": parties.call_class,
        "uf": _uf(parties),
        "answered_at": end.answered_at,
        "ended_at": end.ended_at,
        "duration_ms": end.duration_ms if end.answered_at else 0,
        "billed_ms": price.billed_ms if price else 0,
        "outcome": end.outcome,
        "reason": end.reason,
        "hangup_cause": end.hangup_cause,
        "price_u": price.price_u if price else 0,
        "cost_u": price.cost_u if price else 0,
        "charges": price.charges if price else [],
        "explanation": explanation,
    }


def _parties(end: CallEnd, call: KnownCall | None) -> CallParties:
    """Whose call it was: as charging kept it, else as the switch tells, else the master's."""
    if call is not None:
        return CallParties(
            tenant_id=call.tenant_id,
            account_id=call.account_id,
            circuit_id=call.circuit_id,
            did_id=call.did_id,
            direction=call.direction,
            caller=call.caller,
            dialled=call.dialled,
            called=call.called,
            call_class=call.call_class,
        )
    if end.parties is not None:
        return end.parties
    # Nobody knows it any more; it is kept all the same, where the operator sees it.
    logger.error("call %s ended, but nothing is known of its beginning", end.call_id)
    return CallParties(
        tenant_id=Tenant.objects.get(kind=Tenant.Kind.MASTER).pk,
        direction=Direction.OUT,
        caller="",
        dialled="",
        called="",
        call_class="",
    )


def _uf(parties: CallParties) -> str:
    """The state of the other party, by its DDD; none for what has no DDD."""
    if parties.direction == Direction.INTERNAL:
        return ""
    other = parties.caller if parties.direction == Direction.IN else parties.called
    return classify(other).uf
