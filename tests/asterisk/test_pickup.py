"""A call that rings at a phone of the group is taken by dialling *8 at another."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.asterisk.conftest import Town
from tests.asterisk.numbers import assert_settled, balance_u, charges_of, record_of
from tests.asterisk.test_queues import free, make_queue, wait_for_queue
from tests.support.asterisk import wait_until
from tests.support.stage import answer, dial, ring
from tests.support.voice import call_in, make_did, wait_for_configuration
from tronco.calls.models import Cdr
from tronco.calls.selectors import list_answering
from tronco.charging.models import Authorization
from tronco.circuits.models import Circuit
from tronco.core.money import MICRO
from tronco.demo.agent import Agent
from tronco.demo.call import Call
from tronco.pbx.models import LineService

pytestmark = pytest.mark.asterisk
PICK_UP = "*8"


def line_in(town: Town, group: str, **fields: Any) -> Circuit:
    circuit = town.world.circuit(**fields)
    LineService.objects.create(circuit=circuit, tenant=circuit.tenant, pickup_group=group)
    return circuit


def answering(town: Town, record: Cdr) -> list[str]:
    """The lines that talked, as the page of the call says."""
    actor = town.world.actor(town.world.master)
    return [circuit.number for circuit in list_answering(actor=actor, cdr=record)]


def has_a_call(circuit: Circuit) -> bool:
    return Authorization.objects.filter(circuit_id=circuit.pk, state="open").exists()


async def take(phone: Agent, ringing: Call) -> Call:
    """Take the call that rings, and be connected with who placed it."""
    await ringing.wait_ringing()
    assert ringing.answered_at is None
    taken = await phone.call(PICK_UP)
    assert await taken.wait_answered(), taken.status
    assert await ringing.wait_answered(), ringing.status
    for one in (taken, ringing):
        assert one.audio is not None
        one.audio.keeps = True
    return taken


def test_a_colleague_takes_a_charged_call_and_it_is_charged_once(town: Town) -> None:
    """From outside to a number whose owner pays, for longer than the first slice."""
    callee, colleague = line_in(town, "vendas"), line_in(town, "vendas")
    plan = town.world.plan(town.world.master)
    did = make_did("ring", tenant=callee.tenant, circuit=callee, plan=plan)
    wait_for_configuration(town.exchange)
    rang: list[Call] = []

    async def note(call: Call) -> None:
        rang.append(call)
        await ring(call)

    town.stage.phone(callee, on_call=note)
    phone = town.stage.phone(colleague)

    async def scene() -> Call:
        call = await call_in(town.carrier.agent, did.raw)
        taken = await take(phone, call)
        await asyncio.sleep(34)
        assert call.ended_at is None and taken.ended_at is None
        await taken.press("5")
        await asyncio.sleep(1)
        assert call.audio is not None and call.audio.digits == "5", "they are connected"
        await taken.hang_up()
        await call.wait_ended(5)
        return call

    call = town.stage.play(scene())

    assert len(rang) == 1
    arrived = record_of(did)
    assert arrived.outcome == "answered"
    assert abs(arrived.duration_ms - call.seconds * 1000) < 300
    # 36 s at R$ 0,10 a minute.
    assert (arrived.circuit_id, charges_of(arrived)) == (callee.pk, [60_000])
    assert balance_u(callee.account) == 10 * MICRO - 60_000
    assert balance_u(colleague.account) == 10 * MICRO
    assert not Cdr.objects.filter(circuit=colleague).exists(), "the call is one"
    assert answering(town, arrived) == [colleague.number]
    assert_settled(town)


def test_who_picks_up_takes_a_place_of_his_own_limit(town: Town) -> None:
    """For as long as the call lasts, and not a moment longer."""
    callee, colleague = line_in(town, "vendas"), line_in(town, "vendas", max_calls=1)
    wait_for_configuration(town.exchange)
    town.stage.phone(callee, on_call=ring)
    phone = town.stage.phone(colleague, on_call=answer)
    first, second = (town.stage.phone(town.world.circuit()) for _ in range(2))

    async def full() -> Call:
        taken = await take(phone, await first.call(callee.number))
        third = await second.call(callee.number)
        await third.wait_ringing()
        refused = await dial(phone, PICK_UP)
        assert (refused.status, third.answered_at) == (486, None), "one call is all he may have"
        assert (await dial(second, colleague.number)).status == 486
        await taken.hang_up()
        return third

    async def free_again(third: Call) -> None:
        again = await take(phone, third)
        await third.hang_up()
        await again.wait_ended(5)

    third = town.stage.play(full())
    wait_until(lambda: not has_a_call(colleague), "his place is free")
    town.stage.play(free_again(third))
    wait_until(lambda: not has_a_call(colleague), "his place is free again")
    assert town.stage.play(dial(second, colleague.number, talk_s=0.5)).status == 200
    refused = Cdr.objects.filter(circuit=colleague, dialled=PICK_UP)
    wait_until(refused.exists, "the attempt is on record")
    assert [one.reason for one in refused] == ["too-many-calls"]
    assert_settled(town)


def test_a_call_of_a_group_is_taken_from_the_member_whose_phone_rings(town: Town) -> None:
    member, colleague = line_in(town, "vendas"), line_in(town, "vendas")
    queue, did = make_queue(town, member)
    town.stage.phone(member, on_call=ring)
    phone = town.stage.phone(colleague)
    wait_for_queue(town, queue, free(member))

    async def scene() -> None:
        call = await call_in(town.carrier.agent, did.raw)
        assert await call.wait_answered(), "the group answers"
        await asyncio.sleep(2)
        taken = await phone.call(PICK_UP)
        assert await taken.wait_answered(), taken.status
        assert taken.audio is not None
        await call.press("7")
        await asyncio.sleep(1)
        assert taken.audio.digits == "7", "they are connected"
        await call.hang_up()
        await taken.wait_ended(5)

    town.stage.play(scene())
    assert answering(town, record_of(did, direction="in")) == [colleague.number]
    assert_settled(town)


def test_the_record_names_the_line_that_it_followed_to(town: Town) -> None:
    line, colleague = town.world.circuit(), town.world.circuit()
    LineService.objects.create(circuit=line, tenant=line.tenant, no_answer=colleague.number)
    LineService.objects.filter(circuit=line).update(ring_s=5)
    did = make_did("ring", tenant=line.tenant, circuit=line)
    town.stage.phone(line, on_call=ring)
    town.stage.phone(colleague, on_call=answer)
    wait_for_configuration(town.exchange)
    town.stage.play(dial(town.carrier.agent, did.raw, caller="1140028922", talk_s=1))
    assert answering(town, record_of(did, direction="in")) == [colleague.number]
    assert_settled(town)


def test_only_lines_of_the_group_take_the_call(town: Town) -> None:
    """Neither another customer's line with a group of that name, nor another group of one's own."""
    caller, callee = town.world.circuit(), line_in(town, "vendas")
    others = {
        "another customer": line_in(town, "vendas", tenant=town.world.customer_a),
        "another group": line_in(town, "suporte"),
        "no group": town.world.circuit(),
    }
    wait_for_configuration(town.exchange)
    town.stage.phone(callee, on_call=ring)
    phones = {name: town.stage.phone(circuit) for name, circuit in others.items()}
    phone = town.stage.phone(caller)

    async def try_all() -> Call:
        call = await phone.call(callee.number)
        await asyncio.sleep(1)
        for name, other in phones.items():
            refused = await dial(other, PICK_UP)
            assert refused.answered_at is None, name
            assert call.answered_at is None, name
        return call

    call = town.stage.play(try_all())
    tried = Cdr.objects.filter(called=PICK_UP, circuit__in=list(others.values()))
    wait_until(lambda: tried.count() == 3, "the attempts are on record")
    facts = {(one.direction, one.outcome, one.price_u) for one in tried}
    assert facts == {("internal", "failed", 0)}

    # A change of group is heard at once.
    LineService.objects.filter(circuit=others["another group"]).update(pickup_group="vendas")
    wait_for_configuration(town.exchange)

    async def take_it() -> None:
        taken = await take(phones["another group"], call)
        await call.hang_up()
        await taken.wait_ended(5)

    town.stage.play(take_it())
    assert_settled(town)


def test_a_suspended_line_takes_no_call(town: Town) -> None:
    callee, colleague = line_in(town, "vendas"), line_in(town, "vendas")
    Circuit.objects.filter(pk=colleague.pk).update(status="suspended")
    wait_for_configuration(town.exchange)
    town.stage.phone(callee, on_call=ring)
    caller, phone = town.stage.phone(town.world.circuit()), town.stage.phone(colleague)

    async def scene() -> None:
        call = await caller.call(callee.number)
        await asyncio.sleep(1)
        refused = await dial(phone, PICK_UP)
        assert refused.answered_at is None and call.answered_at is None
        await call.hang_up()

    town.stage.play(scene())
    tried = Cdr.objects.filter(circuit=colleague)
    wait_until(tried.exists, "the attempt is on record")
    assert tried.get().reason == "suspended"
    assert_settled(town)
