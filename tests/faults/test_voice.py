"""`kill -9` of call control while callers are in menus, at the card's desk, or between two legs.

Nobody is left in silence, whoever may go on goes on, and afterwards the switch is empty, nothing is
held, and every call is on record and charged once.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.asterisk.conftest import Town, ears, quiet_carriers, town
from tests.asterisk.numbers import assert_settled, balance_u, charges_of, record_of
from tests.support.asterisk import SECRET_KEY, wait_until
from tests.support.hearing import Ears
from tests.support.stage import answer, ring
from tests.support.voice import (
    call_in,
    make_did,
    make_menu,
    ref,
    type_in,
    wait_for_configuration,
)
from tests.support.world import make_account
from tronco.callingcards.models import Card, CardSeries
from tronco.calls.models import Cdr
from tronco.charging.models import Account, Hold
from tronco.circuits.models import Circuit
from tronco.core.money import MICRO
from tronco.core.pins import hash_pin
from tronco.demo.call import Call
from tronco.dids.models import Did
from tronco.pbx.models import Menu, Queue, QueueMember
from tronco.sipcore.queues import queue_name

__all__ = ["ears", "quiet_carriers", "town"]
pytestmark = [pytest.mark.asterisk, pytest.mark.faults]
PIN, OUTSIDE = "2468", "1133334444"
# A question is waited for ten seconds; then the caller is told, and the call ends.
LONGEST_SILENCE_S = 20.0
_callers = itertools.count(1132000001)
_cards = itertools.count(9000000001)
Doing = Callable[[Town, Call], Coroutine[Any, Any, None]]


@contextlib.contextmanager
def without_sipcore(town: Town) -> Iterator[None]:
    town.exchange.kill_sipcore()
    try:
        yield
    finally:
        town.exchange.start_sipcore()


def assert_nothing_is_left(town: Town) -> None:
    """Neither in the switch nor in the books."""
    wait_until(lambda: not channels(town), "no channel is left", timeout_s=15)
    assert_settled(town)


def channels(town: Town) -> str:
    return town.exchange.node.rx("core show channels concise").strip()


def assert_was_told(call: Call, ears: Ears) -> None:
    """He heard that something went wrong, and was hung up on."""
    assert call.hung_up_by == "them"
    assert ears.hears(call, "s:error")


@pytest.fixture
def caller() -> str:
    return str(next(_callers))


@pytest.fixture
def line(town: Town) -> Circuit:
    """Of a customer of a reseller, with a telephone that answers."""
    line = town.world.circuit(tenant=town.world.customer_a)
    town.stage.phone(line, on_call=answer)
    return line


# -- what the caller does meanwhile ---------------------------------------------------------------


async def presses_a_key(town: Town, call: Call) -> None:
    await call.press("1")
    await call.wait_ended(LONGEST_SILENCE_S)


async def waits(town: Town, call: Call) -> None:
    await call.wait_ended(LONGEST_SILENCE_S)


async def hangs_up(town: Town, call: Call) -> None:
    """After more than what is too short to be charged."""
    await asyncio.sleep(4)
    await call.hang_up()


async def is_hung_up_on(town: Town, call: Call) -> None:
    """By whom he has called; then he should be asked for another number."""
    await asyncio.sleep(4)
    await town.carrier.called(f"55{OUTSIDE}")[0].hang_up()
    await call.wait_ended(LONGEST_SILENCE_S)


# -- menus and groups -----------------------------------------------------------------------------


@pytest.fixture
def menu_number(line: Circuit) -> Did:
    """A menu whose calls the line pays for, so that each holds money while it runs."""
    menu = make_menu(line.tenant, {"1": {"action": "circuit", "circuit": line}})
    return make_did("menu", tenant=line.tenant, menu=menu, payer=line, reverse_charging=True)


async def enter_menu(town: Town, ears: Ears, did: Did, caller: str) -> Call:
    call = await call_in(town.carrier.agent, did.raw, caller=caller)
    assert await call.wait_answered(), call.status
    assert did.menu is not None
    await ears.wait(call, ref(did.menu.greeting), start_s=0.3)
    return call


@pytest.mark.parametrize("does", [presses_a_key, waits, hangs_up])
def test_killed_while_a_caller_listens_to_a_menu(
    town: Town, ears: Ears, line: Circuit, menu_number: Did, caller: str, does: Doing
) -> None:
    wait_for_configuration(town.exchange)
    call = town.stage.play(enter_menu(town, ears, menu_number, caller))
    assert Hold.objects.filter(state="pending", account=line.account).exists()
    with without_sipcore(town):
        town.stage.play(does(town, call))

    if does is not hangs_up:
        assert_was_told(call, ears)
    arrived = record_of(menu_number, direction="in")
    assert (arrived.outcome, charges_of(arrived)) == ("answered", [50_000, 25_000])
    assert abs(arrived.duration_ms - call.seconds * 1000) < 500
    assert balance_u(line.account) == 10 * MICRO - 50_000
    assert_nothing_is_left(town)


def test_whoever_is_still_in_the_menu_when_it_is_back_goes_on(
    town: Town, ears: Ears, line: Circuit, menu_number: Did, caller: str
) -> None:
    """Call control keeps nothing of him between two steps."""
    Menu.objects.filter(tenant=line.tenant).update(first_digit_s=30)
    wait_for_configuration(town.exchange)
    call = town.stage.play(enter_menu(town, ears, menu_number, caller))
    with without_sipcore(town):
        pass

    async def go_on() -> None:
        await call.press("1")
        await asyncio.sleep(3)
        assert call.ended_at is None
        await call.hang_up()

    town.stage.play(go_on())
    rung = record_of(menu_number, direction="internal")
    assert (rung.outcome, rung.circuit_id) == ("answered", line.pk)
    assert rung.explanation["linked"] == record_of(menu_number, direction="in").call_id
    assert_nothing_is_left(town)


def test_killed_while_a_caller_waits_in_a_group(
    town: Town, ears: Ears, line: Circuit, caller: str
) -> None:
    """Music goes on, and when his time is over he is told."""
    member = town.world.circuit(tenant=line.tenant)
    queue = Queue.objects.create(
        tenant=line.tenant, name="Espera", announces_position=False, max_wait_s=8, ring_s=5
    )
    QueueMember.objects.create(queue=queue, tenant=line.tenant, circuit=member)
    did = make_did("queue", tenant=line.tenant, queue=queue, payer=line, reverse_charging=True)
    town.stage.phone(member, on_call=ring)
    wait_for_configuration(town.exchange)
    wait_until(
        lambda: "(Not in use)" in town.exchange.node.rx(f"queue show {queue_name(queue.pk)}"),
        "the switch sees the member's telephone",
    )

    async def begin() -> Call:
        call = await call_in(town.carrier.agent, did.raw, caller=caller)
        assert await call.wait_answered(), call.status
        await ears.wait(call, "s:music", start_s=1)
        return call

    call = town.stage.play(begin())
    with without_sipcore(town):
        town.stage.play(waits(town, call))
    assert_was_told(call, ears)
    assert charges_of(record_of(did, direction="in")) == [50_000, 25_000]
    assert_nothing_is_left(town)


# -- cards ----------------------------------------------------------------------------------------


@pytest.fixture
def card(town: Town) -> Card:
    """Of reseller A's, with R$ 0,05: thirty seconds, which is also the first slice."""
    seller, number = town.world.reseller_a, str(next(_cards))
    plan = town.world.plan(seller)
    series = CardSeries.objects.create(
        tenant=seller, name=f"série {number}", plan=plan, face_value_u=50_000
    )
    account = make_account(seller, plan, balance_u=50_000, role=Account.Role.CARD)
    return Card.objects.create(
        tenant=seller,
        series=series,
        account=account,
        number=number,
        pin_hash=hash_pin(PIN, key=SECRET_KEY),
        status=Card.Status.ACTIVE,
    )


