"""Calls on somebody's account from any telephone: voice portal and calling cards."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta

import pytest

from tests.asterisk.conftest import Town
from tests.asterisk.numbers import assert_settled, balance_u, charges_of, record_of
from tests.support.asterisk import SECRET_KEY, wait_until
from tests.support.hearing import Ears
from tests.support.stage import Behaviour, answer, dial, refuse
from tests.support.voice import (
    LANDLINE,
    MOBILE,
    call_in,
    give_pin,
    make_did,
    type_in,
    wait_for_configuration,
)
from tests.support.world import make_account
from tronco.callingcards.models import Card, CardSeries
from tronco.calls.models import Cdr
from tronco.charging.models import Account
from tronco.circuits.models import Circuit
from tronco.core.money import MICRO
from tronco.core.pins import hash_pin
from tronco.demo.call import Call
from tronco.dids.models import Did
from tronco.pbx.models import Lockout

pytestmark = pytest.mark.asterisk
PIN, OUTSIDE = "2468", "1133334444"
_callers = itertools.count(1130000001)
_cards = itertools.count(8000000001)


@pytest.fixture
def line(town: Town) -> Circuit:
    """Of a customer of a reseller, with a PIN."""
    return town.world.circuit(tenant=town.world.customer_a)


@pytest.fixture
def caller(line: Circuit) -> str:
    """A telephone that may use the portal of the line."""
    number = str(next(_callers))
    give_pin(line, PIN, number)
    return number


def portal(town: Town, line: Circuit, **fields: object) -> Did:
    return make_did("portal", tenant=line.tenant, **fields)


def test_the_portal_places_calls_on_the_line_s_account(
    town: Town, ears: Ears, line: Circuit, caller: str
) -> None:
    did = portal(town, line)
    wait_for_configuration(town.exchange)

    async def scene() -> Call:
        call = await call_in(town.carrier.agent, did.raw, caller=caller)
        assert await call.wait_answered(), call.status
        await type_in(call, ears, ("s:enter-pin", f"{PIN}#"), ("s:balance-is", f"{OUTSIDE}#"))
        far = await town.carrier.talk(f"55{OUTSIDE}", 3.2)
        await far.hang_up()
        # Another number may be dialled.
        await type_in(call, ears, ("s:enter-number", f"{MOBILE}#"))
        await town.carrier.talk(f"55{MOBILE}", 1)
        await call.hang_up()
        return call

    call = town.stage.play(scene())

    arrived = record_of(did, direction="in")
    assert (arrived.outcome, arrived.price_u) == ("answered", 0)
    assert abs(arrived.duration_ms - call.seconds * 1000) < 300
    first = record_of(did, direction="out", called=f"+55{OUTSIDE}")
    # 30 s at R$ 0,10 for the customer and 0,05 for his reseller; the carrier takes 0,03.
    assert (first.circuit_id, charges_of(first), first.cost_u) == (
        line.pk,
        [50_000, 25_000],
        15_000,
    )
    second = record_of(did, direction="out", called=f"+55{MOBILE}")
    assert {one.explanation["linked"] for one in (first, second)} == {arrived.call_id}
    assert balance_u(line.account) == 10 * MICRO - first.price_u - second.price_u
    assert_settled(town)


def test_a_telephone_that_is_not_listed_is_refused(town: Town, line: Circuit, caller: str) -> None:
    did = portal(town, line)
    wait_for_configuration(town.exchange)

    call = town.stage.play(dial(town.carrier.agent, did.raw, caller=MOBILE))

    assert (call.status, record_of(did).reason) == (403, "not-in-portal")


@pytest.mark.parametrize(
    ("number", "fields", "behaviour", "reason"),
    [
        # Classes of the number that was called count beside those of the line.
        ("001512125550100", {}, answer, "class-not-allowed"),
        (OUTSIDE, {"max_day_u": 1}, answer, "too-much-today"),
        (OUTSIDE, {}, refuse(486, ring_first=True), ""),
    ],
    ids=["abroad", "too much today", "busy"],
)
def test_a_call_that_does_not_come_about_costs_nothing(
    town: Town,
    ears: Ears,
    line: Circuit,
    caller: str,
    number: str,
    fields: dict[str, object],
    behaviour: Behaviour,
    reason: str,
) -> None:
    did = portal(town, line, **fields)
    town.carrier.by_number[f"55{OUTSIDE}"] = behaviour
    wait_for_configuration(town.exchange)

    async def scene() -> None:
        call = await call_in(town.carrier.agent, did.raw, caller=caller)
        assert await call.wait_answered(), call.status
        await type_in(call, ears, ("s:enter-pin", f"{PIN}#"), ("s:balance-is", f"{number}#"))
        # He may try again.
        await type_in(call, ears, ("s:enter-number", "9"))
        await call.hang_up()

    town.stage.play(scene())

    leg = record_of(did, direction="out")
    assert (leg.reason, leg.price_u) == (reason, 0)
    assert balance_u(line.account) == 10 * MICRO
    assert_settled(town)


def test_emergency_is_free_and_first_from_the_portal_too(
    town: Town, ears: Ears, line: Circuit, caller: str
) -> None:
    did = portal(town, line, outgoing_classes=[])
    Account.objects.filter(pk=line.account_id).update(status="suspended")
    wait_for_configuration(town.exchange)

    async def scene() -> None:
        call = await call_in(town.carrier.agent, did.raw, caller=caller)
        assert await call.wait_answered(), call.status
        await type_in(call, ears, ("s:enter-pin", f"{PIN}#"), ("s:balance-is", "190#"))
        await town.carrier.talk("190", 1)
        await call.hang_up()

    town.stage.play(scene())

    assert len(town.carrier.called("190")) == 1
    leg = record_of(did, direction="out")
    assert (leg.call_class, leg.outcome, leg.price_u) == ("emergency", "answered", 0)
    assert_settled(town)


def test_wrong_pins_are_limited_and_then_kept_out(
    town: Town, ears: Ears, line: Circuit, caller: str
) -> None:
    did = portal(town, line)
    wait_for_configuration(town.exchange)

    async def guess() -> Call:
        call = await call_in(town.carrier.agent, did.raw, caller=caller)
        assert await call.wait_answered(), call.status
        await type_in(
            call, ears, ("s:enter-pin", "1#"), ("s:wrong-pin", "2#"), ("s:wrong-pin", "3#")
        )
        await call.wait_ended(15)
        return call

    guessed = town.stage.play(guess())
    assert guessed.hung_up_by == "them"
    assert ears.hears(guessed, "s:locked-out")

    again = town.stage.play(dial(town.carrier.agent, did.raw, caller=caller))
    assert again.answered_at is None
    assert record_of(did, outcome="refused").reason == "locked-out"
    lockout = Lockout.objects.get(key=f"caller:{did.pk}:+55{caller}")
    assert lockout.until is not None
    assert timedelta(minutes=14) < lockout.until - datetime.now(UTC) < timedelta(minutes=15)
    assert_settled(town)


# -- cards ----------------------------------------------------------------------------------------


def make_card(town: Town, *, balance_u: int = 10 * MICRO, **fields: object) -> Card:
    """A card that reseller A sells."""
    seller = town.world.reseller_a
    series_fields = {
        name: fields.pop(name) for name in ("is_blocked", "expires_on") if name in fields
    }
    number = str(next(_cards))
    series = CardSeries.objects.create(
        tenant=seller,
        name=f"série {number}",
        plan=town.world.plan(seller),
        face_value_u=balance_u,
        **series_fields,
    )
    account = make_account(
        seller, town.world.plan(seller), balance_u=balance_u, role=Account.Role.CARD
    )
    return Card.objects.create(
        **{
            "tenant": seller,
            "series": series,
            "account": account,
            "number": number,
            "pin_hash": hash_pin(PIN, key=SECRET_KEY),
            "status": Card.Status.ACTIVE,
            **fields,
        }
    )


def test_a_card_pays_for_the_call(town: Town, ears: Ears) -> None:
    card = make_card(town)
    did = make_did("card", tenant=town.world.reseller_a)
    wait_for_configuration(town.exchange)
    reseller = town.world.reseller_account(town.world.reseller_a)
    before_u = balance_u(reseller)

    async def scene() -> None:
        call = await call_in(town.carrier.agent, did.raw, caller=MOBILE)
        assert await call.wait_answered(), call.status
        await type_in(
            call,
            ears,
            ("s:enter-card", f"{card.number}#"),
            ("s:enter-card-pin", f"{PIN}#"),
            ("s:balance-is", f"{OUTSIDE}#"),
        )
        await town.carrier.talk(f"55{OUTSIDE}", 3.2)
        await call.hang_up()

    town.stage.play(scene())

    leg = record_of(did, direction="out")
    assert (leg.account_id, leg.circuit_id, leg.caller) == (card.account_id, None, did.e164)
    assert charges_of(leg) == [50_000, 25_000]
    assert balance_u(card.account) == 10 * MICRO - 50_000
    assert balance_u(reseller) == before_u - 25_000
    card.refresh_from_db()
    assert card.first_used_at is not None
    assert_settled(town)


@pytest.mark.parametrize(
    ("fields", "sound"),
    [
        ({"status": "blocked"}, "s:card-blocked"),
        ({"is_blocked": True}, "s:card-blocked"),
        ({"expires_on": datetime(2020, 1, 1, tzinfo=UTC).date()}, "s:card-expired"),
        ({"balance_u": 0}, "s:card-empty"),
    ],
)
def test_a_card_that_is_of_no_use(
    town: Town, ears: Ears, fields: dict[str, object], sound: str
) -> None:
    card = make_card(town, **fields)  # type: ignore[arg-type]
    did = make_did("card", tenant=town.world.reseller_a)
    wait_for_configuration(town.exchange)

    async def scene() -> Call:
        call = await call_in(town.carrier.agent, did.raw, caller=str(next(_callers)))
        assert await call.wait_answered(), call.status
        await type_in(
            call, ears, ("s:enter-card", f"{card.number}#"), ("s:enter-card-pin", f"{PIN}#")
        )
        await call.wait_ended(15)
        return call

    call = town.stage.play(scene())
    assert ears.hears(call, sound)
    assert_settled(town)


def test_money_ends_the_card_s_call(town: Town, ears: Ears) -> None:
    """R$ 0,05 are thirty seconds; with the slices of this exchange the leg ends by itself."""
    card = make_card(town, balance_u=50_000)
    did = make_did("card", tenant=town.world.reseller_a)
    wait_for_configuration(town.exchange)

    async def scene() -> None:
        call = await call_in(town.carrier.agent, did.raw, caller=MOBILE)
        assert await call.wait_answered(), call.status
        await type_in(
            call,
            ears,
            ("s:enter-card", f"{card.number}#"),
            ("s:enter-card-pin", f"{PIN}#"),
            ("s:balance-is", f"{OUTSIDE}#"),
        )
        far = await town.carrier.talk(f"55{OUTSIDE}", 1)
        await far.wait_ended(40)
        # He is asked for another number, and his card is empty now.
        await type_in(call, ears, ("s:enter-number", f"{OUTSIDE}#"))
        await asyncio.sleep(2)
        await call.hang_up()

    town.stage.play(scene())
    legs = Cdr.objects.filter(did=did, direction="out").order_by("started_at")
    wait_until(lambda: legs.count() == 2, "both legs are on record")
    assert [leg.reason for leg in legs] == ["", "no-credit"]
    assert 29_000 < legs[0].duration_ms < 31_500
    assert balance_u(card.account) == 0
    assert_settled(town)


def test_a_guessed_card_number_tells_nothing(town: Town, ears: Ears) -> None:
    """Neither whether the number exists nor what state it is in."""
    card = make_card(town, status="blocked")
    did = make_did("card", tenant=town.world.reseller_a)
    wait_for_configuration(town.exchange)

    async def scene() -> Call:
        call = await call_in(town.carrier.agent, did.raw, caller=LANDLINE)
        assert await call.wait_answered(), call.status
        for number in (card.number, "1234567890"):
            await type_in(call, ears, ("s:enter-card", f"{number}#"), ("s:enter-card-pin", "9#"))
            await ears.wait(call, "s:wrong-card", start_s=1)
        await call.hang_up()
        return call

    town.stage.play(scene())
    assert_settled(town)
