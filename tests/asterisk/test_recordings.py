"""Recorded calls on a real switch: who is heard in the file, who is told, what is never there."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.asterisk.conftest import Town
from tests.asterisk.numbers import assert_settled, balance_u, record_of
from tests.asterisk.test_queues import free, make_queue, wait_for_queue
from tests.support.asterisk import wait_until
from tests.support.hearing import Ears
from tests.support.stage import Behaviour, dial
from tests.support.voice import (
    MOBILE,
    call_in,
    give_pin,
    make_did,
    type_in,
    wait_for_configuration,
)
from tronco.calls.models import Cdr
from tronco.circuits.models import Circuit
from tronco.demo.call import Call
from tronco.pbx.models import LineService
from tronco.recordings import files
from tronco.recordings.models import Policy, Recording, Rule

pytestmark = pytest.mark.asterisk
OURS_HZ, THEIRS_HZ, NOBODYS_HZ = 440.0, 1000.0, 1700.0
OUTSIDE = "1133334444"


@pytest.fixture(autouse=True)
def kept_where_the_exchange_keeps_it(town: Town, settings: Any) -> Iterator[None]:
    settings.TRONCO_HOME = town.exchange.home.root
    yield
    Rule.objects.all().delete()
    Policy.objects.all().delete()


def record(town: Town, target: Any, *, announces: bool = False, direction: str = "both") -> None:
    """Let the owner of a line, a group or a number record it."""
    Policy.objects.update_or_create(
        tenant=target.tenant, defaults={"is_allowed": True, "announces": announces}
    )
    name = {"Circuit": "circuit", "Queue": "queue", "Did": "did"}[type(target).__name__]
    Rule.objects.create(tenant=target.tenant, direction=direction, **{name: target})
    wait_for_configuration(town.exchange)


def speak(hz: float = THEIRS_HZ) -> Behaviour:
    """Answer and whistle."""

    async def behaviour(call: Call) -> None:
        call.ring()
        await asyncio.sleep(0.05)
        await call.accept(tone_hz=hz)
        assert call.audio is not None
        call.audio.keeps = True

    return behaviour


def tapes(town: Town) -> list[str]:
    return [path.name for path in town.exchange.settings.tapes.glob("*")]


def recordings_of(count: int = 1, **found: Any) -> list[Recording]:
    rows = Recording.objects.filter(**found)
    wait_until(lambda: rows.count() == count, f"{count} recordings {found}", timeout_s=15)
    return list(rows.order_by("pk"))


def loudness(recording: Recording, hz: float) -> float:
    """How much of a tone is in a recording, against all that is."""
    samples, rate = soundfile.read(files.path_of(recording.file))
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    at = np.fft.rfftfreq(len(samples), 1 / rate)
    near = spectrum[np.abs(at - hz) < 5].sum()
    return float(near / spectrum.sum())


def assert_both_are_heard(recording: Recording) -> None:
    assert loudness(recording, OURS_HZ) > 0.2
    assert loudness(recording, THEIRS_HZ) > 0.2
    assert loudness(recording, NOBODYS_HZ) < 0.01


def assert_nothing_is_recorded(town: Town) -> None:
    """Long enough after a call for what there is to come in."""
    before = Recording.objects.count()
    time.sleep(5)
    assert (tapes(town), Recording.objects.count()) == ([], before)


def test_both_sides_are_heard_and_the_call_costs_what_it_costs(town: Town) -> None:
    recorded, ordinary = town.world.circuit(), town.world.circuit()
    record(town, recorded, direction="out")
    town.carrier.otherwise = speak()
    for line in (recorded, ordinary):
        phone = town.stage.phone(line)
        call = town.stage.play(dial(phone, OUTSIDE, talk_s=4, tone_hz=OURS_HZ))
        assert call.status == 200

    [recording] = recordings_of(circuit=recorded)
    assert_both_are_heard(recording)
    wait_until(Cdr.objects.filter(circuit=ordinary).exists, "both are on record")
    record_, other = (Cdr.objects.get(circuit=line) for line in (recorded, ordinary))
    assert record_.price_u == other.price_u == 50_000
    assert (recording.call_id, recording.first_call_id) == (record_.call_id, record_.call_id)
    assert (recording.tenant, recording.caller) == (recorded.tenant, record_.caller)
    assert (recording.called, recording.direction) == (f"+55{OUTSIDE}", "out")
    assert abs(recording.duration_ms - record_.duration_ms) < 600
    path = files.path_of(recording.file)
    assert (path.stat().st_size, files.digest_of(path)) == (recording.size, recording.sha256)
    assert (path.stat().st_mode & 0o077, path.parent.parent.stat().st_mode & 0o077) == (0, 0)
    assert not Recording.objects.filter(circuit=ordinary).exists()
    wait_until(lambda: tapes(town) == [], "what was brought in is removed")
    assert_settled(town)


def test_what_a_rule_does_not_name_is_not_recorded(town: Town) -> None:
    """Outgoing calls alone; a line of nobody's rule; a customer who may not."""
    line, other = town.world.circuit(), town.world.circuit(tenant=town.world.customer_a)
    record(town, line, direction="out")
    record(town, other)
    Policy.objects.filter(tenant=other.tenant).update(is_allowed=False)
    wait_for_configuration(town.exchange)
    town.stage.phone(line, on_call=speak())
    did = make_did("ring", tenant=line.tenant, circuit=line)
    wait_for_configuration(town.exchange)
    town.stage.play(dial(town.carrier.agent, did.raw, caller=MOBILE, talk_s=1))
    town.stage.play(dial(town.stage.phone(other), OUTSIDE, talk_s=1))
    assert_nothing_is_recorded(town)


