"""Everything at once: no deadlock, nothing twice, nothing lost."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from tests.charging.calls import (
    ANSWER,
    account_of,
    attempt,
    authorise,
    authorise_at_once,
    granted,
    post,
    request,
    with_gateway,
)
from tests.support.world import World
from tronco.catalog.models import Allowance
from tronco.charging.gateway import Gateway, Grant, Slices
from tronco.charging.models import Account, Authorization
from tronco.charging.requests import Limit
from tronco.charging.services import (
    EndedCall,
    PricedCall,
    account_change,
    calls_restore,
    calls_settle,
    cycle_close,
)
from tronco.core.money import MICRO
from tronco.tenancy.access import SYSTEM

HUNT_S = 10.0


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Run each in a thread and a database connection of its own."""

    def run(job: Callable[[], Any]) -> Any:
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def test_same_call_asked_many_times_at_once_holds_once(world: World) -> None:
    circuit = world.circuit(balance_u=MICRO)
    limit = Limit(f"circuit:{circuit.pk}", 5, None)
    asked = request(circuit, limits=(limit,))
    results = granted(authorise_at_once(*[asked] * 16))
    assert [grant.deadline_s for grant in results] == [60] * 16
    assert account_of(circuit).held_u == 100_000


def test_same_free_call_asked_many_times_at_once(world: World) -> None:
    asked = request(world.circuit(), is_charged=False)
    assert len(granted(authorise_at_once(*[asked] * 16))) == 16
    assert Authorization.objects.filter(pk=asked.call_id).count() == 1


def test_settled_by_many_at_once_is_charged_once(world: World) -> None:
    circuit = world.circuit(tenant=world.customer_a1, balance_u=10 * MICRO)
    asked = [request(circuit) for _ in range(10)]
    authorise(*asked)
    forwards = [
        EndedCall(call_id=one.call_id, answered_at=ANSWER, duration_ms=60_000) for one in asked
    ]
    results = at_once(
        *(lambda batch=batch: calls_settle(batch) for batch in (forwards, forwards[::-1]) * 4)
    )
    new = Counter(one.call_id for batch in results for one in batch if one.is_new)
    assert new == {one.call_id: 1 for one in asked}
    assert account_of(circuit).balance_u == 9 * MICRO


