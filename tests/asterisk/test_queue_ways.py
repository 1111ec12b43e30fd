"""A group by its ways in, a number and an extension: who rang, where it led, what was charged."""

from __future__ import annotations

import asyncio

import pytest

from tests.asterisk.conftest import Town
from tests.asterisk.numbers import assert_settled, balance_u, charges_of, record_of
from tests.asterisk.test_queues import Office, free, make_queue, wait_for_queue
from tests.support.asterisk import wait_until
from tests.support.stage import answer, ring
from tests.support.voice import call_in
from tronco.calls.models import Cdr
from tronco.circuits.models import Circuit
from tronco.core.money import MICRO
from tronco.demo.call import Call
from tronco.dids.models import Did
from tronco.pbx.models import Queue

pytestmark = pytest.mark.asterisk
OUTSIDE = "1133334444"
# Of the calls here: 30 s and then each 6 s, at R$ 0,10 a minute; resellers pay 0,05.
HALF_A_MINUTE = [50_000, 25_000]


@pytest.fixture
def lines(town: Town) -> list[Circuit]:
    """Two members and their colleague, of a customer of a reseller."""
    return [town.world.circuit(tenant=town.world.customer_a) for _ in range(3)]


def records_of(line: Circuit, **found: object) -> list[Cdr]:
    return list(Cdr.objects.filter(circuit=line, **found).order_by("started_at"))


def test_by_a_number_its_owner_pays_once_whoever_rings(town: Town, lines: list[Circuit]) -> None:
    """The caller waits while the first member lets it ring, and talks to the second."""
    first, second, payer = lines
    queue, did = make_queue(town, first, second, strategy="ringall")
    plan = town.world.plan(town.world.reseller_a)
    Did.objects.filter(pk=did.pk).update(plan=plan, payer=payer)
    office = Office()
    town.stage.phone(first, on_call=office.phone("primeiro", ring))
    town.stage.phone(second, on_call=office.phone("segundo", answer))
    wait_for_queue(town, queue, free(first, second))

    async def scene() -> Call:
        call = await call_in(town.carrier.agent, did.raw)
        await asyncio.sleep(10)
        await call.hang_up()
        return call

    call = town.stage.play(scene())

    assert office.rang[0] == "primeiro" and "segundo" in office.rang
    arrived = record_of(did, direction="in")
    assert abs(arrived.duration_ms - call.seconds * 1000) < 400, "from when the group answered"
    assert (arrived.circuit_id, charges_of(arrived)) == (payer.pk, HALF_A_MINUTE)
    assert balance_u(payer.account) == 10 * MICRO - 50_000
    wait_until(lambda: records_of(second), "the member's call is on record")
    (taken,) = records_of(second)
    assert (taken.direction, taken.outcome, taken.price_u) == ("internal", "answered", 0)
    assert taken.explanation["linked"] == arrived.call_id
    assert records_of(first) == [], "who only let it ring has had no call"
    assert [balance_u(one.account) for one in (first, second)] == [10 * MICRO] * 2
    assert_settled(town)


def overflowing(
    town: Town, *members: Circuit, payer: Circuit, extension: str = ""
) -> tuple[Queue, Did]:
    """After three seconds to a number outside, which `payer` pays for."""
    return make_queue(
        town,
        *members,
        max_wait_s=3,
        action="number",
        number=OUTSIDE,
        payer=payer,
        extension=extension,
    )


def test_by_an_extension_nothing_is_paid_but_where_it_leads(
    town: Town, lines: list[Circuit]
) -> None:
    """Nobody answers in time: on it goes to a number outside, and the group's line pays."""
    member, payer, colleague = lines
    queue, _did = overflowing(town, member, payer=payer, extension="88")
    office = Office()
    town.stage.phone(member, on_call=office.phone("mesa", ring))
    phone = town.stage.phone(colleague)
    wait_for_queue(town, queue, free(member))

    async def scene() -> None:
        call = await phone.call("88")
        assert await call.wait_answered(), call.status
        await asyncio.sleep(12)
        assert len(town.carrier.called(f"55{OUTSIDE}")) == 1
        await call.hang_up()

    town.stage.play(scene())

    assert office.rang == ["mesa"]
    wait_until(lambda: len(records_of(payer)) == 1, "the leg outside is on record")
    (leg,) = records_of(payer)
    assert (leg.direction, leg.called) == ("out", f"+55{OUTSIDE}")
    assert charges_of(leg) == HALF_A_MINUTE
    wait_until(lambda: records_of(colleague), "the colleague's call is on record")
    (asked,) = records_of(colleague)
    assert (asked.direction, asked.dialled, asked.price_u) == ("internal", "88", 0)
    assert leg.explanation["linked"] == asked.call_id
    assert records_of(member) == []
    assert balance_u(payer.account) == 10 * MICRO - 50_000
    assert [balance_u(one.account) for one in (member, colleague)] == [10 * MICRO] * 2
    assert_settled(town)


def test_by_a_number_and_on_to_another_both_legs_are_charged(
    town: Town, lines: list[Circuit]
) -> None:
    """What arrives is its owner's, and what goes out the group's line's: here one and the same."""
    member, payer, _colleague = lines
    queue, did = overflowing(town, member, payer=payer)
    Did.objects.filter(pk=did.pk).update(reverse_charging=True, payer=payer)
    town.stage.phone(member, on_call=ring)
    wait_for_queue(town, queue, free(member))

    async def scene() -> None:
        call = await call_in(town.carrier.agent, did.raw)
        await asyncio.sleep(12)
        assert len(town.carrier.called(f"55{OUTSIDE}")) == 1
        await call.hang_up()

    town.stage.play(scene())

    arrived = record_of(did, direction="in")
    wait_until(lambda: len(records_of(payer, direction="out")) == 1, "the leg is on record")
    (leg,) = records_of(payer, direction="out")
    assert (charges_of(arrived), charges_of(leg)) == (HALF_A_MINUTE, HALF_A_MINUTE)
    assert (arrived.cost_u, leg.cost_u) == (0, 15_000), "the carrier is paid for what goes out"
    assert leg.explanation["linked"] == arrived.call_id
    assert balance_u(payer.account) == 10 * MICRO - 100_000
    assert_settled(town)
