"""Calls at the same time never spend more than there is, at any level."""

from __future__ import annotations

import asyncio

import pytest

from tests.charging.calls import (
    MOBILE,
    account_of,
    attempt,
    authorise_at_once,
    granted,
    post,
    request,
    settle,
    with_gateway,
)
from tests.support.world import World
from tronco.catalog.models import Allowance
from tronco.charging.gateway import Gateway, Grant
from tronco.charging.models import Account, Bucket, LedgerEntry
from tronco.circuits.models import Circuit
from tronco.core.money import MICRO

CALLS = 30


def talk_as_long_as_they_can(circuit: Circuit, calls: int = CALLS) -> list[Grant]:
    """Start so many calls at once and prolong each, all at the same time, until none can be."""

    async def talk(gateway: Gateway) -> Grant | None:
        grant = await attempt(gateway.authorise(request(circuit)))
        if isinstance(grant, str):
            return None
        while not grant.is_final:
            grant = await gateway.extend(grant.call_id)
        return grant

    async def work(gateway: Gateway) -> list[Grant | None]:
        return await asyncio.gather(*(talk(gateway) for _ in range(calls)))

    return [grant for grant in with_gateway(work) if grant]


def settle_all(grants: list[Grant], *, beyond_s: float = 0.4) -> None:
    """End each at its deadline, give or take the switch's own delay."""
    for grant in grants:
        assert grant.deadline_s is not None
        settle(grant.call_id, grant.deadline_s + beyond_s)


def spent_u(account: Account) -> int:
    entries = LedgerEntry.objects.filter(account=account, kind="call")
    return -sum(entry.amount_u for entry in entries)


def test_thirty_calls_on_one_real(world: World) -> None:
    circuit = world.circuit(balance_u=MICRO)
    grants = talk_as_long_as_they_can(circuit)
    # The last cent is always found: R$ 0,10 a minute in steps of 6 s is a cent a step.
    assert account_of(circuit).held_u == MICRO
    settle_all(grants)
    account = account_of(circuit)
    assert (account.balance_u, account.held_u, account.used_u) == (0, 0, MICRO)
    assert spent_u(account) == MICRO
    assert sum(grant.deadline_s or 0 for grant in grants) == 600


def test_thirty_calls_on_a_franchise_and_a_little_money(world: World) -> None:
    """Ten minutes of allowance and R$ 0,50, which is five minutes more."""
    plan = world.plan(world.master, "prepaid")
    Allowance.objects.create(
        tenant=world.master, plan=plan, name="Franquia", classes=["local_fixed"], amount=600
    )
    circuit = world.circuit(balance_u=MICRO // 2)
    grants = talk_as_long_as_they_can(circuit)
    assert sum(grant.deadline_s or 0 for grant in grants) == 600 + 300
    settle_all(grants)
    bucket = Bucket.objects.get(account=circuit.account)
    assert (bucket.granted, bucket.used, bucket.held) == (600_000, 600_000, 0)
    assert spent_u(account_of(circuit)) == MICRO // 2


@pytest.mark.parametrize("shortest", ["customer", "reseller_a1", "reseller_a"])
def test_thirty_calls_through_two_resellers(world: World, shortest: str) -> None:
    """Whoever is shortest of credit ends the calls, and nobody goes below zero."""
    circuit = world.circuit(tenant=world.customer_a1, balance_u=1000 * MICRO)
    chain = {
        "customer": account_of(circuit),
        "reseller_a1": world.reseller_account(world.reseller_a1),
        "reseller_a": world.reseller_account(world.reseller_a),
    }
    short = chain[shortest]
    post(short, 350_000 - short.balance_u)
    grants = talk_as_long_as_they_can(circuit)
    settle_all(grants)
    short.refresh_from_db()
    # What is left buys no step more at that level's own price: a cent, R$ 0,007, R$ 0,005.
    price_of_a_step = {"customer": 10_000, "reseller_a1": 7_000, "reseller_a": 5_000}
    assert 0 <= short.balance_u < price_of_a_step[shortest]
    assert short.held_u == 0
    seconds = sum(grant.deadline_s or 0 for grant in grants)
    for name, price in price_of_a_step.items():
        assert spent_u(chain[name]) == seconds // 6 * price


def test_credit_of_the_reseller_is_shared_by_his_customers(world: World) -> None:
    reseller = world.reseller_account(world.reseller_b)
    post(reseller, 100_000 - reseller.balance_u)
    circuits = [world.circuit(tenant=world.customer_b) for _ in range(10)]
    results = authorise_at_once(*(request(circuit) for circuit in circuits))
    # Each asks for R$ 0,05 for its first minute: there are two.
    reseller.refresh_from_db()
    assert reseller.held_u == 100_000
    assert [grant.deadline_s for grant in granted(results)] == [60, 60]
    assert results.count("no-credit") == 8
    for grant in granted(results):
        settle(grant.call_id, None)


def test_money_taken_out_during_calls_is_not_theirs_to_spend(world: World) -> None:
    """Debits race with holds: what calls hold stays theirs, what they do not hold is gone."""
    circuit = world.circuit(balance_u=MICRO)
    grants = talk_as_long_as_they_can(circuit, calls=3)
    post(circuit.account, -MICRO)
    account = account_of(circuit)
    assert (account.balance_u, account.held_u) == (0, MICRO)

    async def again(gateway: Gateway) -> list[int | None]:
        return [(await gateway.extend(grant.call_id)).deadline_s for grant in grants]

    assert with_gateway(again) == [grant.deadline_s for grant in grants]
    settle_all(grants)
    # Below zero by the debit, not by the calls.
    assert account_of(circuit).balance_u == -MICRO


def test_dear_and_cheap_calls_together(world: World) -> None:
    circuit = world.circuit(balance_u=MICRO)
    asked = [request(circuit, MOBILE if n % 2 else "1133334444") for n in range(CALLS)]
    grants = granted(authorise_at_once(*asked, connections=8))
    assert 1 <= len(grants) <= 20
    settle_all(grants)
    account = account_of(circuit)
    assert 0 <= account.balance_u < 50_000
    assert account.balance_u == MICRO - spent_u(account)