def test_calls_begin_while_others_are_recorded(world: World) -> None:
    """Of the same account, within the same limits: nobody waits for the records to be written."""
    circuit = world.circuit(balance_u=10 * MICRO)
    limits = (Limit(f"circuit:{circuit.pk}", 2, None),)
    first, second = request(circuit, limits=limits), request(circuit, limits=limits)
    authorise(first)
    begun: list[Grant | str] = []

    def record(priced: Sequence[PricedCall]) -> None:
        assert [one.price.price_u for one in priced if one.price] == [MICRO // 10]
        begun.extend(at_once(lambda: authorise(second))[0])

    ended = EndedCall(call_id=first.call_id, answered_at=ANSWER, duration_ms=60_000)
    calls_settle([ended], record=record)
    assert [grant.deadline_s for grant in granted(begun)] == [60]
    assert account_of(circuit).balance_u == 10 * MICRO - MICRO // 10


def test_settlement_races_with_the_sweep(world: World) -> None:
    """Whoever comes first: the call is charged, once, and holds nothing."""
    circuit = world.circuit(balance_u=10 * MICRO)
    asked = [request(circuit) for _ in range(20)]
    authorise(*asked)
    old = datetime.now(UTC) - timedelta(hours=1)
    Authorization.objects.update(seen_at=old)

    async def work(gateway: Gateway) -> None:
        batches = [asked[n : n + 4] for n in range(0, 20, 4)]
        await asyncio.gather(
            *(asyncio.to_thread(settle_minute, [one.call_id for one in b]) for b in batches),
            *(gateway.sweep("node1", []) for _ in range(5)),
        )

    with_gateway(work)
    account = account_of(circuit)
    assert (account.balance_u, account.held_u) == (8 * MICRO, 0)


def settle_minute(call_ids: list[str]) -> None:
    try:
        calls_settle(
            [EndedCall(call_id=one, answered_at=ANSWER, duration_ms=60_000) for one in call_ids]
        )
    finally:
        connection.close()


def test_transfers_and_debits_race_with_holds(world: World) -> None:
    """Money moves between two accounts while calls start on both: none of it is spent twice."""
    one, other = (world.circuit(balance_u=MICRO) for _ in range(2))

    def transfer(source: Account, target: Account, key: str) -> None:
        try:
            post(source, -150_000, key=key)
            post(target, 150_000, key=key)
        finally:
            connection.close()

    async def work(gateway: Gateway) -> list[Any]:
        asked = [request(circuit) for _ in range(12) for circuit in (one, other)]
        moves = [
            asyncio.to_thread(transfer, *pair, f"{n}")
            for n, pair in enumerate(
                [(one.account, other.account), (other.account, one.account)] * 4
            )
        ]
        return await asyncio.gather(*(attempt(gateway.authorise(a)) for a in asked), *moves)

    grants = granted(with_gateway(work))
    accounts = [account_of(circuit) for circuit in (one, other)]
    assert sum(account.balance_u for account in accounts) == 2 * MICRO
    assert sum(account.held_u for account in accounts) <= 2 * MICRO
    calls_settle(
        [
            EndedCall(
                call_id=grant.call_id,
                answered_at=ANSWER,
                duration_ms=(grant.deadline_s or 0) * 1000,
            )
            for grant in grants
        ]
    )
    assert all(account_of(circuit).held_u == 0 for circuit in (one, other))


def test_deadlock_hunt(world: World) -> None:
    """Ten seconds of everything at random, over few accounts in all orders."""
    Allowance.objects.create(
        tenant=world.master,
        plan=world.plan(world.master),
        name="F",
        classes=["local_fixed"],
        amount=120,
    )
    circuits = [world.circuit(balance_u=5 * MICRO) for _ in range(2)]
    circuits += [world.circuit(tenant=world.customer_a1, balance_u=5 * MICRO) for _ in range(2)]
    circuits += [world.circuit(tenant=world.customer_a, balance_u=5 * MICRO) for _ in range(2)]
    until = time.monotonic() + HUNT_S
    live: dict[str, Any] = {}
    done: Counter[str] = Counter()

    def limits(chance: random.Random) -> tuple[Limit, ...]:
        keys = chance.sample(["a", "b", "c", "d"], chance.randrange(4))
        return tuple(Limit(key, 500, None, chance.choice([None, MICRO])) for key in keys)

    async def caller(gateway: Gateway, seed: int) -> None:
        chance = random.Random(seed)
        while time.monotonic() < until:
            call_id = chance.choice(list(live)) if live else ""
            kind = chance.choice(["start", "start", "extend", "release", "sweep", "restore"])
            result: object = None
            if kind == "start":
                asked = request(chance.choice(circuits), limits=limits(chance))
                result = await attempt(gateway.authorise(asked))
                if isinstance(result, Grant):
                    live[asked.call_id] = result.journal
            elif kind == "extend" and call_id:
                result = await attempt(gateway.extend(call_id))
            elif kind == "release" and call_id and chance.random() < 0.3:
                live.pop(call_id, None)
                result = await gateway.release([call_id])
            elif kind == "sweep" and chance.random() < 0.2:
                result = await gateway.sweep("node1", list(live), grace_s=600)
            elif kind == "restore" and call_id:
                some = list(live.values())
                result = await gateway.restore(chance.sample(some, min(3, len(some))))
            # What the database breaks up, for a deadlock say, comes out as this.
            assert result != "unreachable", kind
            done[kind] += 1

    def bookkeeper(seed: int) -> None:
        chance = random.Random(seed)
        while time.monotonic() < until:
            kind = chance.choice(["settle", "post", "cycle", "change"])
            account = chance.choice(circuits).account
            if kind == "settle" and live:
                some = chance.sample(list(live), min(8, len(live)))
                for call_id in some:
                    live.pop(call_id, None)
                calls_settle([ended(call_id, chance) for call_id in some])
            elif kind == "post":
                post(account, chance.choice([50_000, -20_000]))
            elif kind == "cycle":
                Account.objects.filter(pk=account.pk).update(cycle_start=None)
                cycle_close(account_id=account.pk, now=datetime.now(UTC))
            elif kind == "change":
                account_change(actor=SYSTEM, account_id=account.pk, cycle_day=chance.randint(1, 9))
            elif live:
                calls_restore([live[chance.choice(list(live))]])
            done[kind] += 1

    def book(seed: int) -> None:
        try:
            bookkeeper(seed)
        finally:
            connection.close()

    async def work(gateway: Gateway) -> None:
        await asyncio.gather(
            *(caller(gateway, seed) for seed in range(8)),
            *(asyncio.to_thread(book, seed) for seed in range(100, 104)),
        )

    with_gateway(work, slices=Slices(patience_s=30))
    assert set(done) == {"start", "extend", "release", "sweep", "restore", "settle", "post",
                         "cycle", "change"}  # fmt: skip
    left = Authorization.objects.filter(state="open").values_list("pk", flat=True)
    calls_settle([EndedCall(call_id=call_id) for call_id in left])
    assert not Account.objects.exclude(held_u=0).exists()


def ended(call_id: str, chance: random.Random) -> EndedCall:
    if chance.random() < 0.3:
        return EndedCall(call_id=call_id)
    return EndedCall(call_id=call_id, answered_at=ANSWER, duration_ms=chance.randrange(120_000))
