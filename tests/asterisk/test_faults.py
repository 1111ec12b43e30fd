"""`kill -9` of each part during traffic: afterwards the books are whole.

Calls of every kind go on while the part is dead and after it has returned. Then every call that a
telephone saw answered is on record, once, charged once, and nothing is held any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection

from tests.asterisk.conftest import Town
from tests.support.asterisk import wait_until
from tests.support.invariants import assert_invariants, open_calls
from tests.support.stage import Stage, answer_without_audio, refuse, ring
from tronco.calls.models import Cdr
from tronco.charging.models import Account, Gate
from tronco.demo.agent import Agent
from tronco.demo.call import Call
from tronco.runtime.ports import choose_port

pytestmark = [pytest.mark.asterisk, pytest.mark.faults]
PHONES = 8
BEFORE_S, DEAD_S, AFTER_S = 4.0, 1.5, 5.0
SETTLED_WITHIN_S = 40


@dataclass
class Traffic:
    """Telephones that call without end. `answered` counts what each heard answered."""

    stage: Stage
    phones: dict[int, Agent]
    answered: dict[int, int] = field(default_factory=dict)
    talking: int = 0
    _stopping: bool = False
    _running: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        async def begin() -> None:
            for place, (circuit_id, phone) in enumerate(self.phones.items()):
                # By place: the circuits' ids depend on which tests ran before.
                chance = random.Random(place)
                self._running.append(asyncio.create_task(self._live(circuit_id, phone, chance)))

        self.stage.play(begin())

    def stop(self) -> None:
        async def end() -> None:
            self._stopping = True
            await asyncio.gather(*self._running)

        self.stage.play(end())

    @property
    def total(self) -> int:
        return sum(self.answered.values())

    async def _live(self, circuit_id: int, phone: Agent, chance: random.Random) -> None:
        while not self._stopping:
            await self._call(circuit_id, phone, chance)
            await asyncio.sleep(chance.uniform(0.05, 0.3))

    async def _call(self, circuit_id: int, phone: Agent, chance: random.Random) -> None:
        number = chance.choices(["1133330100", "1133330101", "1133330102"], [8, 1, 1])[0]
        call = await phone.call(number, media=False)
        give_up_at = time.monotonic() + chance.uniform(0.5, 6)
        try:
            answered = await call.wait_answered(2)
        except TimeoutError:
            answered = False
        if answered:
            self.answered[circuit_id] = self.answered.get(circuit_id, 0) + 1
        self.talking += answered
        while call.ended_at is None and time.monotonic() < give_up_at:
            await asyncio.sleep(0.05)
        self.talking -= answered
        await call.hang_up()
        try:
            await call.wait_ended(3)
        except TimeoutError:
            phone.forget(call)  # the switch died with it


@pytest.fixture
def traffic(town: Town) -> Traffic:
    carrier = town.carrier
    carrier.otherwise = answer_without_audio
    carrier.by_number |= {"551133330101": refuse(486), "551133330102": ring}
    owners = [town.world.customer, town.world.customer_a1]
    circuits = [
        town.world.circuit(
            tenant=owners[place % 2],
            plan=("prepaid", "postpaid")[place % 2],
            limit_u=(0, None)[place % 2],
            balance_u=100_000_000,
            max_calls=5,
        )
        for place in range(PHONES)
    ]
    return Traffic(town.stage, {c.pk: town.stage.phone(c) for c in circuits})


def answers(query: Callable[[], bool]) -> bool:
    """The query's answer; no while the database is away."""
    try:
        return query()
    except OperationalError:
        connection.close()
        return False


