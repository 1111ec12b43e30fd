"""Messages on their way from the switch's disk into the database: every one once."""

from __future__ import annotations

import os
import time
import wave
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from tests.calls.making import made
from tests.support.world import World, make_world
from tronco.circuits.models import Circuit
from tronco.mail.models import Email
from tronco.pbx.audio import RATE, to_wav
from tronco.pbx.models import LineService, Voicemail
from tronco.sipcore import messages
from tronco.sipcore.messages import store_forgotten, store_messages
from tronco.sipcore.spool import Message

NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
CALL = "node1-1795295723.1"


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def line(world: World) -> Circuit:
    circuit = world.circuit()
    LineService.objects.create(
        circuit=circuit, tenant=circuit.tenant, voicemail=True, voicemail_email="ana@a.example"
    )
    return circuit


def tone_wav(hz: float, seconds: float) -> bytes:
    """What a switch records of somebody who whistles."""
    samples = 8000 * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE)) / RATE)
    return to_wav(samples.astype("<i2").tobytes())


def left(directory: Path, circuit_id: int, sound: bytes, call_id: str = CALL) -> Message:
    (directory / f"{circuit_id}~{call_id}.wav").write_bytes(sound)
    return Message(call_id=call_id, at=NOW, circuit_id=circuit_id, caller="11988887777")


def files(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


def test_a_message_is_stored_once_and_sent(line: Circuit, tmp_path: Path) -> None:
    message = left(tmp_path, line.pk, tone_wav(440, 3))
    store_messages([message], tmp_path)
    stored = Voicemail.objects.get()
    assert (stored.circuit, stored.caller, stored.at) == (line, "11988887777", NOW)
    assert stored.duration_ms == 3000 and stored.tenant == line.tenant
    [email] = Email.objects.all()
    assert (email.recipient, email.kind) == ("ana@a.example", "voicemail")
    assert email.subject == "Recado de (11) 98888-7777"
    assert "20/11/2026 12:30" in email.text and "3 s" in email.text
    assert email.attachment_name == f"{line.number}-20261120-1230.wav"
    assert email.attachment is not None and bytes(email.attachment) == bytes(stored.sound)
    assert files(tmp_path) == []


def test_killed_after_the_commit_it_is_not_stored_again(line: Circuit, tmp_path: Path) -> None:
    message = left(tmp_path, line.pk, tone_wav(440, 3))
    store_messages([message], tmp_path)
    left(tmp_path, line.pk, tone_wav(440, 3))  # as if it had not been removed
    store_messages([message], tmp_path)
    store_messages([message], tmp_path)  # the spool is read again: the file is gone
    assert Voicemail.objects.count() == Email.objects.count() == 1
    assert files(tmp_path) == []


def test_killed_before_the_commit_nothing_is_lost(
    line: Circuit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = left(tmp_path, line.pk, tone_wav(440, 3))

    def away(**_values: object) -> None:
        raise OperationalError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(messages, "notice_queue", away)
        with pytest.raises(OperationalError):
            store_messages([message], tmp_path)
    assert not Voicemail.objects.exists() and len(files(tmp_path)) == 1
    store_messages([message], tmp_path)
    assert Voicemail.objects.count() == Email.objects.count() == 1


def test_a_recording_that_was_cut_off_is_whole_as_far_as_it_goes(
    line: Circuit, tmp_path: Path
) -> None:
    """Killed, Asterisk leaves the length 0 in the header, and half a sample."""
    sound = bytearray(tone_wav(440, 2))
    sound[4:8] = sound[40:44] = bytes(4)
    store_messages([left(tmp_path, line.pk, bytes(sound[:-1]))], tmp_path)
    stored = Voicemail.objects.get()
    assert stored.duration_ms == pytest.approx(2000, abs=1)
    path = tmp_path / "made.wav"
    path.write_bytes(bytes(stored.sound))
    with wave.open(str(path)) as made:
        assert made.getnframes() == pytest.approx(16_000, abs=8)


@pytest.mark.parametrize("sound", [tone_wav(440, 0.5), b"", b"RIFF", b"\x00" * 20_000])
def test_who_says_nothing_leaves_nothing(line: Circuit, tmp_path: Path, sound: bytes) -> None:
    store_messages([left(tmp_path, line.pk, sound)], tmp_path)
    assert not Voicemail.objects.exists() and not Email.objects.exists()
    assert files(tmp_path) == []


def test_one_that_cannot_be_stored_holds_up_nobody(
    line: Circuit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = left(tmp_path, line.pk, tone_wav(440, 2))
    good = left(tmp_path, line.pk, tone_wav(440, 2), "node1-1795295723.2")

    def refuse_first(message: Message, recording: object) -> None:
        if message is bad:
            raise RuntimeError("a fault of ours")
        stored.append(message.call_id)

    stored: list[str] = []
    monkeypatch.setattr(messages, "_store", refuse_first)
    store_messages([bad, good], tmp_path)
    assert stored == [good.call_id]
    assert files(tmp_path) == [f"unstored-{line.pk}~{CALL}.wav"]


def test_an_address_that_is_none_costs_only_the_e_mail(line: Circuit, tmp_path: Path) -> None:
    LineService.objects.update(voicemail_email="not an address")
    store_messages([left(tmp_path, line.pk, tone_wav(440, 2))], tmp_path)
    assert Voicemail.objects.count() == 1 and not Email.objects.exists()


def test_a_circuit_that_is_gone_is_no_mistake(world: World, tmp_path: Path) -> None:
    store_messages([left(tmp_path, 99_999_999, tone_wav(440, 2))], tmp_path)
    assert files(tmp_path) == []


def test_what_the_spool_never_tells_of_is_found(line: Circuit, tmp_path: Path) -> None:
    left(tmp_path, line.pk, tone_wav(440, 2))
    store_forgotten(tmp_path)
    assert not Voicemail.objects.exists(), "somebody may be recording"
    old = time.time() - messages.FORGOTTEN_S - 1
    os.utime(tmp_path / f"{line.pk}~{CALL}.wav", (old, old))
    (tmp_path / "unstored-1~x.wav").write_bytes(b"")
    os.utime(tmp_path / "unstored-1~x.wav", (old, old))
    store_forgotten(tmp_path)
    stored = Voicemail.objects.get()
    assert (stored.call_id, stored.circuit) == (CALL, line)
    assert files(tmp_path) == ["unstored-1~x.wav"]
    assert np.isclose(stored.at.timestamp(), old, atol=1)


def test_its_caller_is_that_of_the_call_s_record(
    world: World, line: Circuit, tmp_path: Path
) -> None:
    call = made(world, line)
    left(tmp_path, line.pk, tone_wav(440, 2), call.call_id)
    old = time.time() - messages.FORGOTTEN_S - 1
    os.utime(tmp_path / f"{line.pk}~{call.call_id}.wav", (old, old))
    with CaptureQueriesContext(connection) as asked:
        store_forgotten(tmp_path)
    assert Voicemail.objects.get().caller == call.caller
    [records] = [query["sql"] for query in asked if 'FROM "calls_cdr"' in query["sql"]]
    assert '"started_at" BETWEEN' in records, "few rows are looked at"