@pytest.fixture
def card_number(town: Town) -> Did:
    return make_did("card", tenant=town.world.reseller_a)


async def show_card(town: Town, ears: Ears, card: Card, did: Did, caller: str) -> Call:
    """Until he is asked whom to call."""
    call = await call_in(town.carrier.agent, did.raw, caller=caller)
    assert await call.wait_answered(), call.status
    await type_in(
        call,
        ears,
        ("s:enter-card", f"{card.number}#"),
        ("s:enter-card-pin", f"{PIN}#"),
        ("s:balance-is", ""),
    )
    return call


async def talk_by_card(town: Town, ears: Ears, card: Card, did: Did, caller: str) -> Call:
    call = await show_card(town, ears, card, did, caller)
    await call.press(f"{OUTSIDE}#")
    for _ in range(100):
        if any(far.answered_at for far in town.carrier.called(f"55{OUTSIDE}")):
            return call
        await asyncio.sleep(0.1)
    raise AssertionError("the call by card was not connected")


async def talks_until_the_money_is_spent(town: Town, call: Call) -> None:
    far = town.carrier.called(f"55{OUTSIDE}")[0]
    await far.wait_ended(40)
    assert 29 < far.seconds < 32, "the deadline holds with nobody to watch it"
    await call.wait_ended(LONGEST_SILENCE_S)


