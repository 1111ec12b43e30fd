"""Telephones come and go; the list of circuits knows within seconds."""

from __future__ import annotations

import time

import pytest

from tests.asterisk.conftest import Town
from tests.support.asterisk import wait_until
from tests.support.stage import dial
from tronco.circuits.models import Circuit, LatencySample, Registration

pytestmark = pytest.mark.asterisk
# What the list of circuits promises.
SHOWN_WITHIN_S = 5


def registration_of(circuit: Circuit) -> Registration | None:
    return Registration.objects.filter(circuit=circuit).first()


def is_online(circuit: Circuit) -> bool:
    found = registration_of(circuit)
    return found is not None and found.online


def test_a_registered_phone_shows_status_address_and_latency(town: Town) -> None:
    circuit = town.world.circuit()
    phone = town.stage.phone(circuit, address="127.0.0.7")

    def is_shown() -> bool:
        found = registration_of(circuit)
        return bool(found and found.online and found.rtt_us and found.user_agent)

    wait_until(is_shown, "the phone shows in the list", timeout_s=SHOWN_WITHIN_S)
    found = registration_of(circuit)
    assert found is not None
    assert (found.address, found.port) == ("127.0.0.7", phone.port)
    assert found.user_agent == phone.user_agent
    assert found.expires_at is not None

    assert town.stage.play(phone.register(expires_s=0)) == 200
    wait_until(lambda: not is_online(circuit), "it is offline", timeout_s=SHOWN_WITHIN_S)
    gone = registration_of(circuit)
    assert gone is not None
    assert (gone.rtt_us, gone.address) == (None, "127.0.0.7"), "offline has no latency"


@pytest.mark.parametrize("password", ["errada", ""])
def test_a_wrong_password_does_not_register(town: Town, password: str) -> None:
    circuit = town.world.circuit()
    phone = town.stage.phone(circuit, registered=False, password=password)

    assert town.stage.play(phone.register()) == 401
    assert registration_of(circuit) is None


def test_an_unknown_user_hears_what_a_wrong_password_hears(town: Town) -> None:
    nobody = Circuit(number="nao-existe")
    phone = town.stage.phone(nobody, registered=False)

    assert town.stage.play(phone.register()) == 401


def test_a_registration_expires(town: Town) -> None:
    circuit = town.world.circuit()
    phone = town.stage.phone(circuit, registered=False)
    assert town.stage.play(phone.register(expires_s=15)) == 200
    registered_at = time.monotonic()
    wait_until(lambda: is_online(circuit), "it is online", timeout_s=SHOWN_WITHIN_S)

    # It answers probes all the while, and does not register again.
    wait_until(lambda: not is_online(circuit), "it has expired", timeout_s=15 + SHOWN_WITHIN_S)

    assert time.monotonic() - registered_at > 14


def test_a_disabled_circuit_is_turned_away_at_once(town: Town) -> None:
    """Asterisk keeps what it read of a circuit, and is told to forget it."""
    circuit = town.world.circuit()
    phone = town.stage.phone(circuit)

    Circuit.objects.filter(pk=circuit.pk).update(status=Circuit.Status.DISABLED)
    wait_until(lambda: town.stage.play(phone.register()) == 401, "it is turned away", timeout_s=3)
    Circuit.objects.filter(pk=circuit.pk).update(status=Circuit.Status.ACTIVE)
    wait_until(lambda: town.stage.play(phone.register()) == 200, "it may return", timeout_s=3)


def test_a_new_password_counts_at_once(town: Town) -> None:
    circuit, other = town.world.circuit(), town.world.circuit()
    phone = town.stage.phone(circuit)

    # Another circuit's digests: of another number, so that no password fits.
    Circuit.objects.filter(pk=circuit.pk).update(ha1_md5=other.ha1_md5)

    wait_until(
        lambda: town.stage.play(phone.register()) == 401, "the old one is refused", timeout_s=3
    )
    call = town.stage.play(dial(phone, "1133334444"))
    assert call.status in (401, 403)


def test_latency_becomes_history(town: Town) -> None:
    """One of the first things to register; every probe since counts, within five minutes a row."""
    circuit = town.world.circuit()
    town.stage.phone(circuit)

    wait_until(
        LatencySample.objects.filter(circuit=circuit, samples__gt=0).exists,
        "a sample of latency",
        timeout_s=100,
    )
    sample = LatencySample.objects.filter(circuit=circuit).latest("at")
    assert sample.lost == 0
    assert sample.min_us and sample.max_us and sample.min_us <= sample.max_us <= sample.sum_us
