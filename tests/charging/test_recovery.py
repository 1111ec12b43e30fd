"""After a recovery of the database: the gate, and holds rebuilt from what sipcore wrote down."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from tests.charging.calls import account_of, attempt, request, settle, with_gateway
from tests.support.world import World
from tronco.catalog.models import Allowance
from tronco.centrals.models import Central
from tronco.charging.gateway import Gateway
from tronco.charging.models import Account, Authorization, Bucket, Gate, Hold, Meter, MeterDay
from tronco.charging.requests import Limit
from tronco.charging.services import calls_purge, calls_restore
from tronco.circuits.models import Circuit
from tronco.core.money import MICRO

NOW = datetime.now(UTC)


def forget_everything_held() -> None:
    """What a crash may take: rows that were written without waiting for the disk."""
    Hold.objects.all().delete()
    Authorization.objects.all().delete()
    Meter.objects.all().delete()
    MeterDay.objects.all().delete()
    Bucket.objects.all().delete()
    Account.objects.update(held_u=0)


@pytest.fixture
def circuit(world: World) -> Circuit:
    """A customer two resellers deep, with 90 s of allowance before his money."""
    Allowance.objects.create(
        tenant=world.reseller_a1,
        plan=world.plan(world.reseller_a1),
        name="F",
        classes=["local_fixed"],
        amount=90,
    )
    return world.circuit(tenant=world.customer_a1, balance_u=MICRO)


def journal_of_two_calls(circuit: Circuit) -> list[Mapping[str, Any]]:
    """One in its second slice, half paid by the allowance; one that rings."""
    limits = (Limit(f"circuit:{circuit.pk}", 3, None, MICRO),)
    first, second = (request(circuit, limits=limits) for _ in range(2))

    async def work(gateway: Gateway) -> list[Mapping[str, Any]]:
        await gateway.authorise(first)
        prolonged = await gateway.extend(first.call_id, answered_at=NOW)
        ringing = await gateway.authorise(second)
        return [prolonged.journal, ringing.journal]

    entries: list[Mapping[str, Any]] = json.loads(json.dumps(with_gateway(work)))
    return entries


def held() -> list[Any]:
    return [
        list(Account.objects.order_by("pk").values_list("pk", "held_u")),
        list(Bucket.objects.values_list("granted", "used", "held")),
        list(Meter.objects.values_list("key", "active")),
        list(MeterDay.objects.values_list("key", "day", "spent_u")),
        [
            (hold.authorization_id, hold.account_id, hold.amount_u, sum(hold.bucket_amounts))
            for hold in Hold.objects.order_by("authorization_id", "level")
        ],
        list(Authorization.objects.order_by("pk").values_list("pk", "deadline_s", "facts")),
    ]


def test_everything_lost_is_rebuilt_from_the_journal(circuit: Circuit) -> None:
    entries = journal_of_two_calls(circuit)
    before = held()
    forget_everything_held()
    assert set(calls_restore(entries)) == {entry["call"]["call_id"] for entry in entries}
    assert held() == before
    assert calls_restore(entries) == []
    assert held() == before


def test_thousands_are_restored_in_pieces(world: World) -> None:
    """The switch may hold more calls than one question can restore in time."""
    circuit = world.circuit(plan="postpaid", limit_u=None, balance_u=0)

    async def work(gateway: Gateway) -> tuple[int, int]:
        entry = (await gateway.authorise(request(circuit))).journal
        await gateway.release([entry["call"]["call_id"]])
        entries = [
            {**entry, "call": {**entry["call"], "call_id": f"node1-many-{n}"}} for n in range(1001)
        ]
        begin = time.perf_counter()
        restored = await gateway.restore(entries)
        spent_s = time.perf_counter() - begin
        assert spent_s < 30, "call control waits for this before it lets calls in"
        return len(restored), len(await gateway.restore(entries))

    assert with_gateway(work) == (1001, 0)
    assert account_of(circuit).held_u == 1001 * 100_000


def test_lost_extension_is_held_again(circuit: Circuit) -> None:
    """The recovery went back to before the second slice, but not to before the call."""
    entries = journal_of_two_calls(circuit)
    before = held()
    call_id = entries[0]["call"]["call_id"]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE charging_authorization SET deadline_s = 60 WHERE call_id = %s", [call_id]
        )
        cursor.execute(
            """
            UPDATE charging_account a SET held_u = held_u - amount_u / 2 FROM charging_hold h
            WHERE h.account_id = a.id AND authorization_id = %s AND level > 0
            """,
            [call_id],
        )
        cursor.execute(
            "UPDATE charging_hold SET amount_u = amount_u / 2 "
            "WHERE authorization_id = %s AND level > 0",
            [call_id],
        )
    assert calls_restore(entries) == [call_id]
    assert held() == before


def test_what_was_settled_meanwhile_stays_so(circuit: Circuit) -> None:
    entries = journal_of_two_calls(circuit)
    for entry in entries:
        settle(entry["call"]["call_id"], 30)
    assert calls_restore(entries) == []
    assert not Account.objects.exclude(held_u=0).exists()


def test_restored_call_is_charged_once_even_if_it_was_forgotten(circuit: Circuit) -> None:
    """An old spool comes in after the call's row was purged: the ledger's key still knows it."""
    entries = journal_of_two_calls(circuit)
    call_id = entries[1]["call"]["call_id"]
    settle(call_id, 60)
    settle(entries[0]["call"]["call_id"], None)
    balance_u = account_of(circuit).balance_u
    assert calls_purge(closed_before=datetime.now(UTC)) == 2
    assert settle(call_id, 60).outcome == "unknown"
    calls_restore(entries)
    settle(call_id, 60)
    settle(entries[0]["call"]["call_id"], None)
    account = account_of(circuit)
    assert (account.balance_u, account.held_u) == (balance_u, 0)


def test_restored_allowance_is_never_more_than_there_is(circuit: Circuit) -> None:
    entries = journal_of_two_calls(circuit)
    forget_everything_held()
    calls_restore(entries[:1])
    Bucket.objects.update(granted=100_000, used=95_000 - 90_000)
    assert calls_restore(entries[1:]) == [entries[1]["call"]["call_id"]]
    bucket = Bucket.objects.get()
    assert bucket.used + bucket.held <= bucket.granted


def test_gate_waits_for_every_central_in_use(world: World) -> None:
    Central.objects.create(tenant=world.master, name="node2", host="127.0.0.2", seen_at=NOW)
    Central.objects.create(tenant=world.master, name="never-ran", host="127.0.0.3")
    Central.objects.create(
        tenant=world.master, name="retired", host="127.0.0.4", seen_at=NOW, is_active=False
    )
    circuit = world.circuit()

    async def work(gateway: Gateway) -> list[Any]:
        closed = await attempt(gateway.authorise(request(circuit)))
        free = await attempt(gateway.authorise(request(circuit, is_charged=False)))
        return [closed, not isinstance(free, str), await gateway.open_gate("node2"),
                await gateway.is_gate_open()]  # fmt: skip

    assert with_gateway(work) == ["gate-closed", True, [], True]


def test_gate_shuts_for_running_calls_too(world: World) -> None:
    circuit = world.circuit()
    asked = request(circuit)

    async def work(gateway: Gateway) -> list[Any]:
        await gateway.authorise(asked)
        await gateway.database.fetch("UPDATE charging_gate SET opened_for = now() RETURNING 1")
        return [
            await attempt(gateway.extend(asked.call_id)),
            await attempt(gateway.authorise(request(circuit))),
        ]

    assert with_gateway(work) == ["gate-closed", "gate-closed"]


def test_gate_is_emptied_by_any_recovery(world: World) -> None:
    """It is UNLOGGED, which is what makes a recovery forget it: tests/faults does it for real."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = %s",
                       [Gate._meta.db_table])  # fmt: skip
        assert cursor.fetchone() == ("u",)
