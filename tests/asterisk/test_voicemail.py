"""Messages for a line on real calls: every one is stored once, whatever is killed when."""

from __future__ import annotations

import asyncio
import io
import os
import time
import wave

import numpy as np
import pytest

from tests.asterisk.conftest import Town
from tests.asterisk.numbers import assert_settled, record_of
from tests.support.asterisk import wait_until
from tests.support.hearing import Ears
from tests.support.stage import ring
from tests.support.voice import call_in, make_did, make_prompt, ref, wait_for_configuration
from tronco.circuits.models import Circuit
from tronco.demo.call import Call
from tronco.dids.models import Did
from tronco.mail.models import Email
from tronco.pbx.models import LineService, Voicemail
from tronco.sipcore.messages import FORGOTTEN_S

pytestmark = pytest.mark.asterisk
TONE_HZ = 700.0


def make_mailbox(town: Town, **service: object) -> tuple[Circuit, Did]:
    """A line that nobody answers, with voicemail, and its number."""
    line = town.world.circuit()
    LineService.objects.create(
        circuit=line, tenant=line.tenant, voicemail=True, ring_s=5, **service
    )
    town.stage.phone(line, on_call=ring)
    return line, make_did("ring", tenant=line.tenant, circuit=line)


async def leave_message(town: Town, did: Did, ears: Ears, *, speak_s: float = 4) -> Call:
    """Call, wait for the tone, speak; who hangs up is the caller."""
    call = await call_in(town.carrier.agent, did.raw, tone_hz=TONE_HZ)
    await ears.wait(call, "s:record-after-tone", start_s=2, timeout_s=20)
    await ears.wait(call, "s:beep", start_s=0.2, timeout_s=10)
    await asyncio.sleep(speak_s)
    return call


def samples_of(message: Voicemail) -> np.ndarray:
    with wave.open(io.BytesIO(bytes(message.sound))) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(float)


def loudest_hz(samples: np.ndarray) -> float:
    return float(np.fft.rfftfreq(len(samples), 1 / 8000)[np.abs(np.fft.rfft(samples)).argmax()])


def recordings(town: Town) -> list[str]:
    return [path.name for path in town.exchange.settings.messages.glob("*.wav")]


def test_a_message_is_left_stored_and_sent(town: Town, ears: Ears) -> None:
    tenant = town.world.customer
    greeting = make_prompt(tenant)
    line, did = make_mailbox(
        town, voicemail_email="ana@cliente.example", voicemail_greeting=greeting
    )
    wait_for_configuration(town.exchange)

    async def scene() -> Call:
        call = await call_in(town.carrier.agent, did.raw, tone_hz=TONE_HZ)
        await ears.wait(call, ref(greeting), start_s=0.4, timeout_s=15)
        await ears.wait(call, "s:beep", start_s=0.2, timeout_s=15)
        await asyncio.sleep(4)
        await call.hang_up()
        return call

    call = town.stage.play(scene())

    wait_until(Voicemail.objects.filter(circuit=line).exists, "the message is stored")
    message = Voicemail.objects.get(circuit=line)
    assert (message.tenant, message.caller) == (line.tenant, "1140028922")
    assert 3000 < message.duration_ms < 5000
    assert loudest_hz(samples_of(message)) == pytest.approx(TONE_HZ, abs=5)
    arrived = record_of(did)
    assert message.call_id == arrived.call_id
    assert (arrived.outcome, arrived.price_u) == ("answered", 0)
    assert abs(arrived.duration_ms - call.seconds * 1000) < 400
    email = Email.objects.get(recipient="ana@cliente.example")
    assert email.attachment is not None and bytes(email.attachment) == bytes(message.sound)
    assert recordings(town) == []
    assert_settled(town)


def test_who_only_hears_the_tone_leaves_nothing(town: Town, ears: Ears) -> None:
    line, did = make_mailbox(town)
    wait_for_configuration(town.exchange)

    async def scene() -> None:
        call = await leave_message(town, did, ears, speak_s=0)
        await call.hang_up()

    town.stage.play(scene())
    record_of(did)
    wait_until(lambda: recordings(town) == [], "the recording is gone")
    assert not Voicemail.objects.filter(circuit=line).exists()
    assert_settled(town)


def test_without_the_database_the_message_waits(town: Town, ears: Ears) -> None:
    line, did = make_mailbox(town)
    wait_for_configuration(town.exchange)
    call = town.stage.play(leave_message(town, did, ears, speak_s=2))
    town.exchange.stop_postgres()
    try:
        town.stage.play(call.hang_up())
        time.sleep(1)
    finally:
        town.exchange.start_postgres()
    wait_until(Voicemail.objects.filter(circuit=line).exists, "it is stored", timeout_s=30)
    assert Voicemail.objects.get(circuit=line).duration_ms > 1500
    assert recordings(town) == []
    assert_settled(town)


@pytest.mark.faults
def test_call_control_killed_stores_it_once_when_it_is_back(town: Town, ears: Ears) -> None:
    line, did = make_mailbox(town)
    wait_for_configuration(town.exchange)
    call = town.stage.play(leave_message(town, did, ears, speak_s=2))
    town.exchange.kill_sipcore()
    town.stage.play(call.hang_up())
    time.sleep(1)
    assert len(recordings(town)) == 1
    town.exchange.start_sipcore()
    wait_until(Voicemail.objects.filter(circuit=line).exists, "it is stored", timeout_s=30)
    record_of(did)
    # What is in the spool is read again at the next start.
    town.exchange.kill_sipcore()
    town.exchange.start_sipcore()
    assert_settled(town)
    assert Voicemail.objects.filter(circuit=line).count() == 1
    assert recordings(town) == []


@pytest.mark.faults
def test_asterisk_killed_while_recording_loses_nothing_said_so_far(town: Town, ears: Ears) -> None:
    line, did = make_mailbox(town)
    wait_for_configuration(town.exchange)
    exchange = town.exchange
    town.stage.play(leave_message(town, did, ears, speak_s=4))
    exchange.kill_asterisk()
    [name] = recordings(town)
    exchange.kill_sipcore()
    path = exchange.settings.messages / name
    long_ago = path.stat().st_mtime - FORGOTTEN_S - 60
    os.utime(path, (long_ago, long_ago))
    exchange.start_sipcore()
    exchange.start_asterisk()
    wait_until(Voicemail.objects.filter(circuit=line).exists, "it is stored", timeout_s=30)
    message = Voicemail.objects.get(circuit=line)
    assert message.duration_ms > 1500
    assert loudest_hz(samples_of(message)) == pytest.approx(TONE_HZ, abs=5)
    assert recordings(town) == []
    assert_settled(town)
