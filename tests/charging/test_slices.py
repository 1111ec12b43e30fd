"""The life of a running call: slice by slice, while there is money, on the terms it began with."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from tests.charging.calls import (
    account_of,
    attempt,
    authorise,
    charge,
    granted,
    post_and_close,
    request,
    settle,
    with_gateway,
)
from tests.support.world import World, make_tariff, make_version
from tronco.catalog.models import Plan
from tronco.charging.gateway import Gateway, Grant
from tronco.charging.models import Account, Authorization
from tronco.charging.requests import CarrierOption, Limit
from tronco.core.money import MICRO


def test_credit_for_77_seconds_is_cut_at_77(world: World) -> None:
    tariff = make_tariff(world.master, "Por segundo", "0.60", minimum_s=1, step_s=1, free_under_s=0)
    plan = Plan.objects.create(
        tenant=world.master, name="Por segundo", kind="prepaid", tariff=tariff
    )
    circuit = world.circuit(plan=plan, balance_u=770_000)

    async def work(gateway: Gateway) -> list[tuple[int | None, bool, str]]:
        grant = await gateway.authorise(request(circuit))
        grants = [grant]
        grants.append(await gateway.extend(grant.call_id, answered_at=datetime.now(UTC)))
        grants.append(await gateway.extend(grant.call_id))
        return [(grant.deadline_s, grant.is_final, grant.reason) for grant in grants]

    assert with_gateway(work) == [(60, False, ""), (77, True, "no-credit"), (77, True, "no-credit")]


def test_top_up_during_the_call_prolongs_it(world: World) -> None:
    circuit = world.circuit(balance_u=100_000)
    credited: list[int] = []

    asked = request(circuit)

    async def work(gateway: Gateway) -> list[tuple[int | None, bool]]:
        seen = [await gateway.authorise(asked), await gateway.extend(asked.call_id)]
        await asyncio.to_thread(post_and_close, circuit.account, 60_000)
        while not credited:
            await asyncio.sleep(0.01)
        seen.append(await gateway.extend(asked.call_id))
        return [(grant.deadline_s, grant.is_final) for grant in seen]

    result = with_gateway(work, on_credit=credited.append)
    assert result == [(60, False), (60, True), (96, True)]
    assert credited == [circuit.account_id]
    assert charge(asked.call_id, 96.3).price_u == 160_000
    assert account_of(circuit).balance_u == 0


def test_price_change_during_the_call_does_not_alter_it(world: World) -> None:
    circuit = world.circuit(balance_u=MICRO)
    (grant,) = granted(authorise(request(circuit)))
    version = make_version(circuit.account.plan.tariff, "9.99", effective_at=datetime.now(UTC))
    world.plan(world.master, "prepaid").allowances.all().delete()

    async def work(gateway: Gateway) -> Grant:
        return await gateway.extend(grant.call_id)

    assert with_gateway(work).deadline_s == 120
    price = charge(grant.call_id, 61, answered_at=datetime.now(UTC) + timedelta(seconds=1))
    assert price.price_u == 110_000
    # The next call pays the new price.
    (after,) = authorise(request(circuit, at=datetime.now(UTC) + timedelta(seconds=2)))
    assert after == "no-credit"
    assert version.number == 2


def test_price_that_changes_while_it_rings_is_held_at_its_dearest(world: World) -> None:
    """A new price comes into effect in a minute: the call may be answered before or after."""
    circuit = world.circuit(balance_u=10 * MICRO)
    at = datetime.now(UTC)
    make_version(circuit.account.plan.tariff, "0.40", effective_at=at + timedelta(seconds=60))
    before, after = (request(circuit, at=at) for _ in range(2))
    assert len(granted(authorise(before, after))) == 2
    assert account_of(circuit).held_u == 800_000
    early = charge(before.call_id, 60, answered_at=at + timedelta(seconds=59))
    late = charge(after.call_id, 60, answered_at=at + timedelta(seconds=60))
    assert (early.price_u, late.price_u) == (100_000, 400_000)


def test_answer_told_otherwise_at_the_end_does_not_change_the_price(world: World) -> None:
    """A millisecond decides which price counts; what was held for decides, not the last word."""
    circuit = world.circuit(balance_u=500_000)
    at = datetime.now(UTC)
    make_version(circuit.account.plan.tariff, "0.40", effective_at=at + timedelta(seconds=60))
    (grant,) = granted(authorise(request(circuit, at=at)))

    async def work(gateway: Gateway) -> Grant:
        answered_at = at + timedelta(seconds=59.999)
        return await gateway.extend(grant.call_id, answered_at=answered_at)

    assert with_gateway(work).deadline_s == 120
    price = charge(grant.call_id, 120, answered_at=at + timedelta(seconds=60.001))
    assert price.price_u == 200_000
    assert account_of(circuit).balance_u == 300_000


def test_account_suspended_during_the_call_ends_it_at_its_deadline(world: World) -> None:
    circuit = world.circuit()
    (grant,) = granted(authorise(request(circuit)))
    Account.objects.filter(pk=circuit.account_id).update(status="suspended")

    async def work(gateway: Gateway) -> Grant:
        return await gateway.extend(grant.call_id)

    more = with_gateway(work)
    assert (more.deadline_s, more.is_final, more.reason) == (60, True, "suspended")


def test_same_call_again_gets_what_it_got(world: World) -> None:
    circuit = world.circuit(balance_u=100_000)
    limit = Limit(f"circuit:{circuit.pk}", 1, None)
    asked = request(circuit, limits=(limit,))
    first, again = authorise(asked, asked)
    assert isinstance(first, Grant) and isinstance(again, Grant)
    assert (first.deadline_s, again.deadline_s) == (60, 60)
    assert account_of(circuit).held_u == 100_000
    holds = [grant.journal["holds"] for grant in (first, again)]
    assert holds[0] == holds[1]
    settle(asked.call_id, 10)
    assert authorise(asked) == ["call-ended"]


@pytest.mark.parametrize(
    ("seconds", "price_u"),
    [
        (None, 0),
        (2.9, 0),
        (3, 50_000),
        (30, 50_000),
        (30.001, 60_000),
        (60, 100_000),
        (99, 100_000),
    ],
)
def test_price_of_the_measured_length_within_the_deadline(
    world: World, seconds: float | None, price_u: int
) -> None:
    circuit = world.circuit(balance_u=MICRO)
    (grant,) = granted(authorise(request(circuit)))
    settled = settle(grant.call_id, seconds)
    assert settled.outcome == ("released" if seconds is None else "settled")
    assert (settled.price.price_u if settled.price else 0) == price_u
    account = account_of(circuit)
    assert (account.balance_u, account.held_u, account.used_u) == (MICRO - price_u, 0, price_u)


def test_settled_twice_is_settled_once(world: World) -> None:
    circuit = world.circuit(balance_u=MICRO)
    (grant,) = granted(authorise(request(circuit)))
    first, again = settle(grant.call_id, 45), settle(grant.call_id, 45)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.price == again.price
    assert account_of(circuit).balance_u == MICRO - 80_000
    # What says otherwise afterwards is too late.
    assert settle(grant.call_id, None).outcome == "settled"
    assert account_of(circuit).entries.filter(kind="call").count() == 1


def test_swept_call_that_was_answered_is_charged_all_the_same(world: World) -> None:
    circuit = world.circuit(balance_u=MICRO)
    calls = [request(circuit) for _ in range(3)]
    authorise(*calls)
    old = datetime.now(UTC) - timedelta(minutes=5)
    Authorization.objects.filter(pk__in=[c.call_id for c in calls[:2]]).update(seen_at=old)

    async def work(gateway: Gateway) -> list[str]:
        return await gateway.sweep("node1", [calls[1].call_id])

    assert with_gateway(work) == [calls[0].call_id]
    assert account_of(circuit).held_u == 200_000
    settled = settle(calls[0].call_id, 60)
    assert (settled.is_new, settled.outcome) == (True, "settled")
    account = account_of(circuit)
    assert (account.balance_u, account.held_u) == (MICRO - 100_000, 200_000)


def test_unknown_call_is_told(world: World) -> None:
    assert settle("node1-nobody", 10).outcome == "unknown"

    async def work(gateway: Gateway) -> Grant | str:
        return await attempt(gateway.extend("node1-nobody"))

    assert with_gateway(work) == "call-unknown"


def test_carrier_is_paid_to_the_millionth(world: World) -> None:
    circuit = world.circuit(balance_u=MICRO)
    carriers = (CarrierOption(world.trunk.pk, world.carrier.cost_tariff_id),)
    (grant,) = granted(authorise(request(circuit, carriers=carriers)))
    price = charge(grant.call_id, 31, trunk_id=world.trunk.pk)
    assert price.cost_u == 18_000
    assert price.explanation["carrier"]["trunk"] == world.trunk.pk


def test_minute_costs_by_carrier(world: World) -> None:
    """For routes that choose by cost: exact reais; a list without the number is left out."""
    dear = make_tariff(world.master, "Custo B", "0.0425", kind="cost")
    none = make_tariff(world.master, "Custo C", "0.01", kind="cost", without="local_fixed")
    known = world.carrier.cost_tariff_id
    assert known is not None

    async def work(gateway: Gateway) -> dict[int, Fraction]:
        number = request(circuit).number
        return await gateway.minute_costs(number, [known, dear.pk, none.pk], datetime.now(UTC))

    circuit = world.circuit()
    assert with_gateway(work) == {known: Fraction(3, 100), dear.pk: Fraction(425, 10_000)}
