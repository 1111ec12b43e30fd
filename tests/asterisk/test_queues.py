"""Groups on real calls: who rings when, what waiting callers hear, what the screen is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.asterisk.conftest import Town
from tests.asterisk.numbers import assert_settled, record_of
from tests.support.asterisk import wait_until
from tests.support.hearing import Ears
from tests.support.stage import Behaviour, answer, dial, ring
from tests.support.voice import call_in, make_did, make_prompt, ref, wait_for_configuration
from tronco.calls.models import Cdr
from tronco.circuits.models import Circuit
from tronco.demo.call import Call
from tronco.dids.models import Did
from tronco.pbx.models import MemberState, Queue, QueueCaller, QueueMember
from tronco.sipcore.queues import queue_name

pytestmark = pytest.mark.asterisk


def make_queue(town: Town, *lines: Circuit, **fields: Any) -> tuple[Queue, Did]:
    """A group of these lines, and a number that leads there."""
    tenant = lines[0].tenant if lines else town.world.customer
    fields = {"announces_position": False, "ring_s": 5, **fields}
    queue = Queue.objects.create(tenant=tenant, name=f"fila {Queue.objects.count()}", **fields)
    for place, line in enumerate(lines):
        QueueMember.objects.create(queue=queue, tenant=tenant, circuit=line, penalty=place)
    return queue, make_did("queue", tenant=tenant, queue=queue)


def wait_for_queue(town: Town, queue: Queue, holds: Callable[[str], bool] = bool) -> None:
    """Until the switch has it, as is wanted."""
    wait_for_configuration(town.exchange)
    name = queue_name(queue.pk)
    wait_until(
        lambda: holds(said) if name in (said := show(town, queue)) else False,
        f"the switch knows {name}",
    )


def show(town: Town, queue: Queue) -> str:
    return town.exchange.node.rx(f"queue show {queue_name(queue.pk)}")


def free(*lines: Circuit) -> Callable[[str], bool]:
    """Whether the switch sees the phones of these lines."""
    return lambda said: said.count("(Not in use)") == len(lines)


class Office:
    """Who rang, in the order in which they did."""

    def __init__(self) -> None:
        self.rang: list[str] = []

    def phone(self, name: str, then: Behaviour) -> Behaviour:
        async def behaviour(call: Call) -> None:
            self.rang.append(name)
            await then(call)

        return behaviour


async def answer_late(call: Call) -> None:
    call.ring()
    await asyncio.sleep(2.5)
    await call.accept()


def test_all_phones_of_a_line_ring_and_one_answers(town: Town) -> None:
    line = town.world.circuit(max_contacts=2)
    queue, did = make_queue(town, line)
    office = Office()
    town.stage.phone(line, on_call=office.phone("mesa", answer_late))
    town.stage.phone(line, on_call=office.phone("celular", ring), address="127.0.0.4")
    wait_for_queue(town, queue, free(line))

    async def scene() -> Call:
        call = await call_in(town.carrier.agent, did.raw)
        assert await call.wait_answered()
        await asyncio.sleep(5)
        await call.hang_up()
        return call

    call = town.stage.play(scene())

    assert sorted(office.rang) == ["celular", "mesa"]
    arrived = record_of(did, direction="in")
    assert abs(arrived.duration_ms - call.seconds * 1000) < 400
    [taken] = Cdr.objects.filter(circuit=line, direction="internal")
    assert (taken.outcome, taken.price_u) == ("answered", 0)
    assert 1500 < taken.duration_ms < 3500, "from when the member answered"
    assert taken.explanation["linked"] == arrived.call_id
    assert_settled(town)


def test_in_order_the_next_rings_when_the_first_does_not_answer(town: Town) -> None:
    first, second = town.world.circuit(), town.world.circuit()
    queue, did = make_queue(town, first, second, strategy="ringall")
    wait_for_queue(town, queue)
    Queue.objects.filter(pk=queue.pk).update(strategy="linear")
    office = Office()
    town.stage.phone(first, on_call=office.phone("primeiro", ring))
    town.stage.phone(second, on_call=office.phone("segundo", answer))
    wait_for_queue(town, queue, lambda said: "linear" in said and free(first, second)(said))

    async def scene() -> None:
        call = await call_in(town.carrier.agent, did.raw)
        await asyncio.sleep(10)
        await call.hang_up()

    town.stage.play(scene())

    assert office.rang == ["primeiro", "segundo"]
    wait_until(Cdr.objects.filter(circuit=second).exists, "the second's call is on record")
    assert not Cdr.objects.filter(circuit=first).exists(), "who only let it ring has had no call"
    assert_settled(town)


def test_who_lets_it_ring_in_vain_is_joined_by_the_next(town: Town) -> None:
    first, second = town.world.circuit(), town.world.circuit()
    queue, did = make_queue(town, first, second, strategy="ringall")
    office = Office()
    town.stage.phone(first, on_call=office.phone("primeiro", ring))
    town.stage.phone(second, on_call=office.phone("segundo", answer))
    wait_for_queue(town, queue, free(first, second))

    async def scene() -> None:
        call = await call_in(town.carrier.agent, did.raw)
        await asyncio.sleep(11)
        await call.hang_up()

    town.stage.play(scene())

    assert office.rang[0] == "primeiro" and "segundo" in office.rang
    assert_settled(town)


def test_a_busy_member_is_not_rung_and_the_caller_waits_with_music_and_his_place(
    town: Town, ears: Ears
) -> None:
    line = town.world.circuit(max_calls=1)
    queue, did = make_queue(
        town, line, announces_position=True, announce_every_s=15, music=make_prompt(line.tenant)
    )
    office = Office()
    phone = town.stage.phone(line, on_call=office.phone("mesa", answer))
    wait_for_queue(town, queue, free(line))

    async def scene() -> None:
        own = asyncio.create_task(dial(phone, "1140028922", talk_s=6))
        await asyncio.sleep(1)
        call = await call_in(town.carrier.agent, did.raw)
        await ears.wait(call, "s:queue-next", start_s=1.5)
        await ears.wait(call, ref(queue.music), start_s=0.4)
        assert office.rang == []
        await own
        await asyncio.sleep(4)
        assert office.rang == ["mesa"]
        await call.hang_up()

    town.stage.play(scene())
    assert_settled(town)


def test_the_second_in_line_is_told_his_number(town: Town, ears: Ears) -> None:
    line = town.world.circuit()
    queue, did = make_queue(town, line, announces_position=True)
    town.stage.phone(line, on_call=ring)
    wait_for_queue(town, queue, free(line))

    async def scene() -> None:
        first = await call_in(town.carrier.agent, did.raw)
        await asyncio.sleep(1)
        second = await call_in(town.carrier.agent, did.raw, caller="1140028923")
        await ears.wait(second, "s:queue-position", start_s=1.2)
        await ears.wait(second, "s:n-2", start_s=0.25, timeout_s=4)
        await second.hang_up()
        await first.hang_up()

    town.stage.play(scene())
    assert_settled(town)


def test_where_all_pause_a_caller_goes_on_at_once(town: Town, ears: Ears) -> None:
    line = town.world.circuit()
    sorry = make_prompt(line.tenant)
    queue, did = make_queue(town, line, action="prompt", prompt=sorry)
    office = Office()
    town.stage.phone(line, on_call=office.phone("mesa", answer))
    wait_for_queue(town, queue, free(line))
    QueueMember.objects.filter(queue=queue).update(is_paused=True)
    wait_for_queue(town, queue, lambda said: "(paused" in said)

    async def scene() -> None:
        call = await call_in(town.carrier.agent, did.raw)
        await ears.wait(call, ref(sorry), start_s=0.4)
        await call.wait_ended(10)

    town.stage.play(scene())
    assert office.rang == []
    QueueMember.objects.filter(queue=queue).update(is_paused=False)
    wait_for_queue(town, queue, lambda said: "(paused" not in said)
    assert_settled(town)


def test_whoever_waits_too_long_goes_on(town: Town, ears: Ears) -> None:
    line = town.world.circuit()
    sorry = make_prompt(line.tenant)
    queue, did = make_queue(town, line, max_wait_s=3, action="prompt", prompt=sorry)
    town.stage.phone(line, on_call=ring)
    wait_for_queue(town, queue, free(line))

    async def scene() -> None:
        call = await call_in(town.carrier.agent, did.raw)
        await ears.wait(call, ref(sorry), start_s=0.4, timeout_s=10)
        await call.wait_ended(10)

    town.stage.play(scene())
    assert_settled(town)


def test_the_screen_is_told_who_waits_and_what_members_do(town: Town) -> None:
    line = town.world.circuit()
    queue, did = make_queue(town, line)
    member = queue.members.get()
    town.stage.phone(line, on_call=answer_late)
    wait_for_queue(town, queue, free(line))

    def state() -> str:
        live = MemberState.objects.filter(member=member).first()
        return live.state if live else ""

    wait_until(lambda: state() == "idle", "the member is free")
    call = town.stage.play(call_in(town.carrier.agent, did.raw))
    wait_until(QueueCaller.objects.filter(queue=queue).exists, "somebody waits", timeout_s=3)
    waiting = QueueCaller.objects.get(queue=queue)
    assert (waiting.caller, waiting.tenant) == ("1140028922", queue.tenant)
    wait_until(lambda: state() == "ringing", "it rings", timeout_s=2)
    wait_until(lambda: state() == "talking", "they talk", timeout_s=5)
    assert not QueueCaller.objects.filter(queue=queue).exists()
    live = MemberState.objects.get(member=member)
    assert live.caller == "1140028922"
    town.stage.play(call.hang_up())
    wait_until(lambda: state() == "idle", "he is free again")
    wait_until(lambda: MemberState.objects.get(member=member).answered == 1, "and is counted")
    assert_settled(town)


def test_a_member_s_limit_counts_the_queue_s_call(town: Town) -> None:
    line, other = town.world.circuit(max_calls=1), town.world.circuit()
    queue, did = make_queue(town, line)
    town.stage.phone(line, on_call=answer)
    colleague = town.stage.phone(other)
    wait_for_queue(town, queue, free(line))

    async def scene() -> Call:
        call = await call_in(town.carrier.agent, did.raw)
        await asyncio.sleep(2)
        refused = await dial(colleague, line.number)
        await call.hang_up()
        return refused

    assert town.stage.play(scene()).status == 486
    assert_settled(town)


def test_without_the_database_a_queue_goes_on(town: Town) -> None:
    """Colleagues reach it and its members answer; what came meanwhile is recorded afterwards."""
    line, other = town.world.circuit(), town.world.circuit()
    queue, _did = make_queue(town, line, extension="77")
    office = Office()
    town.stage.phone(line, on_call=office.phone("mesa", answer))
    caller = town.stage.phone(other)
    wait_for_queue(town, queue, free(line))
    town.stage.play(dial(caller, "77", talk_s=2))
    town.exchange.stop_postgres()
    try:
        call = town.stage.play(dial(caller, "77", talk_s=3))
    finally:
        town.exchange.start_postgres()
    assert call.seconds > 2
    assert office.rang == ["mesa", "mesa"]
    wait_until(
        lambda: Cdr.objects.filter(circuit=line, outcome="answered").count() == 2,
        "both calls are on record",
        timeout_s=30,
    )
    assert_settled(town)
