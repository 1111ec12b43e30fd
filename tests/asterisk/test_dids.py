"""What a number of ours does when it rings: who may call, what rings, what it costs whom."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pgtrigger
import pytest

from tests.asterisk.conftest import Town
from tests.asterisk.numbers import assert_settled, balance_u, charges_of, record_of
from tests.support.asterisk import wait_until
from tests.support.hearing import Ears
from tests.support.stage import Carrier, answer, dial, refuse, ring
from tests.support.voice import (
    LANDLINE,
    MOBILE,
    call_in,
    make_did,
    make_menu,
    make_prompt,
    ref,
    wait_for_configuration,
)
from tronco.calls.models import Cdr
from tronco.circuits.models import Circuit
from tronco.core.money import MICRO
from tronco.demo.call import Call
from tronco.dids.models import ClosedDestination, Did
from tronco.pbx.models import LineService, Schedule, Voicemail

pytestmark = pytest.mark.asterisk


def ring_did(line: Circuit, **fields: object) -> Did:
    return make_did("ring", tenant=line.tenant, circuit=line, **fields)


def follow(line: Circuit, **fields: object) -> None:
    LineService.objects.create(circuit=line, tenant=line.tenant, ring_s=5, **fields)


# -- who may call ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "caller", "status", "reason"),
    [
        ({"allowed_callers": ["fixed"]}, MOBILE, 403, "caller-not-allowed"),
        ({"allowed_callers": ["mobile"]}, LANDLINE, 403, "caller-not-allowed"),
        ({"allowed_callers": ["fixed", "mobile"]}, "+12125550100", 403, "caller-not-allowed"),
        ({"allowed_callers": ["fixed", "mobile"]}, "anonymous", 403, "caller-not-allowed"),
        ({"state": "quarantine"}, LANDLINE, 404, "number-not-in-use"),
        ({"state": "available"}, LANDLINE, 404, "number-not-in-use"),
        ({"is_active": False}, LANDLINE, 404, "number-not-in-use"),
        ({"reverse_charging": True}, "anonymous", 403, "caller-unknown"),
        ({"circuit": None}, LANDLINE, 480, "nobody-there"),
        ({"mode": "test", "circuit": None, "reverse_charging": True}, LANDLINE, 403, "no-payer"),
    ],
)
def test_who_may_not_call(
    town: Town, fields: dict[str, Any], caller: str, status: int, reason: str
) -> None:
    line = town.world.circuit()
    options: dict[str, Any] = {"tenant": line.tenant, "circuit": line, **fields}
    did = make_did(options.pop("mode", "ring"), **options)
    town.stage.phone(line, on_call=answer)
    wait_for_configuration(town.exchange)

    call = town.stage.play(dial(town.carrier.agent, did.raw, talk_s=0.1, caller=caller))

    record = record_of(did)
    assert (call.status, record.outcome, record.reason) == (status, "refused", reason)
    assert (record.tenant_id, record.price_u) == (line.tenant_id, 0)


def test_the_error_is_told_where_the_number_says_so(town: Town, ears: Ears) -> None:
    line = town.world.circuit()
    loud, mute = (
        ring_did(line, state=Did.State.QUARANTINE, says_errors=says) for says in (True, False)
    )
    own = make_prompt(town.world.master, system_key="invalid-number")
    wait_for_configuration(town.exchange)

    async def scene(did: Did) -> Call:
        call = await call_in(town.carrier.agent, did.raw)
        await call.wait_ended(15)
        return call

    try:
        assert ears.hears(town.stage.play(scene(loud)), ref(own))
        silent = town.stage.play(scene(mute))
        assert silent.audio is not None and not silent.audio.sounds
        assert silent.answered_at is None
    finally:
        own.delete()


def test_as_many_calls_as_the_number_may_have(town: Town) -> None:
    line = town.world.circuit(max_calls=None)
    did = ring_did(line, max_calls=2)
    town.stage.phone(line, on_call=answer)
    wait_for_configuration(town.exchange)

    async def scene() -> list[int]:
        calls = [await town.carrier.agent.call(did.raw, caller=LANDLINE) for _ in range(4)]
        await asyncio.gather(*(call.wait_answered() for call in calls))
        for call in calls:
            await call.hang_up()
        return sorted(call.status for call in calls)

    assert town.stage.play(scene()) == [200, 200, 486, 486]
    assert_settled(town)


# -- a line that rings ----------------------------------------------------------------------------


def test_the_display_shows_who_calls_and_through_which_number(town: Town) -> None:
    line = town.world.circuit()
    did = ring_did(line, caller_tag="Vendas São João")
    headers: list[str] = []

    async def look(call: Call) -> None:
        headers.append(call.invitation.get("from"))
        await answer(call)

    town.stage.phone(line, on_call=look)
    wait_for_configuration(town.exchange)

    town.stage.play(dial(town.carrier.agent, did.raw, talk_s=0.1, caller=LANDLINE))

    assert headers[0].startswith('"Vendas Sao Joao" <sip:1140028922@')


@pytest.mark.parametrize(
    ("when", "behaviour"),
    [
        ("always", None),
        ("busy", refuse(486, ring_first=True)),
        ("no_answer", ring),
        ("offline", None),
    ],
)
def test_a_line_follows_to_another_number_at_its_own_expense(
    town: Town, when: str, behaviour: object
) -> None:
    line = town.world.circuit(tenant=town.world.customer_a)
    did = ring_did(line)
    follow(line, **{when: "1133334444"})
    if when != "offline":
        town.stage.phone(line, on_call=behaviour or answer)  # type: ignore[arg-type]
    wait_for_configuration(town.exchange)

    call = town.stage.play(dial(town.carrier.agent, did.raw, talk_s=3.2, caller=LANDLINE))

    assert call.status == 200
    arrived = record_of(did)
    assert (arrived.outcome, arrived.price_u) == ("answered", 0)
    leg = Cdr.objects.get(circuit=line, direction="out")
    assert (leg.called, leg.caller, leg.outcome) == ("+551133334444", did.e164, "answered")
    assert leg.explanation["linked"] == arrived.call_id
    # 30 s at R$ 0,10 for the customer and 0,05 for his reseller; the carrier takes 0,03.
    assert (charges_of(leg), leg.cost_u) == ([50_000, 25_000], 15_000)
    assert balance_u(line.account) == 10 * MICRO - 50_000
    assert_settled(town)


def test_a_line_with_all_its_calls_follows_as_if_busy(town: Town) -> None:
    line = town.world.circuit(max_calls=1)
    did = ring_did(line)
    follow(line, busy="1133334444")
    phone = town.stage.phone(line)
    wait_for_configuration(town.exchange)

    async def scene() -> Call:
        talk = await phone.call("1122223333")
        assert await talk.wait_answered()
        call = await dial(town.carrier.agent, did.raw, talk_s=0.3, caller=LANDLINE)
        await talk.hang_up()
        return call

    assert town.stage.play(scene()).status == 200
    assert len(town.carrier.called("551133334444")) == 1
    assert_settled(town)


def test_two_lines_that_follow_each_other_end(town: Town) -> None:
    one, other = town.world.circuit(), town.world.circuit()
    first, second = ring_did(one), ring_did(other)
    follow(one, always=second.e164)
    follow(other, always=first.e164)
    town.stage.phone(one, on_call=ring)
    town.stage.phone(other, on_call=ring)
    wait_for_configuration(town.exchange)

    async def scene() -> Call:
        call = await town.carrier.agent.call(first.raw, caller=LANDLINE)
        await asyncio.sleep(3)
        await call.hang_up()
        await call.wait_ended()
        return call

    town.stage.play(scene())
    wait_until(lambda: Cdr.objects.filter(did=first).exists(), "the record")
    assert Cdr.objects.filter(circuit__in=[one, other]).count() < 10
    assert_settled(town)


def test_a_line_takes_a_message(town: Town, ears: Ears) -> None:
    line = town.world.circuit()
    did = ring_did(line)
    greeting = make_prompt(line.tenant)
    follow(line, voicemail=True, voicemail_greeting=greeting)
    wait_for_configuration(town.exchange)

    async def scene() -> Call:
        call = await call_in(town.carrier.agent, did.raw, tone_hz=800)
        assert await call.wait_answered()
        await ears.wait(call, ref(greeting), start_s=0.4)
        await ears.wait(call, "s:beep", start_s=0.1, timeout_s=15)
        await asyncio.sleep(2.5)
        await call.hang_up()  # his message counts all the same
        return call

    town.stage.play(scene())
    wait_until(Voicemail.objects.filter(circuit=line).exists, "the message")
    message = Voicemail.objects.get(circuit=line)
    assert message.caller == LANDLINE
    assert 1500 < message.duration_ms < 4000
    assert message.call_id == record_of(did).call_id
    assert_settled(town)


# -- money ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        # By the class of who calls, as seen from the number: 30 s of a local fixed, of a mobile.
        (LANDLINE, [50_000, 25_000]),
        (MOBILE, [150_000, 75_000]),
    ],
)
def test_reverse_charging_by_who_calls(town: Town, caller: str, expected: list[int]) -> None:
    line = town.world.circuit(tenant=town.world.customer_a)
    did = ring_did(line, reverse_charging=True)
    town.stage.phone(line, on_call=answer)
    wait_for_configuration(town.exchange)
    reseller = town.world.reseller_account(town.world.reseller_a)
    before_u = balance_u(reseller)

    town.stage.play(dial(town.carrier.agent, did.raw, talk_s=3.2, caller=caller))

    record = record_of(did)
    assert (record.direction, record.outcome, charges_of(record)) == ("in", "answered", expected)
    assert balance_u(line.account) == 10 * MICRO - expected[0]
    assert balance_u(reseller) == before_u - expected[1]
    assert_settled(town)


def test_without_credit_it_is_refused_before_it_is_answered(town: Town, ears: Ears) -> None:
    line = town.world.circuit(balance_u=0)
    did = ring_did(line, reverse_charging=True)
    town.stage.phone(line, on_call=answer)
    wait_for_configuration(town.exchange)

    async def scene() -> Call:
        call = await call_in(town.carrier.agent, did.raw)
        await call.wait_ended(15)
        return call

    call = town.stage.play(scene())

    assert (call.status, call.answered_at) == (402, None)
    assert ears.hears(call, "s:no-credit")
    record = record_of(did)
    assert (record.reason, record.price_u) == ("no-credit", 0)


def test_a_suspended_line_goes_on_receiving_for_thirty_days(town: Town) -> None:
    line, late = town.world.circuit(), town.world.circuit()
    did, late_did = ring_did(line), ring_did(late)
    for one in (line, late):
        town.stage.phone(one, on_call=answer)
        one.status = Circuit.Status.SUSPENDED
        one.save()
    with pgtrigger.ignore("circuits.CircuitEvent:append_only"):
        event = late.events.order_by("-pgh_id").first()  # type: ignore[attr-defined]
        event.pgh_created_at -= timedelta(days=31)
        event.save()
    wait_for_configuration(town.exchange)

    assert town.stage.play(dial(town.carrier.agent, did.raw, talk_s=0.1)).status == 200
    assert town.stage.play(dial(town.carrier.agent, late_did.raw, talk_s=0.1)).status == 403
    assert record_of(late_did).reason == "suspended"


# -- to another's switch --------------------------------------------------------------------------


@pytest.fixture
def peer(town: Town) -> Carrier:
    """A switch that knows nothing of us."""
    return town.stage.carrier("127.0.0.9", 0)


def test_forward_by_address_is_paid_by_the_line(town: Town, peer: Carrier) -> None:
    line = town.world.circuit(tenant=town.world.customer_a)
    did = make_did(
        "ip",
        tenant=line.tenant,
        payer=line,
        techprefix="9955",
        ip_address="127.0.0.9",
        ip_port=peer.agent.port,
    )
    wait_for_configuration(town.exchange)

    call = town.stage.play(dial(town.carrier.agent, did.raw, talk_s=3.2, caller=LANDLINE))

    assert call.status == 200
    (arrived,) = peer.calls
    assert (arrived.dialled, arrived.caller) == (f"9955{did.raw}", LANDLINE)
    record = record_of(did)
    assert (record.outcome, record.circuit_id) == ("answered", line.pk)
    assert charges_of(record) == [50_000, 25_000]
    assert_settled(town)


def test_the_backup_is_tried_where_the_first_fails(town: Town, peer: Carrier) -> None:
    line = town.world.circuit()
    did = make_did(
        "ip",
        tenant=line.tenant,
        payer=line,
        ip_address="127.0.0.9",
        ip_port=peer.agent.port,
        techprefix="1",
        backup_address="127.0.0.9",
        backup_port=peer.agent.port,
        backup_techprefix="2",
    )
    peer.by_number[f"1{did.raw}"] = refuse(503)
    wait_for_configuration(town.exchange)

    call = town.stage.play(dial(town.carrier.agent, did.raw, talk_s=0.2, caller=LANDLINE))

    assert call.status == 200
    assert [one.dialled[0] for one in peer.calls] == ["1", "2"]
    assert_settled(town)


# -- by the hour, from within, and by itself ------------------------------------------------------


def test_outside_of_its_hours_a_number_does_something_else(town: Town, ears: Ears) -> None:
    line, night = town.world.circuit(), town.world.circuit()
    never = Schedule.objects.create(tenant=line.tenant, name="nunca")
    said = make_prompt(line.tenant)
    rings, says = ring_did(line, schedule=never), ring_did(line, schedule=never)
    ClosedDestination.objects.create(did=rings, tenant=line.tenant, action="circuit", circuit=night)
    ClosedDestination.objects.create(did=says, tenant=line.tenant, action="prompt", prompt=said)
    town.stage.phone(night, on_call=answer)
    wait_for_configuration(town.exchange)

    async def scene() -> Call:
        call = await call_in(town.carrier.agent, says.raw)
        await call.wait_ended(10)
        return call

    assert town.stage.play(dial(town.carrier.agent, rings.raw, talk_s=0.1)).status == 200
    assert record_of(rings).circuit_id == night.pk
    assert ears.hears(town.stage.play(scene()), ref(said))
    assert_settled(town)


def test_a_number_of_ours_is_reached_from_within_too(town: Town, ears: Ears) -> None:
    """Who calls pays for his call, the number's owner for its own; each has a record."""
    caller = town.world.circuit()
    owner = town.world.circuit(tenant=town.world.customer_b)
    menu = make_menu(owner.tenant, {"1": {"action": "circuit", "circuit": owner}})
    did = make_did("menu", tenant=owner.tenant, menu=menu, circuit=owner, reverse_charging=True)
    ring_did(caller)  # so that it shows a number
    phone = town.stage.phone(caller)
    town.stage.phone(owner, on_call=answer)
    wait_for_configuration(town.exchange)

    async def scene() -> Call:
        call = await phone.call(did.e164)
        assert call.audio is not None
        call.audio.keeps = True
        assert await call.wait_answered(), call.status
        await ears.wait(call, ref(menu.greeting), start_s=0.4)
        await call.press("1")
        await asyncio.sleep(3.2)
        await call.hang_up()
        return call

    town.stage.play(scene())

    made = Cdr.objects.filter(circuit=caller)
    wait_until(made.exists, "the caller's record")
    assert (made.get().outcome, made.get().price_u) == ("answered", 50_000)
    arrived = record_of(did, direction="in")
    assert charges_of(arrived) == [50_000, 25_000]
    assert_settled(town)


