"""PostgreSQL is killed while calls start, go on and end: no money is lost, none is spent twice.

Holds are reserved without waiting for the disk, so a crash takes the last of them. Until they have
been rebuilt from what call control wrote down, no rated call is let through.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import Error as DatabaseError
from django.db import connection

from tests.charging.calls import ANSWER, request
from tests.support.private_database import private_database
from tests.support.world import World, make_world
from tronco.charging.gateway import Gateway
from tronco.charging.invariants import check_all
from tronco.charging.models import Account, LedgerEntry
from tronco.charging.services import EndedCall, calls_settle
from tronco.circuits.models import Circuit
from tronco.core.errors import TroncoError
from tronco.core.money import MICRO
from tronco.runtime.postgres import Cluster

pytestmark = pytest.mark.faults

CALLERS = 8
TRAFFIC_S = 2.0
RECOVERY_S = 30.0


@pytest.fixture(scope="module")
def server(django_db_blocker: Any) -> Iterator[Cluster]:
    with django_db_blocker.unblock(), private_database("faults") as cluster:
        yield cluster


@dataclass
class Switch:
    """What call control knows: the spool of the calls that ended, and its journal.

    A call is crossed off the journal when it is settled, not when it ends: until then it holds.
    """

    circuits: list[Circuit]
    journal: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    spool: dict[str, int] = field(default_factory=dict)  # call → seconds
    settled: set[str] = field(default_factory=set)
    refusals: list[str] = field(default_factory=list)

    async def traffic(self, gateway: Gateway, until: float, seed: int) -> None:
        """Start, prolong and end calls at random."""
        chance = random.Random(seed)
        while time.monotonic() < until:
            try:
                await self._something(gateway, chance)
            except (TroncoError, DatabaseError, psycopg.Error) as error:
                self.refusals.append(getattr(error, "code", type(error).__name__))
                await asyncio.sleep(0.02)

    async def _something(self, gateway: Gateway, chance: random.Random) -> None:
        kind = chance.choice(["start", "start", "extend", "end"])
        live = self.live()
        call_id = chance.choice(live) if live else ""
        if kind == "start":
            asked = request(chance.choice(self.circuits))
            grant = await gateway.authorise(asked)
            self.journal[asked.call_id] = grant.journal
        elif kind == "extend" and call_id:
            grant = await gateway.extend(call_id)
            if call_id in self.journal:
                self.journal[call_id] = grant.journal
        elif kind == "end" and call_id:
            self.spool[call_id] = chance.randrange(self.deadline_s(call_id) + 1)
            await asyncio.to_thread(self.ingest, [call_id])

    def live(self) -> list[str]:
        return [call_id for call_id in self.journal if call_id not in self.spool]

    def deadline_s(self, call_id: str) -> int:
        deadline_s: int = self.journal[call_id]["call"]["deadline_s"]
        return deadline_s

    def ingest(self, call_ids: list[str]) -> None:
        """Settle what the spool has. What fails stays there for the next time, and so does a call
        that the database has forgotten and not been told of again yet."""
        ended = [
            EndedCall(call_id=one, answered_at=ANSWER, duration_ms=self.spool[one] * 1000)
            for one in call_ids
        ]
        try:
            for one in calls_settle(ended):
                if one.outcome == "settled":
                    self.settled.add(one.call_id)
                    self.journal.pop(one.call_id, None)
        finally:
            connection.close()


def kill_postmaster(server: Cluster) -> None:
    pid = int((server.data / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)


def kill_backend(server: Cluster) -> None:
    """One connection's process dies: the server lives on, throws all others out and recovers."""
    query = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%charging_reserve%' LIMIT 1"
    with psycopg.connect(server.url(), autocommit=True) as other:
        row = other.execute(query).fetchone()
    assert row is not None
    os.kill(row[0], signal.SIGKILL)


@pytest.mark.parametrize("kill", [kill_postmaster, kill_backend])
def test_killed_under_load(server: Cluster, kill: Callable[[Cluster], None]) -> None:
    world = make_world()
    switch = Switch([*(world.circuit(balance_u=3 * MICRO) for _ in range(3)), *resold(world)])
    opening_u = sum(Account.objects.values_list("balance_u", flat=True))
    connection.close()
    asyncio.run(kill_and_go_on(server, switch, kill))

    unsettled = sorted(set(switch.spool) - switch.settled)
    switch.ingest(unsettled)
    assert set(switch.spool) <= switch.settled
    assert check_all() == []
    assert not Account.objects.exclude(held_u=0).exists()
    # Every call of the spool is charged at every level, once; and nothing else is.
    charged = LedgerEntry.objects.filter(kind="call")
    assert {entry.source for entry in charged} <= set(switch.spool)
    assert len({(entry.account_id, entry.source) for entry in charged}) == charged.count()
    spent_u = -sum(entry.amount_u for entry in charged)
    assert sum(Account.objects.values_list("balance_u", flat=True)) == opening_u - spent_u
    assert all(account.balance_u >= 0 for account in Account.objects.all())
    assert len(switch.spool) > 20
    call_command("flush", interactive=False, verbosity=0)


async def kill_and_go_on(server: Cluster, switch: Switch, kill: Callable[[Cluster], None]) -> None:
    async with Gateway() as gateway:
        await gateway.open_gate("node1")

        async def traffic() -> None:
            until = time.monotonic() + TRAFFIC_S
            await asyncio.gather(*(switch.traffic(gateway, until, seed) for seed in range(CALLERS)))

        loaded = asyncio.create_task(traffic())
        await asyncio.sleep(TRAFFIC_S / 2)
        kill(server)
        await asyncio.sleep(TRAFFIC_S / 4)
        server.start()  # here, for it dies with the thread that started it
        await loaded
        assert "unreachable" in switch.refusals
        assert await code_of(gateway, switch) == "gate-closed"

        # What the switch still has is held again; what nobody knows of is given back.
        await gateway.restore(list(switch.journal.values()))
        assert await gateway.open_gate("node1") == []
        running = set(await open_calls(gateway))
        # Of what had ended, the settlement may be on the disk and its answer lost.
        assert set(switch.live()) <= running
        await gateway.release(list(running - set(switch.journal)))

        await traffic()
        switch.spool |= {call_id: switch.deadline_s(call_id) for call_id in switch.live()}


async def code_of(gateway: Gateway, switch: Switch) -> str:
    """How a call is refused once the server answers again."""
    until = time.monotonic() + RECOVERY_S
    while time.monotonic() < until:
        try:
            await gateway.authorise(request(switch.circuits[0], at=datetime.now(UTC)))
        except TroncoError as error:
            if error.code != "unreachable":
                return error.code
            await asyncio.sleep(0.1)
        else:
            return "granted"
    return "unreachable"


async def open_calls(gateway: Gateway) -> list[str]:
    rows = await gateway.database.fetch(
        "SELECT call_id FROM charging_authorization WHERE state = 'open'"
    )
    return [row[0] for row in rows]


def resold(world: World) -> list[Circuit]:
    return [world.circuit(tenant=world.customer_a1, balance_u=3 * MICRO) for _ in range(2)]
