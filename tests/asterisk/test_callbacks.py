"""Calls back: both legs are authorised and charged before they are dialled."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tests.asterisk.conftest import Town
from tests.asterisk.numbers import assert_settled, balance_u, charges_of, record_of
from tests.support.asterisk import wait_until
from tests.support.hearing import Ears
from tests.support.stage import answer, dial, refuse, ring
from tests.support.voice import (
    call_in,
    give_pin,
    make_did,
    make_menu,
    make_prompt,
    ref,
    type_in,
    wait_for_configuration,
)
from tronco.calls.models import Cdr
from tronco.circuits.models import Circuit
from tronco.core.money import MICRO
from tronco.demo.call import Call
from tronco.dids.models import Did
from tronco.routing.models import Trunk
from tronco.sipcore.endpoints import trunk_endpoint

pytestmark = pytest.mark.asterisk
PIN, OUTSIDE = "1357", "1133334444"
_callers = itertools.count(1131000001)
Taking = Callable[[Call], Coroutine[Any, Any, None]]


@pytest.fixture
def payer(town: Town) -> Circuit:
    return town.world.circuit(tenant=town.world.customer_a)


@pytest.fixture
def caller() -> str:
    return str(next(_callers))


async def pick_up(call: Call) -> None:
    """Answer, and listen."""
    call.ring()
    await asyncio.sleep(0.1)
    await call.accept()
    assert call.audio is not None
    call.audio.keeps = True


def called_back(town: Town, caller: str) -> list[Call]:
    return town.carrier.called(f"55{caller}")


async def ask_for_it(town: Town, did: Did, caller: str) -> Call:
    """Call, be hung up on, and be called back; the call back, answered."""
    call = await call_in(town.carrier.agent, did.raw, caller=caller)
    await call.wait_ended(15)
    assert (call.status, call.answered_at) == (486, None)
    for _ in range(100):
        if called_back(town, caller):
            break
        await asyncio.sleep(0.1)
    (back,) = called_back(town, caller)
    assert await back.wait_answered(), back.status
    return back


def test_a_free_call_back_costs_both_legs(
    town: Town, ears: Ears, payer: Circuit, caller: str
) -> None:
    audio = make_prompt(payer.tenant)
    did = make_did("callback", tenant=payer.tenant, payer=payer, callback_audio=audio)
    town.carrier.by_number[f"55{caller}"] = pick_up
    wait_for_configuration(town.exchange)

    async def scene() -> None:
        back = await ask_for_it(town, did, caller)
        assert back.caller == did.raw.removeprefix("55") or back.caller == did.raw
        await type_in(back, ears, ("s:enter-number", f"{OUTSIDE}#"))
        await town.carrier.talk(f"55{OUTSIDE}", 3.2)
        await back.hang_up()

    town.stage.play(scene())

    arrived = record_of(did, direction="in")
    assert (arrived.outcome, arrived.price_u) == ("busy", 0)
    first = record_of(did, direction="out", called=f"+55{caller}")
    second = record_of(did, direction="out", called=f"+55{OUTSIDE}")
    assert {one.explanation["linked"] for one in (first, second)} == {arrived.call_id}
    assert charges_of(first) == charges_of(second) == [50_000, 25_000]
    assert balance_u(payer.account) == 10 * MICRO - 100_000
    assert_settled(town)


def test_after_a_conversation_he_is_asked_for_another_number(
    town: Town, ears: Ears, payer: Circuit, caller: str
) -> None:
    did = make_did("callback", tenant=payer.tenant, payer=payer)
    town.carrier.by_number[f"55{caller}"] = pick_up
    wait_for_configuration(town.exchange)

    async def scene() -> None:
        back = await ask_for_it(town, did, caller)
        for number in (OUTSIDE, "1144445555"):
            await type_in(back, ears, ("s:enter-number", f"{number}#"))
            far = await town.carrier.talk(f"55{number}", 1)
            assert back.audio is not None
            back.audio.heard.clear()
            await far.hang_up()
        await ears.wait(back, "s:enter-number", start_s=0.8)
        await back.hang_up()

    town.stage.play(scene())
    wait_until(lambda: Cdr.objects.filter(did=did).count() == 4, "all calls are on record")
    assert_settled(town)


@pytest.mark.parametrize(
    ("codecs", "number"), [("ulaw", 0), ("g722", 9), ("gsm", 3), ("alaw,ulaw,gsm", 3)]
)
def test_what_is_asked_after_a_conversation_is_heard_in_the_format_of_the_trunks(
    town: Town, payer: Circuit, caller: str, codecs: str, number: int
) -> None:
    did = make_did("callback", tenant=payer.tenant, payer=payer)
    town.carrier.otherwise = pick_up
    speak(town, codecs, number)
    wait_for_configuration(town.exchange)

    async def scene() -> None:
        back = await ask_for_it(town, did, caller)
        for dialled in (OUTSIDE, "1144445555"):
            assert await packets_within(back, 2) > 80, "he is asked for a number"
            await back.press(f"{dialled}#")
            far = await town.carrier.talk(f"55{dialled}", 1)
            assert await packets_within(back, 1) > 30, "they talk"
            await far.hang_up()
        assert await packets_within(back, 2) > 80, "he is asked for another"
        await back.hang_up()

    try:
        town.stage.play(scene())
    finally:
        speak(town, "alaw,ulaw", 8, 0)
    assert_settled(town)


async def packets_within(call: Call, seconds: float) -> int:
    """What is heard soon; nothing is sent in a silence."""
    assert call.audio is not None
    await asyncio.sleep(0.8)
    before = call.audio.packets_in
    await asyncio.sleep(seconds)
    return call.audio.packets_in - before


def speak(town: Town, codecs: str, *numbers: int) -> None:
    """Let trunks and carrier have these formats, `numbers` of `sip.FORMATS`, and no others."""
    town.carrier.agent.formats = numbers
    Trunk.objects.update(codecs=codecs)
    shown = f"({codecs.replace(',', '|')})"

    def is_known() -> bool:
        trunks = (town.world.trunk.pk, town.second_trunk.pk)
        rx = town.exchange.node.rx
        return all(shown in rx(f"pjsip show endpoint {trunk_endpoint(pk)}") for pk in trunks)

    wait_until(is_known, "the switch knows")


def test_the_audio_is_heard_before_it_hangs_up(
    town: Town, ears: Ears, payer: Circuit, caller: str
) -> None:
    audio = make_prompt(payer.tenant)
    did = make_did("callback", tenant=payer.tenant, payer=payer, callback_audio=audio)
    town.carrier.by_number[f"55{caller}"] = refuse(486)
    wait_for_configuration(town.exchange)

    async def scene() -> Call:
        call = await call_in(town.carrier.agent, did.raw, caller=caller)
        await call.wait_ended(15)
        return call

    assert ears.hears(town.stage.play(scene()), ref(audio))
    wait_until(lambda: called_back(town, caller), "the call back")
    assert_settled(town)


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (refuse(486, ring_first=True), "busy"),
        (refuse(480, ring_first=True), "no_answer"),
        (refuse(403), "failed"),
    ],
)
def test_a_call_back_that_nobody_takes_costs_nothing(
    town: Town, payer: Circuit, caller: str, behaviour: Taking, outcome: str
) -> None:
    did = make_did("callback", tenant=payer.tenant, payer=payer)
    town.carrier.by_number[f"55{caller}"] = behaviour
    wait_for_configuration(town.exchange)

    town.stage.play(dial(town.carrier.agent, did.raw, caller=caller))

    first = record_of(did, direction="out")
    assert (first.outcome, first.price_u) == (outcome, 0)
    assert balance_u(payer.account) == 10 * MICRO
    assert_settled(town)


@pytest.mark.parametrize(
    ("fields", "balance", "reason"),
    [({}, 0, "no-credit"), ({"max_day_u": 1}, 10 * MICRO, "too-much-today")],
)
def test_a_call_back_that_cannot_be_paid_is_not_dialled(
    town: Town, caller: str, fields: dict[str, Any], balance: int, reason: str
) -> None:
    payer = town.world.circuit(balance_u=balance)
    did = make_did("callback", tenant=payer.tenant, payer=payer, **fields)
    wait_for_configuration(town.exchange)

    town.stage.play(dial(town.carrier.agent, did.raw, caller=caller))

    first = record_of(did, direction="out")
    assert (first.outcome, first.reason) == ("refused", reason)
    assert not called_back(town, caller)
    assert_settled(town)


@pytest.mark.parametrize(
    ("caller", "fields", "reason"),
    [
        ("anonymous", {}, "caller-unknown"),
        ("+12125550100", {}, "class-not-allowed"),
        ("1140028922", {"payer": None}, "no-payer"),
    ],
)
def test_who_is_not_called_back(
    town: Town, payer: Circuit, caller: str, fields: dict[str, Any], reason: str
) -> None:
    options: dict[str, Any] = {"tenant": payer.tenant, "payer": payer, **fields}
    did = make_did("callback", **options)
    wait_for_configuration(town.exchange)

    call = town.stage.play(dial(town.carrier.agent, did.raw, caller=caller))

    assert call.answered_at is None
    assert record_of(did).reason == reason


def test_nobody_is_called_back_twice_at_once(town: Town, payer: Circuit, caller: str) -> None:
    did = make_did("callback", tenant=payer.tenant, payer=payer)
    town.carrier.by_number[f"55{caller}"] = ring
    wait_for_configuration(town.exchange)

    async def scene() -> None:
        for _ in range(3):
            await dial(town.carrier.agent, did.raw, caller=caller)
        await asyncio.sleep(4)
        await dial(town.carrier.agent, did.raw, caller=caller)
        await asyncio.sleep(4)
        for call in called_back(town, caller):
            call.refuse(486)
        await asyncio.sleep(1)

    town.stage.play(scene())
    assert len(called_back(town, caller)) == 1
    assert_settled(town)


def test_with_authentication_the_line_pays_for_what_is_dialled(
    town: Town, ears: Ears, payer: Circuit, caller: str
) -> None:
    line = town.world.circuit(tenant=payer.tenant)
    give_pin(line, PIN, caller)
    did = make_did("callback_auth", tenant=payer.tenant, payer=payer)
    town.carrier.by_number[f"55{caller}"] = pick_up
    wait_for_configuration(town.exchange)

    async def scene() -> None:
        back = await ask_for_it(town, did, caller)
        await type_in(back, ears, ("s:enter-pin", f"{PIN}#"), ("s:balance-is", f"{OUTSIDE}#"))
        await town.carrier.talk(f"55{OUTSIDE}", 3.2)
        await back.hang_up()

    town.stage.play(scene())

    first = record_of(did, direction="out", called=f"+55{caller}")
    second = record_of(did, direction="out", called=f"+55{OUTSIDE}")
    assert (first.circuit_id, second.circuit_id) == (payer.pk, line.pk)
    assert charges_of(second) == [50_000, 25_000]
    assert balance_u(line.account) == 10 * MICRO - 50_000
    assert_settled(town)


def test_with_authentication_only_who_is_listed(town: Town, payer: Circuit, caller: str) -> None:
    did = make_did("callback_auth", tenant=payer.tenant, payer=payer)
    wait_for_configuration(town.exchange)

    town.stage.play(dial(town.carrier.agent, did.raw, caller=caller))

    assert record_of(did).reason == "not-in-portal"


def test_a_reverse_menu_calls_back_into_the_menu(
    town: Town, ears: Ears, payer: Circuit, caller: str
) -> None:
    desk = town.world.circuit(tenant=payer.tenant)
    menu = make_menu(payer.tenant, {"1": {"action": "circuit", "circuit": desk}})
    did = make_did("reverse_menu", tenant=payer.tenant, payer=payer, menu=menu)
    town.carrier.by_number[f"55{caller}"] = pick_up
    town.stage.phone(desk, on_call=answer)
    wait_for_configuration(town.exchange)

    async def scene() -> None:
        back = await ask_for_it(town, did, caller)
        await ears.wait(back, ref(menu.greeting), start_s=0.4)
        await back.press("1")
        await asyncio.sleep(3)
        await back.hang_up()

    town.stage.play(scene())

    first = record_of(did, direction="out")
    assert (first.circuit_id, first.outcome) == (payer.pk, "answered")
    assert charges_of(first)[0] > 0
    rung = record_of(did, direction="internal")
    assert (rung.circuit_id, rung.outcome, rung.price_u) == (desk.pk, "answered", 0)
    assert_settled(town)


def test_what_was_asked_for_long_ago_is_not_done(town: Town, payer: Circuit, caller: str) -> None:
    """Call control was away when the caller hung up, and comes back much later."""
    did = make_did("callback", tenant=payer.tenant, payer=payer)
    wait_for_configuration(town.exchange)
    spool = town.exchange.settings.spool
    long_ago = time.strftime("%Y%m%dT%H%M%S.000", time.gmtime(time.time() - 60))
    with spool.open("a") as file:
        file.write(
            f"E|node1-{int(time.time()) - 61}.999|{long_ago}||BUSY|17||callback"
            f"|PJSIP/trunk~1-0000ffff|{did.raw}|{caller}||callback=%2B55{caller}"
            f"&payer={payer.number}&did={did.pk}&tenant={did.tenant_id}&shown=%2B{did.raw}\n"
        )

    wait_until(Cdr.objects.filter(did=did).exists, "the record")
    time.sleep(4)
    assert not called_back(town, caller)
