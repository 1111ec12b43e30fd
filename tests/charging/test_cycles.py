"""Cycles: what was used leaves the balance on the account's day, once."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tests.charging.calls import account_of, authorise, granted, post, request, settle
from tests.support.world import World
from tronco.catalog.models import Allowance
from tronco.charging.cycles import cycle_start_of
from tronco.charging.models import Account, Bucket
from tronco.charging.services import cycle_close, cycles_close_due
from tronco.circuits.models import Circuit
from tronco.core.money import MICRO


@pytest.mark.parametrize(
    ("moment", "day", "expected"),
    [
        ("2026-03-15T12:00Z", 1, "2026-03-01"),
        ("2026-03-15T12:00Z", 15, "2026-03-15"),
        ("2026-03-15T12:00Z", 16, "2026-02-16"),
        ("2026-01-05T12:00Z", 10, "2025-12-10"),
        # Midnight is São Paulo's, three hours after Greenwich's.
        ("2026-03-01T02:59:59Z", 1, "2026-02-01"),
        ("2026-03-01T03:00:00Z", 1, "2026-03-01"),
    ],
)
def test_beginning_of_a_cycle(moment: str, day: int, expected: str) -> None:
    assert cycle_start_of(datetime.fromisoformat(moment), day) == date.fromisoformat(expected)


def spend(circuit: Circuit, minutes: int) -> None:
    for _ in range(minutes):
        (grant,) = granted(authorise(request(circuit)))
        settle(grant.call_id, 60)


def last_month(circuit: Circuit) -> None:
    Account.objects.filter(pk=circuit.account_id).update(cycle_start=date(2026, 2, 1))


MARCH = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("plan", "limit_u", "top_up_u", "minutes", "balance_u", "moved_u"),
    [
        # Prepaid: what is spent is spent.
        ("prepaid", 0, MICRO, 3, 700_000, 0),
        # Postpaid: all that was used is billed; payments made in advance stay.
        ("postpaid", None, 0, 3, 0, 300_000),
        ("postpaid", None, MICRO, 3, MICRO, 300_000),
        # Control: within the ceiling it begins again; beyond it top-ups were spent.
        ("control", 500_000, 0, 3, 0, 300_000),
        ("control", 200_000, MICRO, 3, 900_000, 200_000),
    ],
)
def test_what_leaves_the_balance(
    world: World,
    plan: str,
    limit_u: int | None,
    top_up_u: int,
    minutes: int,
    balance_u: int,
    moved_u: int,
) -> None:
    circuit = world.circuit(plan=plan, limit_u=limit_u, balance_u=top_up_u)
    last_month(circuit)
    spend(circuit, minutes)
    assert account_of(circuit).used_u == minutes * 100_000
    assert cycle_close(account_id=circuit.account_id, now=MARCH) is True
    assert cycle_close(account_id=circuit.account_id, now=MARCH) is False
    account = account_of(circuit)
    assert (account.balance_u, account.used_u) == (balance_u, 0)
    assert account.cycle_start == date(2026, 3, 1)
    entries = account.entries.filter(kind="cycle")
    assert sum(entry.amount_u for entry in entries) == moved_u


def test_only_the_due_are_closed_and_each_once(world: World) -> None:
    due = [world.circuit(plan="postpaid", limit_u=None, balance_u=0) for _ in range(3)]
    Account.objects.update(cycle_start=cycle_start_of(MARCH, 1))
    for circuit in due:
        last_month(circuit)
    Account.objects.filter(pk=due[0].account_id).update(cycle_day=5, cycle_start=date(2026, 2, 5))
    assert cycles_close_due(MARCH) == 2
    assert cycles_close_due(MARCH) == 0
    assert account_of(due[0]).cycle_start == date(2026, 2, 5)


def test_call_over_the_turn_of_the_cycle(world: World) -> None:
    """Its minutes come from the franchise of the cycle in which it began."""
    plan = world.plan(world.master, "control")
    allowance = Allowance.objects.create(
        tenant=world.master, plan=plan, name="Franquia", classes=["local_fixed"], amount=600
    )
    circuit = world.circuit(plan="control", limit_u=MICRO, balance_u=0)
    at = datetime.fromisoformat("2026-02-28T23:59:00-03:00")
    (before,) = granted(authorise(request(circuit, at=at)))
    assert cycle_close(account_id=circuit.account_id, now=MARCH) in (True, False)
    (after,) = granted(authorise(request(circuit, at=MARCH)))
    settle(before.call_id, 60)
    settle(after.call_id, 30)
    buckets = Bucket.objects.filter(allowance=allowance).order_by("cycle_start")
    assert [(b.cycle_start, b.used, b.held) for b in buckets] == [
        (date(2026, 2, 1), 60_000, 0),
        (date(2026, 3, 1), 30_000, 0),
    ]
    post(circuit.account, 1)