def test_the_audio_test_lets_one_hear_oneself(town: Town, ears: Ears) -> None:
    did = make_did("test", tenant=town.world.customer)
    wait_for_configuration(town.exchange)

    async def scene() -> Call:
        call = await call_in(town.carrier.agent, did.raw, tone_hz=1000)
        assert await call.wait_answered()
        await ears.wait(call, "s:audio-test", start_s=3, timeout_s=20)
        await ears.wait(call, "s:beep", start_s=0.1)
        assert call.audio is not None
        before = len(call.audio.sounds)
        await asyncio.sleep(1.5)
        heard = call.audio.sounds[before + 20 :]
        await call.hang_up()
        assert heard and all(sound.hz == 1000 for sound in heard[:40]), heard[:5]
        return call

    town.stage.play(scene())
    assert record_of(did).outcome == "answered"
    assert_settled(town)


def test_an_owner_of_symmetric_rtp_gets_it(town: Town) -> None:
    """The audio goes straight between supplier and telephone: Asterisk hears no more of it."""
    line = town.world.circuit()
    direct, usual = ring_did(line, audio=Did.Audio.DIRECT), ring_did(line)
    heard: list[Call] = []

    async def pick_up(call: Call) -> None:
        heard.append(call)
        await answer(call)

    town.stage.phone(line, on_call=pick_up)
    wait_for_configuration(town.exchange)

    for did in (direct, usual):
        town.stage.play(dial(town.carrier.agent, did.raw, talk_s=1.5, caller=LANDLINE))

    through = [{host for host, _ in call.audio.sources} for call in heard if call.audio]
    assert "127.0.0.2" in through[0]
    assert "127.0.0.2" not in through[1]
