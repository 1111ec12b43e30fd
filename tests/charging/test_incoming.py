"""Calls that a number of ours receives and its owner pays for, and calls on a card."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from tests.charging.calls import (
    account_of,
    attempt,
    authorise,
    charge,
    granted,
    line_of,
    request,
    with_gateway,
)
from tests.support.world import World, make_account, make_tariff
from tronco.catalog.models import Allowance, Plan
from tronco.charging.gateway import Gateway, Grant
from tronco.charging.models import Account, Authorization, Hold
from tronco.charging.requests import CallRequest, Line
from tronco.circuits.models import Circuit
from tronco.core.errors import NotFound
from tronco.core.money import MICRO
from tronco.numbering.classify import classify
from tronco.tenancy.models import Tenant

FIXED = "+551133334444"
MOBILE = "+5511987654321"
FAR_MOBILE = "+5521987654321"
DID = "+551140001234"
TOLL_FREE = "08007261234"


def plan_of(seller: Tenant, per_minute: str, **fields: Any) -> Plan:
    """A plan of incoming calls, cut to the hundredth of a cent."""
    tariff = make_tariff(seller, f"Entrada {per_minute}", per_minute)
    values = {"name": f"Entrada {per_minute}", "kind": "prepaid", "decimals": 4, **fields}
    return Plan.objects.create(tenant=seller, tariff=tariff, **values)


def incoming(
    circuit: Circuit,
    caller: str = FIXED,
    *,
    plan: Plan | None = None,
    did: str = DID,
    **extra: Any,
) -> CallRequest:
    """A call to a number, paid by the line that it rings."""
    number = classify(did)
    seen = classify(caller, own_ddd=number.ddd) if caller else None
    line = replace(line_of(circuit), did_id=9, plan_id=plan.pk if plan else None)
    values = {"number": number, "priced": seen, "line": line, **extra}
    return request(circuit, did, direction="in", caller=caller, **values)


def held(call_id: str) -> list[tuple[int, int]]:
    """Who holds how much for a call, from the customer upwards."""
    holds = Hold.objects.filter(authorization=call_id).order_by("level")
    return list(holds.values_list("account_id", "amount_u"))


@pytest.fixture
def chain(world: World) -> tuple[Circuit, Plan]:
    """A customer two resellers deep and the plan of his number.

    For a fixed-line minute he pays 0,04; his reseller 0,03; the reseller above 0,02.
    """
    circuit = world.circuit(tenant=world.customer_a1)
    for reseller, per_minute in ((world.reseller_a1, "0.03"), (world.reseller_a, "0.02")):
        assert reseller.parent is not None
        account = world.reseller_account(reseller)
        account.incoming_plan = plan_of(reseller.parent, per_minute)
        account.save(update_fields=["incoming_plan"])
    return circuit, plan_of(world.reseller_a1, "0.04")


@pytest.mark.parametrize(
    ("caller", "call_class", "weight"),
    [(FIXED, "local_fixed", 1), (MOBILE, "local_mobile", 3), (FAR_MOBILE, "ldn_mobile", 3),
     ("+14155550123", "ldi", 20)],
)  # fmt: skip
def test_every_level_pays_by_who_calls(
    world: World, chain: tuple[Circuit, Plan], caller: str, call_class: str, weight: int
) -> None:
    circuit, plan = chain
    asked = incoming(circuit, caller, plan=plan)
    (grant,) = granted(authorise(asked))
    accounts = (
        circuit.account_id,
        world.reseller_account(world.reseller_a1).pk,
        world.reseller_account(world.reseller_a).pk,
    )
    minute = [40_000 * weight, 30_000 * weight, 20_000 * weight]
    assert grant.deadline_s == 60
    assert grant.accounts == accounts
    assert held(asked.call_id) == list(zip(accounts, minute, strict=True))
    assert Authorization.objects.get(pk=asked.call_id).call_class == call_class
    price = charge(asked.call_id, 30)
    assert [level.price_u for level in price.levels] == [one // 2 for one in minute]
    assert [level.terms.plan_name for level in price.levels] == [
        "Entrada 0.04", "Entrada 0.03", "Entrada 0.02",
    ]  # fmt: skip


def test_outgoing_calls_are_priced_as_ever(chain: tuple[Circuit, Plan]) -> None:
    circuit, _plan = chain
    asked = request(circuit)
    authorise(asked)
    assert [amount for _, amount in held(asked.call_id)] == [100_000, 70_000, 50_000]


@pytest.mark.parametrize(("level", "balance_u"), [(1, 15_000), (2, 10_000)])
def test_shortest_credit_of_the_chain_ends_the_call(
    world: World, chain: tuple[Circuit, Plan], level: int, balance_u: int
) -> None:
    """The reseller can pay for 30 s only, and then for nothing."""
    circuit, plan = chain
    reseller = (world.reseller_a1, world.reseller_a)[level - 1]
    short = world.reseller_account(reseller)
    posted = balance_u - short.balance_u
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT charging_post(%s, 'debit', %s, 'short', 'tests', '', '')", [short.pk, posted]
        )
    asked, other = (incoming(circuit, plan=plan) for _ in range(2))

    async def work(gateway: Gateway) -> list[Any]:
        grant = await gateway.authorise(asked)
        more = await gateway.extend(asked.call_id)
        refused = await attempt(gateway.authorise(other))
        return [grant.deadline_s, grant.is_final, grant.reason, more.deadline_s, refused]

    assert with_gateway(work) == [30, True, "no-credit", 30, "no-credit"]
    charge(asked.call_id, 30)
    assert world.reseller_account(reseller).balance_u == 0
    assert account_of(circuit).balance_u == 10 * MICRO - 20_000


@pytest.mark.parametrize("caller", ["", "anonymous", "Restricted", "99"])
def test_who_does_not_say_who_he_is_cannot_be_priced(world: World, caller: str) -> None:
    circuit = world.circuit()
    assert authorise(incoming(circuit, caller)) == ["caller-unknown"]
    (grant,) = authorise(incoming(circuit, caller, is_charged=False))
    assert isinstance(grant, Grant) and grant.deadline_s is None


@pytest.mark.parametrize(
    ("did", "caller", "minute_u"),
    [(TOLL_FREE, FIXED, 100_000), (TOLL_FREE, MOBILE, 300_000), (DID, MOBILE, 300_000)],
)
def test_reverse_charging_is_by_the_plan_of_the_owner(
    world: World, did: str, caller: str, minute_u: int
) -> None:
    """Who calls an 0800 pays nothing; a price list has 0800 for free, which is not asked here."""
    circuit = world.circuit()
    asked = incoming(circuit, caller, did=did)
    (grant,) = granted(authorise(asked))
    assert grant.deadline_s == 60
    assert held(asked.call_id) == [(circuit.account_id, minute_u)]


def test_plan_of_incoming_calls_of_an_account_is_its_default(world: World) -> None:
    circuit = world.circuit()
    own, brought = plan_of(world.master, "0.04"), plan_of(world.master, "0.05")
    Account.objects.filter(pk=circuit.account_id).update(incoming_plan=own)
    calls = [incoming(circuit), incoming(circuit, plan=brought), request(circuit)]
    assert len(granted(authorise(*calls))) == 3
    assert [held(one.call_id)[0][1] for one in calls] == [40_000, 50_000, 100_000]


def test_changed_plan_of_incoming_calls_is_noticed_before_anything_is_held(world: World) -> None:
    """The notice of a change may be slower than the next call; the database compares the plan."""
    circuit = world.circuit()
    plan = plan_of(world.master, "0.04")
    before, after = (incoming(circuit) for _ in range(2))

    def change() -> None:
        Account.objects.filter(pk=circuit.account_id).update(incoming_plan=plan)
        connection.close()

    async def work(gateway: Gateway) -> None:
        await gateway.authorise(before)
        await asyncio.to_thread(change)
        await gateway.authorise(after)

    with_gateway(work)
    assert [held(one.call_id)[0][1] for one in (before, after)] == [100_000, 40_000]


def test_allowance_of_a_plan_of_incoming_calls(world: World) -> None:
    """The first minute is of the allowance; what is beyond it is money, mid-call."""
    circuit = world.circuit(balance_u=40_000)
    plan = plan_of(world.master, "0.04")
    Allowance.objects.create(
        tenant=world.master, plan=plan, name="F", classes=["local_fixed"], amount=60
    )
    asked = incoming(circuit, plan=plan)

    async def work(gateway: Gateway) -> list[Any]:
        grants = [await gateway.authorise(asked)]
        grants += [await gateway.extend(asked.call_id) for _ in range(2)]
        return [(grant.deadline_s, grant.reason) for grant in grants]

    assert with_gateway(work) == [(60, ""), (120, ""), (120, "no-credit")]
    price = charge(asked.call_id, 90)
    assert (price.price_u, price.levels[0].uses) == (20_000, (60_000,))


def test_sale_below_cost_refuses(world: World, chain: tuple[Circuit, Plan]) -> None:
    circuit, _plan = chain
    assert authorise(incoming(circuit, plan=plan_of(world.reseller_a1, "0.02"))) == ["below-cost"]


def test_number_without_a_line_rings_free_and_is_never_charged(world: World) -> None:
    nobody = Line(account_id=None, tenant_id=world.customer.pk, did_id=9)
    circuit = world.circuit()
    free = incoming(circuit, line=nobody, is_charged=False)
    grant, refused = authorise(free, incoming(circuit, line=nobody))
    assert isinstance(grant, Grant) and grant.is_recorded
    assert refused == "no-payer"
    assert Authorization.objects.get(pk=free.call_id).tenant == world.customer


@pytest.mark.parametrize(
    ("days", "is_charged", "expected"),
    [(0, False, None), (29, False, None), (31, False, "suspended"), (0, True, "suspended")],
)
@pytest.mark.parametrize("whose", ["circuit", "account", "customer", "reseller"])
def test_suspended_keep_receiving_for_thirty_days(
    world: World, whose: str, days: int, is_charged: bool, expected: str | None
) -> None:
    circuit = world.circuit(tenant=world.customer_b)
    at = datetime.now(UTC) + timedelta(days=days)
    asked = incoming(circuit, is_charged=is_charged, at=at)
    if whose == "circuit":
        line = replace(asked.line or line_of(circuit), status="suspended")
        asked = replace(asked, line=replace(line, suspended_at=datetime.now(UTC)))
    elif whose == "account":
        Account.objects.filter(pk=circuit.account_id).update(status="suspended")
    else:
        tenant = world.customer_b if whose == "customer" else world.reseller_b
        Tenant.objects.filter(pk=tenant.pk).update(status="inactive")
    (result,) = authorise(asked)
    assert (None if isinstance(result, Grant) else result) == expected
    assert authorise(replace(asked, direction="out", is_charged=False)) == ["suspended"]


def card_line(account: Account) -> Line:
    return Line(account_id=account.pk, tenant_id=account.tenant_id, did_id=9)


def test_calls_on_a_card_are_paid_by_the_card_and_its_sellers(world: World) -> None:
    seller = world.reseller_a1
    card = make_account(seller, world.plan(seller), balance_u=MICRO, role="card")
    asked = request(world.circuit(), line=card_line(card))
    (grant,) = granted(authorise(asked))
    assert grant.accounts == (
        card.pk,
        world.reseller_account(world.reseller_a1).pk,
        world.reseller_account(world.reseller_a).pk,
    )
    assert [amount for _, amount in held(asked.call_id)] == [100_000, 70_000, 50_000]


def test_card_of_the_master_pays_alone(world: World) -> None:
    card = make_account(world.master, world.plan(world.master), balance_u=MICRO, role="card")
    (grant,) = granted(authorise(request(world.circuit(), line=card_line(card))))
    assert grant.accounts == (card.pk,)


def test_what_is_available_can_be_told(world: World) -> None:
    circuit = world.circuit(balance_u=MICRO)
    endless = world.circuit(plan="postpaid", limit_u=None)

    async def work(gateway: Gateway) -> list[int | None]:
        await gateway.authorise(request(circuit))
        found = [await gateway.available(one.account_id) for one in (circuit, endless)]
        with pytest.raises(NotFound):
            await gateway.available(0)
        return found

    assert with_gateway(work) == [900_000, None]
