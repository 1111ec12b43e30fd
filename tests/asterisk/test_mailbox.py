"""One's own messages, heard by dialling *97 from the line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.asterisk.conftest import Town
from tests.asterisk.numbers import assert_settled, balance_u
from tests.support.asterisk import wait_until
from tests.support.hearing import Ears, noise_wav
from tests.support.voice import give_pin, type_in, wait_for_configuration
from tronco.calls.models import Cdr
from tronco.circuits.models import Circuit
from tronco.core.money import MICRO
from tronco.demo.agent import Agent
from tronco.demo.call import Call
from tronco.numbering.ddd import zone_of
from tronco.pbx.models import Voicemail
from tronco.pbx.speech import say_moment

pytestmark = pytest.mark.asterisk
OWN_MESSAGES, PIN = "*97", "2468"


def leave(line: Circuit, caller: str, seed: int) -> Voicemail:
    return Voicemail.objects.create(
        tenant=line.tenant,
        circuit=line,
        call_id=f"node1-{seed}",
        caller=caller,
        at=datetime.now(UTC) + timedelta(seconds=seed - 1000),
        duration_ms=1200,
        sound=noise_wav(seed),
    )


async def listen(phone: Agent) -> Call:
    call = await phone.call(OWN_MESSAGES)
    assert await call.wait_answered(), call.status
    assert call.audio is not None
    call.audio.keeps = True
    return call


def test_messages_are_heard_deleted_and_kept(town: Town, ears: Ears) -> None:
    line, other = town.world.circuit(), town.world.circuit()
    first, second = leave(line, "1140028922", 901), leave(line, "", 902)
    another_s = leave(other, "1140028922", 903)
    phone = town.stage.phone(line)
    wait_for_configuration(town.exchange)
    files = town.exchange.settings.sounds / "pt_BR/messages"
    left_at = first.at.astimezone(zone_of(line.own_ddd))
    day, *_ = say_moment(left_at, now=datetime.now(UTC))

    async def scene() -> Call:
        call = await listen(phone)
        await ears.wait(call, "s:you-have", start_s=0.4)
        await ears.wait(call, "s:message-from", start_s=1)
        await ears.wait(call, f"s:{day}", start_s=0.4)
        await ears.wait(call, f"v:{first.pk}", start_s=0.8, timeout_s=15)
        await type_in(call, ears, ("s:message-keys", "1"), (f"v:{first.pk}", "2"))
        await type_in(call, ears, (f"v:{second.pk}", "3"))
        await ears.wait(call, "s:message-deleted", start_s=0.6)
        await call.wait_ended(10)
        return call

    call = town.stage.play(scene())

    assert call.hung_up_by == "them"
    assert ears.hears(call, "s:no-more-messages", start_s=1)
    (kept,) = Voicemail.objects.filter(circuit=line)
    assert (kept.pk, kept.heard_at is not None) == (first.pk, True)
    another_s.refresh_from_db()
    assert another_s.heard_at is None
    assert [path.stem for path in files.glob("*.wav")] == [str(first.pk)]
    records = Cdr.objects.filter(circuit=line)
    wait_until(records.exists, "the call is on record")
    record = records.get()
    assert (record.direction, record.dialled) == ("internal", OWN_MESSAGES)
    assert abs(record.duration_ms - call.seconds * 1000) < 300
    assert balance_u(line.account) == 10 * MICRO
    assert_settled(town)


def test_the_pin_is_asked_for_where_there_is_one_and_guessing_is_stopped(
    town: Town, ears: Ears
) -> None:
    line = town.world.circuit()
    give_pin(line, PIN)
    phone = town.stage.phone(line)
    wait_for_configuration(town.exchange)

    async def right() -> None:
        call = await listen(phone)
        await type_in(call, ears, ("s:enter-pin", "1#"), ("s:wrong-pin", f"{PIN}#"))
        await ears.wait(call, "s:no-messages", start_s=0.8)
        await call.wait_ended(10)

    async def guess() -> None:
        call = await listen(phone)
        wrong = ("s:wrong-pin", "2#")
        await type_in(call, ears, ("s:enter-pin", "1#"), wrong, wrong)
        await ears.wait(call, "s:locked-out", start_s=0.8)
        await call.wait_ended(10)
        again = await listen(phone)
        await ears.wait(again, "s:locked-out", start_s=0.8)
        await again.wait_ended(10)
        assert not ears.hears(again, "s:enter-pin")

    town.stage.play(right())
    town.stage.play(guess())
    assert_settled(town)