@pytest.mark.parametrize("dialled", ["190", "0192"])
def test_a_call_to_an_emergency_service_is_never_recorded(town: Town, dialled: str) -> None:
    line = town.world.circuit()
    record(town, line, announces=True)
    call = town.stage.play(dial(town.stage.phone(line), dialled, talk_s=1))
    assert call.status == 200
    assert_nothing_is_recorded(town)


def test_both_sides_are_told_at_the_beginning(town: Town, ears: Ears) -> None:
    line = town.world.circuit()
    did = make_did("ring", tenant=line.tenant, circuit=line)
    record(town, did, announces=True)
    answered: list[Call] = []

    async def take(call: Call) -> None:
        call.ring()
        await asyncio.sleep(2)
        await call.accept()
        assert call.audio is not None
        call.audio.keeps = True
        answered.append(call)

    town.stage.phone(line, on_call=take)

    async def scene() -> Call:
        call = await call_in(town.carrier.agent, did.raw)
        assert await call.wait_answered(), call.status
        assert not ears.hears(call, "s:recorded", start_s=1), "nothing before the answer"
        await ears.wait(call, "s:recorded", start_s=1.2)
        await ears.wait(answered[0], "s:recorded", start_s=1.2)
        await asyncio.sleep(4)
        left = town.exchange.node.rx("core show channels concise").splitlines()
        assert len(left) == 2, "whoever told them is gone"
        await call.press("5")
        await asyncio.sleep(1)
        assert answered[0].audio is not None and answered[0].audio.digits == "5"
        await call.hang_up()
        return call

    call = town.stage.play(scene())

    [recording] = recordings_of(circuit=line)
    arrived = record_of(did)
    assert (arrived.call_id, arrived.price_u) == (recording.call_id, 0)
    assert abs(arrived.duration_ms - call.seconds * 1000) < 400
    # Nobody spoke, and what they were told is not in it.
    assert np.abs(soundfile.read(files.path_of(recording.file))[0]).max() < 0.01
    assert_settled(town)


def test_who_is_told_is_still_cut_off_when_his_money_ends(town: Town) -> None:
    """R$ 0,06 at R$ 0,10 a minute are 36 s, over several slices."""
    line = town.world.circuit(balance_u=60_000)
    record(town, line, announces=True)
    town.carrier.otherwise = speak()
    call = town.stage.play(dial(town.stage.phone(line), OUTSIDE, tone_hz=OURS_HZ))
    assert call.hung_up_by == "them"
    assert 35 < call.seconds < 37.5
    [recording] = recordings_of(circuit=line)
    assert balance_u(line.account) == 0
    assert recording.duration_ms > 34_000
    assert_both_are_heard(recording)
    assert_settled(town)


def test_a_group_s_call_is_recorded_once_where_it_is_answered(town: Town) -> None:
    line = town.world.circuit()
    queue, did = make_queue(town, line)
    record(town, queue)
    town.stage.phone(line, on_call=speak())
    wait_for_queue(town, queue, free(line))

    async def scene() -> None:
        call = await call_in(town.carrier.agent, did.raw, tone_hz=OURS_HZ)
        await asyncio.sleep(6)
        await call.hang_up()

    town.stage.play(scene())

    arrived = record_of(did, direction="in")
    [recording] = recordings_of(first_call_id=arrived.call_id)
    assert (recording.circuit, recording.direction) == (line, "internal")
    assert recording.call_id != arrived.call_id
    assert_both_are_heard(recording)
    assert_settled(town)


def test_a_call_that_follows_is_recorded_for_the_number_it_came_to(town: Town) -> None:
    line = town.world.circuit()
    LineService.objects.create(circuit=line, tenant=line.tenant, always=OUTSIDE)
    did = make_did("ring", tenant=line.tenant, circuit=line)
    record(town, did)
    town.carrier.by_number[f"55{OUTSIDE}"] = speak()

    async def scene() -> None:
        call = await call_in(town.carrier.agent, did.raw, tone_hz=OURS_HZ)
        assert await call.wait_answered(), call.status
        await asyncio.sleep(3)
        await call.hang_up()

    town.stage.play(scene())

    arrived = record_of(did, direction="in")
    [recording] = recordings_of(first_call_id=arrived.call_id)
    assert recording.called == f"+55{OUTSIDE}"
    assert_both_are_heard(recording)
    assert_settled(town)


