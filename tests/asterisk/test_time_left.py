"""Whoever calls on an account hears for how long it is good before the number is called."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest

from tests.asterisk.conftest import Town
from tests.asterisk.numbers import assert_settled, balance_u, charges_of, record_of
from tests.support.hearing import Ears
from tests.support.voice import (
    MOBILE,
    call_in,
    give_pin,
    make_did,
    type_in,
    wait_for_configuration,
)
from tronco.callingcards.models import Card
from tronco.callingcards.services import NewCard, cards_generate, series_create
from tronco.core.money import MICRO
from tronco.demo.call import Call
from tronco.dids.services import did_create
from tronco.tenancy.access import Actor

pytestmark = pytest.mark.asterisk
PIN, OUTSIDE = "2468", "1133334444"
_callers = itertools.count(1130900001)


async def callee(town: Town, dialled: str) -> Call:
    """The call as it arrives at the carrier."""
    deadline = time.monotonic() + 12
    while not town.carrier.called(dialled):
        assert time.monotonic() < deadline, f"{dialled} was not called"
        await asyncio.sleep(0.05)
    return town.carrier.called(dialled)[0]


def sell_card(town: Town, seller: Actor, value_u: int) -> NewCard:
    tenant = town.world.reseller_a
    series = series_create(
        actor=seller,
        tenant_id=tenant.pk,
        plan_id=town.world.plan(tenant).pk,
        name="minutos",
        face_value_u=value_u,
    )
    (card,) = cards_generate(actor=seller, series_id=series.pk, count=1, activate=True)
    return card


def test_a_reseller_s_card_at_his_own_access_number(town: Town, ears: Ears) -> None:
    """R$ 0,16 at R$ 0,10 a minute are 96 s: one minute is told, for what is told is kept."""
    reseller = town.world.actor(town.world.reseller_a)
    card = sell_card(town, reseller, 160_000)
    did = did_create(
        actor=reseller, tenant_id=town.world.reseller_a.pk, raw="551140207001", mode="card"
    ).did
    wait_for_configuration(town.exchange)

    async def scene() -> Call:
        call = await call_in(town.carrier.agent, did.raw, caller=MOBILE)
        assert await call.wait_answered(), call.status
        await type_in(
            call,
            ears,
            ("s:enter-card", f"{card.number}#"),
            ("s:enter-card-pin", f"{card.pin}#"),
            ("s:balance-is", f"{OUTSIDE}#"),
        )
        await ears.wait(call, "s:minutes-left", start_s=1)
        await ears.wait(call, "s:minute", start_s=0.3)
        assert call.ended_at is None
        far = await callee(town, f"55{OUTSIDE}")
        await asyncio.sleep(4)
        await far.hang_up()
        await type_in(call, ears, ("s:enter-number", "9"))
        await call.hang_up()
        return call

    town.stage.play(scene())

    leg = record_of(did, direction="out")
    sold = Card.objects.get(number=card.number)
    assert (leg.account_id, charges_of(leg)) == (sold.account_id, [50_000, 25_000])
    assert 3500 < leg.duration_ms < 5000, "what is told is not paid for"
    assert balance_u(sold.account) == 110_000
    assert_settled(town)


@pytest.mark.parametrize(
    ("plan", "dialled", "words"),
    [
        # R$ 10,00 at R$ 0,30 a minute: 33 minutes.
        ({}, MOBILE, ("s:minutes-left", "s:n-33", "s:minutes")),
        ({"plan": "postpaid", "limit_u": None}, OUTSIDE, ()),
    ],
    ids=["prepaid", "without a limit"],
)
def test_the_portal_tells_what_the_balance_is_good_for(
    town: Town, ears: Ears, plan: dict[str, object], dialled: str, words: tuple[str, ...]
) -> None:
    line = town.world.circuit(**plan)  # type: ignore[arg-type]
    caller = str(next(_callers))
    give_pin(line, PIN, caller)
    did = make_did("portal", tenant=line.tenant)
    wait_for_configuration(town.exchange)

    async def scene() -> Call:
        call = await call_in(town.carrier.agent, did.raw, caller=caller)
        assert await call.wait_answered(), call.status
        await type_in(call, ears, ("s:enter-pin", f"{PIN}#"), ("s:enter-number", f"{dialled}#"))
        for word in words:
            await ears.wait(call, word, start_s=0.4)
        await callee(town, f"55{dialled}")
        await asyncio.sleep(1)
        assert ears.hears(call, "s:minutes-left", start_s=1) == bool(words)
        await call.hang_up()
        return call

    town.stage.play(scene())

    leg = record_of(did, direction="out")
    assert (leg.outcome, leg.circuit_id) == ("answered", line.pk)
    if words:
        assert balance_u(line.account) == 10 * MICRO - leg.price_u
    assert_settled(town)