def run_through(
    town: Town, traffic: Traffic, kill: Callable[[], None], revive: Callable[[], None]
) -> None:
    traffic.start()
    time.sleep(BEFORE_S)
    wait_until(lambda: traffic.talking >= 2, "calls are running", every_s=0.01)
    kill()
    time.sleep(DEAD_S)
    revive()
    before = traffic.total
    time.sleep(AFTER_S)
    wait_until(lambda: traffic.total > before + PHONES / 2, "calls are answered again")
    traffic.stop()
    wait_until(
        lambda: answers(lambda: not open_calls()), "no call is open", timeout_s=SETTLED_WITHIN_S
    )
    assert_invariants(town.exchange.settings.spool)
    for circuit_id, count in traffic.answered.items():
        records = Cdr.objects.filter(circuit_id=circuit_id, outcome="answered")
        assert records.count() >= count, "a call that was answered is not on record"
    assert Account.objects.filter(held_u__gt=0).count() == 0


def test_sipcore_is_killed(town: Town, traffic: Traffic) -> None:
    exchange = town.exchange
    run_through(town, traffic, exchange.kill_sipcore, exchange.start_sipcore)


def test_postgres_is_killed(town: Town, traffic: Traffic) -> None:
    exchange = town.exchange
    run_through(town, traffic, exchange.kill_postgres, exchange.start_postgres)
    assert Gate.objects.filter(central="*").exists()


def test_asterisk_is_killed(town: Town, traffic: Traffic) -> None:
    exchange = town.exchange
    noticed_within = timedelta(seconds=2)
    killed_at = []

    def kill() -> None:
        exchange.kill_asterisk()
        killed_at.append(datetime.now(UTC))

    run_through(town, traffic, kill, exchange.start_asterisk)
    lost = Cdr.objects.filter(
        reason="switch-lost", outcome="answered", circuit__in=list(traffic.phones)
    )
    assert lost.exists(), "calls were running when it was killed"
    for record in lost:
        assert record.answered_at is not None
        assert record.duration_ms >= 0
        assert record.ended_at < killed_at[0] + noticed_within


def test_web_and_worker_are_killed(town: Town, traffic: Traffic) -> None:
    """Calls do not need them; what they were doing is done by the next ones."""
    exchange = town.exchange
    port = choose_port()

    def spawn() -> list[subprocess.Popen[bytes]]:
        return [
            exchange.spawn("gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"),
            exchange.spawn("django", "procrastinate", "worker"),
        ]

    running = spawn()

    def kill() -> None:
        assert [process.poll() for process in running] == [None, None]
        for process in running:
            end(process)

    def end(process: subprocess.Popen[bytes]) -> None:
        """As the supervisor does: what it leaves behind goes too."""
        process.kill()
        process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    try:
        run_through(town, traffic, kill, lambda: running.extend(spawn()))
        assert [process.poll() for process in running[2:]] == [None, None]
    finally:
        for process in running:
            end(process)


def test_everything_is_killed_at_once(town: Town, traffic: Traffic) -> None:
    exchange = town.exchange

    def kill() -> None:
        exchange.kill_sipcore()
        exchange.kill_postgres()
        exchange.kill_asterisk()

    def revive() -> None:
        exchange.start_postgres()
        exchange.start_sipcore()
        exchange.start_asterisk()

    run_through(town, traffic, kill, revive)


def test_a_running_call_survives_the_death_of_sipcore(town: Town) -> None:
    """Its deadline holds meanwhile, and is prolonged when call control has returned."""
    circuit = town.world.circuit()
    phone = town.stage.phone(circuit)

    async def begin() -> Call:
        call = await phone.call("1133334444")
        assert await call.wait_answered()
        return call

    call = town.stage.play(begin())
    time.sleep(1)
    town.exchange.kill_sipcore()
    time.sleep(1)
    town.exchange.start_sipcore()
    # The first slice is 30 s of cadence 30/6; it asks for the next 15 s before its end.
    town.stage.play(asyncio.sleep(31.5 - call.seconds))
    assert call.ended_at is None, "it was not prolonged"
    town.stage.play(call.hang_up())

    wait_until(Cdr.objects.filter(circuit=circuit).exists, "the record")
    record = Cdr.objects.get(circuit=circuit)
    assert abs(record.duration_ms / 1000 - call.seconds) < 1
    assert record.price_u == 60_000, "36 s at R$ 0,10 a minute"