def test_what_is_typed_at_the_desk_is_in_no_recording(town: Town, ears: Ears) -> None:
    """Recorded is the conversation that the portal led to: no prompt, no PIN."""
    line = town.world.circuit()
    give_pin(line, "2468", "1130800001")
    did = make_did("portal", tenant=line.tenant)
    record(town, did)
    record(town, line, direction="out")
    town.carrier.otherwise = speak()

    async def scene() -> None:
        call = await call_in(town.carrier.agent, did.raw, caller="1130800001", tone_hz=OURS_HZ)
        assert await call.wait_answered(), call.status
        await type_in(call, ears, ("s:enter-pin", "2468#"), ("s:balance-is", f"{OUTSIDE}#"))
        await town.carrier.talk(f"55{OUTSIDE}", 4)
        await call.hang_up()

    town.stage.play(scene())

    leg = record_of(did, direction="out")
    arrived = record_of(did, direction="in")
    [recording] = recordings_of(first_call_id=arrived.call_id)
    assert recording.call_id == leg.call_id
    assert abs(recording.duration_ms - leg.duration_ms) < 600
    assert_both_are_heard(recording)
    assert_settled(town)


def test_two_customers_who_record_have_a_recording_each(town: Town) -> None:
    caller, callee = town.world.circuit(), town.world.circuit(tenant=town.world.customer_a)
    did = make_did("ring", tenant=callee.tenant, circuit=callee)
    record(town, caller)
    record(town, callee)
    town.stage.phone(callee, on_call=speak())
    phone = town.stage.phone(caller)
    town.stage.play(dial(phone, did.e164.removeprefix("+55"), talk_s=3, tone_hz=OURS_HZ))
    both = recordings_of(2, called=did.e164)
    assert {one.tenant for one in both} == {caller.tenant, callee.tenant}
    assert len({one.file for one in both}) == 2
    for one in both:
        assert_both_are_heard(one)
    assert_settled(town)


def test_a_disk_that_is_full_or_broken_fails_no_call(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    line: Circuit = town.world.circuit()
    record(town, line, announces=True)
    phone = town.stage.phone(line)
    place = town.exchange.settings.tapes
    shutil.rmtree(place, ignore_errors=True)
    place.write_text("no directory")
    try:
        assert town.stage.play(dial(phone, OUTSIDE, talk_s=1)).status == 200
    finally:
        place.unlink()
    monkeypatch.setenv("TRONCO_RECORDINGS_FREE_MB", "1000000000")
    town.exchange.stop_sipcore()
    town.exchange.start_sipcore()
    try:
        time.sleep(3)
        assert town.stage.play(dial(phone, OUTSIDE, talk_s=1)).status == 200
        assert_nothing_is_recorded(town)
    finally:
        monkeypatch.undo()
        town.exchange.stop_sipcore()
        town.exchange.start_sipcore()
    assert_settled(town)


@pytest.mark.faults
def test_call_control_killed_loses_neither_call_nor_recording(town: Town) -> None:
    line = town.world.circuit()
    record(town, line)
    town.carrier.otherwise = speak()
    phone = town.stage.phone(line)

    async def begin() -> Call:
        call = await phone.call(OUTSIDE, tone_hz=OURS_HZ)
        assert await call.wait_answered()
        await asyncio.sleep(2)
        return call

    call = town.stage.play(begin())
    town.exchange.kill_sipcore()
    time.sleep(2)
    assert call.ended_at is None
    town.stage.play(call.hang_up())
    time.sleep(1)
    assert len(tapes(town)) == 1
    town.exchange.start_sipcore()
    [recording] = recordings_of(circuit=line)
    assert_both_are_heard(recording)
    assert recording.duration_ms > 3500
    # What is in the spool is read again at the next start.
    town.exchange.kill_sipcore()
    town.exchange.start_sipcore()
    assert_settled(town)
    assert (tapes(town), Recording.objects.filter(circuit=line).count()) == ([], 1)


@pytest.mark.faults
def test_asterisk_killed_while_recording_loses_nothing_said_so_far(town: Town) -> None:
    line = town.world.circuit()
    record(town, line)
    town.carrier.otherwise = speak()
    phone = town.stage.phone(line)

    async def begin() -> None:
        call = await phone.call(OUTSIDE, tone_hz=OURS_HZ)
        assert await call.wait_answered()
        await asyncio.sleep(6)

    town.stage.play(begin())
    town.exchange.kill_asterisk()
    town.exchange.start_asterisk()
    [recording] = recordings_of(circuit=line)
    assert_both_are_heard(recording)
    assert recording.duration_ms > 1500
    assert_settled(town)
