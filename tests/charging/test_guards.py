"""The guards, worst first: a call with several faults is refused for the worst of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.db.models import Model

from tests.charging.calls import (
    FIXED,
    MOBILE,
    TOLL_FREE,
    attempt,
    authorise,
    granted,
    line_of,
    request,
    settle,
    with_gateway,
)
from tests.support.world import World, make_tariff
from tronco.catalog.models import Plan, Tariff
from tronco.charging.gateway import Gateway, Grant, Slices
from tronco.charging.models import Account
from tronco.charging.reasons import REASONS
from tronco.charging.requests import CallRequest, CarrierOption, Limit
from tronco.core.money import MICRO
from tronco.numbering.classify import classify
from tronco.tenancy.models import Tenant

# Each fault is added to those below it in the table of reasons; the worst must win.
FAULTS = [
    "no-credit",
    "too-much-today",
    "gate-closed",
    "below-cost",
    "no-rate",
    "too-many-per-second",
    "too-many-calls",
    "class-not-allowed",
    "invalid-number",
    "suspended",
    "line-disabled",
    "unknown-line",
]
INCOMING_FAULTS = [
    *(fault for fault in FAULTS[: FAULTS.index("class-not-allowed")] if fault != "below-cost"),
    "caller-unknown",
    "suspended",
    "line-disabled",
    "no-payer",
    "unknown-line",
]


def faulty(world: World, faults: list[str], direction: str = "out") -> CallRequest:
    """A call with all of these faults at once."""
    plan: str | Plan = "prepaid"
    if "below-cost" in faults or "no-rate" in faults:
        without = "local_fixed" if "no-rate" in faults else ""
        tariff = make_tariff(world.master, "Faltas", "0.02", without=without)
        plan = Plan.objects.create(
            tenant=world.master, name=tariff.name, kind="prepaid", tariff=tariff
        )
    circuit = world.circuit(plan=plan, balance_u=0 if "no-credit" in faults else MICRO)
    line = line_of(circuit)
    fields: dict[str, Any] = {"direction": direction}
    if direction == "out":
        fields["carriers"] = (CarrierOption(1, world.carrier.cost_tariff_id),)
    elif "caller-unknown" not in faults:
        fields["priced"] = classify(FIXED, own_ddd=circuit.own_ddd)
    limits = []
    if "too-much-today" in faults:
        limits.append(Limit(f"c:{circuit.pk}", None, None, max_day_u=49_999))
    if "too-many-per-second" in faults:
        limits.append(Limit(f"a:{circuit.pk}", None, 0))
    if "too-many-calls" in faults:
        limits.append(Limit(f"b:{circuit.pk}", 0, None))
    if "class-not-allowed" in faults:
        line = replace(line, allowed_classes=frozenset({"ldi"}))
    if "invalid-number" in faults:
        fields["number"] = classify("123456789012345678")
    if "suspended" in faults:
        line = replace(line, status="suspended")
    if "line-disabled" in faults:
        line = replace(line, status="disabled")
    if "no-payer" in faults:
        line = replace(line, account_id=None)
    fields["line"] = None if "unknown-line" in faults else line
    return request(circuit, limits=tuple(limits), **fields)


def test_every_guard_of_the_ladder_is_tested() -> None:
    elsewhere = {
        "unknown-number", "number-not-in-use", "caller-not-allowed", "locked-out", "not-in-portal",
        "card-unknown", "wrong-pin", "card-blocked", "card-expired", "card-empty", "no-route",
        "trunks-full", "unreachable", "nobody-there",
    }  # fmt: skip
    tested = {*FAULTS, *INCOMING_FAULTS}
    assert [reason for reason in REASONS if reason not in elsewhere | tested] == []
    for faults in (FAULTS, INCOMING_FAULTS):
        assert [reason for reason in REASONS if reason in faults] == faults[::-1]


@pytest.mark.parametrize("worst", range(len(FAULTS)), ids=FAULTS)
def test_worst_fault_is_the_reason(world: World, worst: int) -> None:
    check_worst(world, FAULTS[: worst + 1], "out")


@pytest.mark.parametrize("worst", range(len(INCOMING_FAULTS)), ids=INCOMING_FAULTS)
def test_worst_fault_of_an_incoming_call_is_the_reason(world: World, worst: int) -> None:
    check_worst(world, INCOMING_FAULTS[: worst + 1], "in")


def check_worst(world: World, faults: list[str], direction: str) -> None:
    asked = faulty(world, faults, direction)

    async def work(gateway: Gateway) -> Grant | str:
        if "gate-closed" in faults:
            await gateway.database.fetch("DELETE FROM charging_gate RETURNING central")
        return await attempt(gateway.authorise(asked))

    assert with_gateway(work) == faults[-1]


@pytest.mark.parametrize(
    ("place", "field", "value"),
    [
        ("account", "status", "suspended"),
        ("account__tenant", "status", "inactive"),
        ("account__tenant__parent", "status", "pending"),
        ("reseller account", "status", "suspended"),
    ],
)
def test_anybody_suspended_in_the_chain_refuses(
    world: World, place: str, field: str, value: str
) -> None:
    circuit = world.circuit(tenant=world.customer_b)
    rows = {
        "account": circuit.account,
        "account__tenant": world.customer_b,
        "account__tenant__parent": world.reseller_b,
        "reseller account": world.reseller_account(world.reseller_b),
    }
    with changed(rows[place], **{field: value}):
        assert authorise(request(circuit)) == ["suspended"]
    assert len(granted(authorise(request(circuit)))) == 1


def test_missing_price_of_a_reseller_refuses(world: World) -> None:
    """Never sold at cost silently: a reseller without a price, or without an account, sells not."""
    circuit = world.circuit(tenant=world.customer_a1)
    with changed(world.plan(world.reseller_a, "wholesale"), tariff=unpriced(world.reseller_a)):
        assert authorise(request(circuit)) == ["no-rate"]
    account = world.reseller_account(world.reseller_a)
    with changed(account, role=Account.Role.CARD):
        assert authorise(request(circuit)) == ["no-rate"]


def test_sale_below_cost_between_resellers_refuses_unless_the_plan_says_so(world: World) -> None:
    circuit = world.circuit(tenant=world.customer_a1)
    plan = world.plan(world.reseller_a1, "prepaid")
    cheap = make_tariff(world.reseller_a1, "Abaixo do custo", "0.069")
    with changed(plan, tariff=cheap):
        assert authorise(request(circuit)) == ["below-cost"]
        with changed(plan, sell_below_cost=True):
            assert len(granted(authorise(request(circuit)))) == 1


def test_carriers_dearer_than_the_price_are_left_out(world: World) -> None:
    cost = Tariff.Kind.COST
    dear = make_tariff(world.master, "Custo caro", "0.11", kind=cost)
    equal = make_tariff(world.master, "Custo igual", "0.10", kind=cost)
    carriers = (
        CarrierOption(1, dear.pk),
        CarrierOption(2, unpriced(world.master).pk),
        CarrierOption(3, None),
        CarrierOption(4, equal.pk),
    )
    circuit = world.circuit()
    (grant,) = granted(authorise(request(circuit, carriers=carriers)))
    assert grant.trunk_ids == (3, 4)
    none_left = [request(circuit, carriers=carriers[:n]) for n in (1, 2)]
    only_unpriced = request(circuit, carriers=carriers[1:2])
    assert authorise(*none_left, only_unpriced) == ["below-cost", "below-cost", "no-rate"]


@pytest.mark.parametrize(
    ("balance_u", "dialled", "expected"),
    [
        (0, FIXED, "no-credit"),
        (-1, FIXED, "no-credit"),
        (49_999, FIXED, "no-credit"),
        (50_000, FIXED, 30),
        (0, TOLL_FREE, 60),
        (-1, TOLL_FREE, 60),
        (150_000, MOBILE, 30),
    ],
)
def test_credit_decides(world: World, balance_u: int, dialled: str, expected: str | int) -> None:
    (result,) = authorise(request(world.circuit(balance_u=balance_u), dialled))
    assert (result if isinstance(result, str) else result.deadline_s) == expected


def test_rounding_to_nothing_does_not_open_the_line_at_zero(world: World) -> None:
    """Below R$ 0,01 a minute, cut to the cent: each call costs nothing, but none starts at zero."""
    tariff = make_tariff(world.master, "Centavos", "0.009")
    plan = Plan.objects.create(tenant=world.master, name="Centavos", kind="prepaid", tariff=tariff)
    poor, not_poor = (world.circuit(plan=plan, balance_u=balance) for balance in (0, 1))
    refused, grant = authorise(request(poor), request(not_poor))
    assert refused == "no-credit"
    assert isinstance(grant, Grant) and grant.deadline_s == 60


def test_limits_count_calls_and_calls_a_second(world: World) -> None:
    circuit = world.circuit()
    limit = Limit(f"circuit:{circuit.pk}", 2, None)
    calls = [request(circuit, limits=(limit,)) for _ in range(3)]
    first, second, third = authorise(*calls)
    assert isinstance(first, Grant) and isinstance(second, Grant)
    assert third == "too-many-calls"
    settle(first.call_id, None)
    assert len(granted(authorise(calls[2]))) == 1

    per_second = Limit(f"tenant:{circuit.tenant_id}", None, 5)
    results = authorise(*(request(circuit, limits=(per_second,)) for _ in range(12)))
    assert results.count("too-many-per-second") >= 2
    assert len(granted(results)) >= 5


def test_emergency_meets_no_guard_and_no_limit(world: World) -> None:
    suspended = replace(line_of(world.circuit(balance_u=-1)), status="suspended")
    circuit = world.circuit()
    calls = [
        request(circuit, "190", line=suspended, limits=(Limit("full", 0, 0),)),
        request(circuit, "190", line=None),
    ]
    grants = granted(authorise(*calls))
    assert [(grant.deadline_s, grant.is_recorded) for grant in grants] == [
        (None, True),
        (None, False),
    ]


def test_call_within_the_platform_is_guarded_but_not_charged(world: World) -> None:
    circuit = world.circuit(balance_u=0)
    limit = Limit(f"circuit:{circuit.pk}", 1, None)
    inside = [request(circuit, limits=(limit,), is_charged=False) for _ in range(2)]
    suspended = replace(line_of(circuit), status="suspended")
    grant, *others = authorise(*inside, replace(inside[1], line=suspended))
    assert isinstance(grant, Grant) and grant.deadline_s is None
    assert others == ["too-many-calls", "suspended"]


def test_unreachable_database_refuses_what_is_charged_and_nothing_else(world: World) -> None:
    circuit = world.circuit()
    nowhere, slices = "host=127.0.0.1 port=9 dbname=x", Slices(patience_s=0.3)

    async def work() -> list[Grant | str]:
        async with Gateway(conninfo=nowhere, slices=slices) as gateway:
            return [
                await attempt(gateway.authorise(request(circuit))),
                await attempt(gateway.authorise(request(circuit, "192"))),
                await attempt(gateway.authorise(request(circuit, is_charged=False))),
            ]

    refused, *free = asyncio.run(work())
    assert refused == "unreachable"
    assert [isinstance(one, Grant) and one.is_recorded for one in free] == [False, False]


def unpriced(tenant: Tenant) -> Tariff:
    """A price list without a price for fixed lines."""
    return make_tariff(tenant, "Sem preço", "0.10", without="local_fixed")


@contextmanager
def changed(row: Model, **fields: object) -> Iterator[None]:
    """Give a row other values for a while."""
    before = {name: getattr(row, name) for name in fields}
    rows = type(row)._default_manager.filter(pk=row.pk)
    rows.update(**fields)
    try:
        yield
    finally:
        rows.update(**before)


def test_key_of_a_limit_may_be_any_text(world: World) -> None:
    circuit = world.circuit()
    limits = tuple(Limit(key, 1, None) for key in ('a"b', "a\\b", "a,{b}", "ação", "NULL"))
    (grant,) = granted(authorise(request(circuit, limits=limits)))
    assert sorted(grant.journal["call"]["meters"]) == sorted(limit.key for limit in limits)
    assert authorise(request(circuit, limits=limits[1:2])) == ["too-many-calls"]