@pytest.mark.parametrize("does", [is_hung_up_on, hangs_up, talks_until_the_money_is_spent])
def test_killed_while_somebody_talks_by_card(
    town: Town, ears: Ears, card: Card, card_number: Did, caller: str, does: Doing
) -> None:
    wait_for_configuration(town.exchange)
    call = town.stage.play(talk_by_card(town, ears, card, card_number, caller))
    assert Hold.objects.filter(state="pending", account=card.account).exists()
    with without_sipcore(town):
        town.stage.play(does(town, call))

    if does is not hangs_up:
        assert_was_told(call, ears)
    leg = record_of(card_number, direction="out")
    assert (leg.outcome, leg.account_id, charges_of(leg)) == (
        "answered",
        card.account_id,
        [50_000, 25_000],
    )
    arrived = record_of(card_number, direction="in")
    assert leg.explanation["linked"] == arrived.call_id
    assert abs(arrived.duration_ms - call.seconds * 1000) < 500
    assert balance_u(card.account) == 0
    assert_nothing_is_left(town)


def test_killed_while_a_card_is_typed(
    town: Town, ears: Ears, card: Card, card_number: Did, caller: str
) -> None:
    """He is told; the card lost nothing, and may be used at once when all is well again."""
    wait_for_configuration(town.exchange)
    call = town.stage.play(show_card(town, ears, card, card_number, caller))

    async def types_the_number() -> None:
        await call.press(f"{OUTSIDE}#")
        await call.wait_ended(LONGEST_SILENCE_S)

    with without_sipcore(town):
        town.stage.play(types_the_number())
    assert_was_told(call, ears)
    assert not town.carrier.called(f"55{OUTSIDE}")
    assert_nothing_is_left(town)

    again = town.stage.play(talk_by_card(town, ears, card, card_number, caller))
    time.sleep(4)
    town.stage.play(again.hang_up())
    assert charges_of(record_of(card_number, direction="out", outcome="answered")) == [
        50_000,
        25_000,
    ]
    assert_nothing_is_left(town)


# -- call-backs -----------------------------------------------------------------------------------


@pytest.fixture
def callback_number(line: Circuit) -> Did:
    return make_did("callback", tenant=line.tenant, payer=line)


def called_back(town: Town, caller: str) -> list[Call]:
    return town.carrier.called(f"55{caller}")


async def ask_to_be_called_back(town: Town, did: Did, caller: str) -> None:
    call = await call_in(town.carrier.agent, did.raw, caller=caller)
    await call.wait_ended(15)
    assert (call.status, call.answered_at) == (486, None)


async def listen(call: Call) -> None:
    """Answer after a while, and listen."""
    call.ring()
    await asyncio.sleep(1.5)
    await call.accept()
    assert call.audio is not None
    call.audio.keeps = True


def test_killed_before_it_called_back(
    town: Town, callback_number: Did, caller: str, line: Circuit
) -> None:
    """The wish is in the spool: he is called back by whoever reads it next, once."""
    town.carrier.by_number[f"55{caller}"] = listen
    wait_for_configuration(town.exchange)
    town.stage.play(ask_to_be_called_back(town, callback_number, caller))
    wait_until(Cdr.objects.filter(did=callback_number).exists, "his call is on record")
    with without_sipcore(town):
        assert not called_back(town, caller)
    wait_until(lambda: called_back(town, caller), "he is called back", timeout_s=15)
    time.sleep(5)
    (back,) = called_back(town, caller)
    town.stage.play(back.hang_up())
    first = record_of(callback_number, direction="out")
    assert charges_of(first) == [50_000, 25_000]
    assert balance_u(line.account) == 10 * MICRO - 50_000
    assert_nothing_is_left(town)


