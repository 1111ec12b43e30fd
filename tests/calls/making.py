"""Calls for the tests of their records: let through as charging would, without a switch."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F

from tests.support.world import World
from tronco.calls.models import Cdr
from tronco.calls.records import CallEnd
from tronco.calls.services import record_ingest
from tronco.charging.decks import Decks, django_fetch, finish
from tronco.charging.models import Account, Authorization, Hold
from tronco.charging.offers import make_offer
from tronco.charging.requests import Answer, CarrierOption
from tronco.circuits.models import Circuit
from tronco.numbering.classify import classify

# A Monday, 10:00 in São Paulo.
START = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
RING = timedelta(seconds=4)
_numbers = itertools.count(1)


def authorised(
    world: World, circuit: Circuit, dialled: str = "1133334444", *, held_u: int = 1_000_000,
    at: datetime = START, **fields: Any,
) -> Authorization:  # fmt: skip
    """A call that was let through, with `held_u` held of every account of its chain."""
    decks = Decks(django_fetch)
    chain = finish(decks.chain(circuit.account_id))
    number = classify(dialled, own_ddd=circuit.own_ddd)
    carrier = CarrierOption(world.trunk.pk, world.carrier.cost_tariff_id)
    offer = finish(make_offer(decks, chain, number, Answer(at, at), [carrier]))
    assert offer.refusal is None, offer.refusal
    facts: dict[str, Any] = {
        "call_id": f"node1-{int(at.timestamp())}.{next(_numbers)}",
        "tenant": circuit.tenant,
        "account": circuit.account,
        "circuit_id": circuit.pk,
        "central": "node1",
        "direction": "out",
        "caller": "+551133330000",
        "dialled": dialled,
        "called": number.e164 or number.rating_digits,
        "call_class": str(number.call_class),
        "started_at": at,
        "seen_at": at,
        "deadline_s": 3600,
        "facts": offer.terms.as_json(),
        **fields,
    }
    call = Authorization.objects.create(**facts)
    for level in offer.terms.levels:
        Hold.objects.create(
            authorization=call, tenant_id=level.tenant, account_id=level.account,
            level=level.level, amount_u=held_u,
        )  # fmt: skip
        Account.objects.filter(pk=level.account).update(held_u=F("held_u") + held_u)
    return call


def ended(call: Authorization, world: World, *, talks_s: float | None, **fields: Any) -> CallEnd:
    """What the switch tells at its end; `talks_s` None: nobody answered."""
    answered_at = None if talks_s is None else call.started_at + RING
    length = timedelta(seconds=talks_s or 0)
    facts: dict[str, Any] = {
        "call_id": call.call_id,
        "central": call.central,
        "started_at": call.started_at,
        "ended_at": call.started_at + RING + length,
        "answered_at": answered_at,
        "duration_ms": length // timedelta(milliseconds=1),
        "outcome": Cdr.Outcome.NO_ANSWER if talks_s is None else Cdr.Outcome.ANSWERED,
        "hangup_cause": 19 if talks_s is None else 16,
        "trunk_id": world.trunk.pk,
        **fields,
    }
    return CallEnd(**facts)


def made(
    world: World, circuit: Circuit, dialled: str = "1133334444", *, talks_s: float | None = 61,
    at: datetime = START, **fields: Any,
) -> Cdr:  # fmt: skip
    """The record of a call from its beginning to its end."""
    call = authorised(world, circuit, dialled, at=at)
    record_ingest(ends=[ended(call, world, talks_s=talks_s, **fields)])
    return Cdr.objects.get(call_id=call.call_id)