@pytest.mark.parametrize("is_answered", [False, True], ids=["while it rings", "before he dials"])
def test_killed_between_the_two_legs(
    town: Town, ears: Ears, callback_number: Did, caller: str, line: Circuit, is_answered: bool
) -> None:
    town.carrier.by_number[f"55{caller}"] = listen
    wait_for_configuration(town.exchange)
    town.stage.play(ask_to_be_called_back(town, callback_number, caller))
    wait_until(lambda: called_back(town, caller), "he is called back", timeout_s=15)
    (back,) = called_back(town, caller)
    if is_answered:
        town.stage.play(back.wait_answered())
        town.stage.play(ears.wait(back, "s:enter-number"))

    async def dials() -> None:
        assert await back.wait_answered(), back.status
        if is_answered:
            await back.press(f"{OUTSIDE}#")
        await back.wait_ended(LONGEST_SILENCE_S)

    with without_sipcore(town):
        town.stage.play(dials())
    assert_was_told(back, ears)
    assert not town.carrier.called(f"55{OUTSIDE}")
    first = record_of(callback_number, direction="out")
    assert (first.called, first.outcome) == (f"+55{caller}", "answered")
    assert charges_of(first) == [50_000, 25_000]
    assert balance_u(line.account) == 10 * MICRO - 50_000
    assert_nothing_is_left(town)


def test_killed_while_both_legs_talk(
    town: Town, ears: Ears, callback_number: Did, caller: str, line: Circuit
) -> None:
    town.carrier.by_number[f"55{caller}"] = listen
    wait_for_configuration(town.exchange)
    town.stage.play(ask_to_be_called_back(town, callback_number, caller))
    wait_until(lambda: called_back(town, caller), "he is called back", timeout_s=15)
    (back,) = called_back(town, caller)
    town.stage.play(back.wait_answered())
    town.stage.play(type_in(back, ears, ("s:enter-number", f"{OUTSIDE}#")))
    wait_until(
        lambda: any(far.answered_at for far in town.carrier.called(f"55{OUTSIDE}")), "they talk"
    )
    with without_sipcore(town):
        town.stage.play(is_hung_up_on(town, back))
    assert back.hung_up_by == "them"
    assert ears.hears(back, "s:error")
    for called in (caller, OUTSIDE):
        leg = record_of(callback_number, direction="out", called=f"+55{called}")
        assert (leg.outcome, charges_of(leg)) == ("answered", [50_000, 25_000])
    assert balance_u(line.account) == 10 * MICRO - 100_000
    assert_nothing_is_left(town)


# -- at any moment --------------------------------------------------------------------------------


def test_killed_again_and_again_while_many_call(
    town: Town, ears: Ears, line: Circuit, menu_number: Did, callback_number: Did, card_number: Did
) -> None:
    """Wherever each of them stands just then, all of them come out, and the books are whole."""
    Circuit.objects.filter(pk=line.pk).update(max_calls=None)
    numbers = [menu_number.raw, callback_number.raw, card_number.raw]
    finished: list[Call] = []

    async def call_and_type(chance: random.Random) -> None:
        caller = str(next(_callers))
        for _ in range(4):
            call = await town.carrier.agent.call(chance.choice(numbers), caller=caller)
            give_up_at = time.monotonic() + chance.uniform(3, 7)
            while call.ended_at is None and time.monotonic() < give_up_at:
                await asyncio.sleep(chance.uniform(0.2, 1.5))
                await call.press(chance.choice("19#"))
            await call.hang_up()
            await call.wait_ended(10)
            finished.append(call)

    async def everybody() -> None:
        await asyncio.gather(*(call_and_type(random.Random(seed)) for seed in range(12)))

    async def answer_and_leave(call: Call) -> None:
        await answer(call)
        await asyncio.sleep(4)
        await call.hang_up()

    town.carrier.otherwise = answer_and_leave
    wait_for_configuration(town.exchange)
    chance = random.Random(7)
    with ThreadPoolExecutor(1) as beside:
        playing = beside.submit(town.stage.play, everybody())
        for _ in range(3):
            time.sleep(chance.uniform(2, 4))
            with without_sipcore(town):
                time.sleep(chance.uniform(0.2, 1))
        playing.result()
    assert len(finished) == 48
    answered = sum(call.answered_at is not None for call in finished)
    assert answered >= 5
    # Those that are called back come later.
    time.sleep(5)
    assert_nothing_is_left(town)
    records = Cdr.objects.filter(did__raw__in=numbers, direction="in", outcome="answered")
    assert records.count() == answered
