"""Emergency calls always leave, free, whatever is wrong with the line or with us."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.asterisk.conftest import Town
from tests.support.asterisk import wait_until
from tests.support.invariants import assert_invariants, open_calls
from tests.support.stage import dial, ring
from tests.support.voice import wait_for_configuration
from tronco.calls.models import Cdr
from tronco.charging.models import Account, Gate
from tronco.circuits.models import Circuit, Registration
from tronco.demo.agent import Agent
from tronco.routing.models import Trunk

pytestmark = pytest.mark.asterisk


def records_of(circuit: Circuit, number: int) -> list[Cdr]:
    records = Cdr.objects.filter(circuit=circuit).order_by("started_at")
    wait_until(lambda: records.count() == number, f"{number} records of {circuit}")
    return list(records)


@pytest.mark.parametrize("dialled", ["190", "0190", "192"])
def test_from_a_suspended_line_without_credit(town: Town, dialled: str) -> None:
    circuit = town.world.circuit(balance_u=0, status=Circuit.Status.SUSPENDED)
    phone = town.stage.phone(circuit)

    ordinary = town.stage.play(dial(phone, "1133334444", talk_s=0.2))
    emergency = town.stage.play(dial(phone, dialled, talk_s=0.5))

    assert (ordinary.status, emergency.status) == (403, 200)
    assert town.carrier.called(dialled.lstrip("0")), "dialled as it is everywhere"
    refused, answered = records_of(circuit, 2)
    assert (refused.outcome, refused.reason) == ("refused", "suspended")
    assert (answered.outcome, answered.call_class, answered.price_u, answered.cost_u) == (
        "answered",
        "emergency",
        0,
        0,
    )
    wait_until(lambda: not open_calls(), "no call is open")
    assert Account.objects.get(pk=circuit.account_id).entries.count() == 0


def test_beyond_the_line_s_limit_of_calls(town: Town) -> None:
    circuit = town.world.circuit(max_calls=1)
    phone = town.stage.phone(circuit)
    town.carrier.otherwise = ring

    async def scene() -> tuple[int, int]:
        first = await phone.call("1133334444")
        await first.wait_ringing()
        second = await dial(phone, "1133335555")
        third = await phone.call("193")
        await third.wait_ringing()
        rung = third.status
        await third.hang_up()
        await first.hang_up()
        return second.status, rung

    assert town.stage.play(scene()) == (486, 180)
    records_of(circuit, 3)


def test_a_carrier_that_looks_dead_is_tried(town: Town) -> None:
    """Ordinary calls avoid it; an emergency call has nothing to lose."""
    Trunk.objects.filter(pk=town.world.trunk.pk).update(is_active=False)
    dumb = town.stage.carrier("127.0.0.4", town.exchange.trunk_port)
    trunk = Trunk.objects.create(
        tenant=town.world.master,
        carrier=town.world.carrier,
        name="so-emergencia",
        host="127.0.0.4",
        port=town.exchange.trunk_port,
        carries_emergency=True,
    )
    take_request = dumb.agent._take

    def deaf_to_probes(request, addr):  # type: ignore[no-untyped-def]
        if request.method != "OPTIONS":
            take_request(request, addr)

    dumb.agent._take = deaf_to_probes  # type: ignore[method-assign]
    try:
        wait_until(
            Trunk.objects.filter(pk=trunk.pk, reachable=False).exists,
            "it looks dead",
            timeout_s=20,
        )
        circuit = town.world.circuit()
        phone = town.stage.phone(circuit)
        call = town.stage.play(dial(phone, "199", talk_s=0.2))
        assert call.status == 200
        assert dumb.called("199")
        assert records_of(circuit, 1)[0].trunk_id == trunk.pk
    finally:
        Trunk.objects.filter(pk=town.world.trunk.pk).update(is_active=True)
        Trunk.objects.filter(pk=trunk.pk).update(is_active=False)


@pytest.fixture
def without_postgres(town: Town) -> Iterator[tuple[Circuit, Agent]]:
    """PostgreSQL is stopped, after a phone has registered; it returns afterwards."""
    circuit = town.world.circuit()
    phone = town.stage.phone(circuit)
    circuit.central  # noqa: B018 - read while it can be
    # Call control hears of the new line and lets Asterisk read it anew: not while it is stopped.
    online = Registration.objects.filter(circuit=circuit, online=True)
    wait_until(online.exists, "the phone is online")
    wait_for_configuration(town.exchange)
    town.exchange.stop_postgres()
    try:
        yield circuit, phone
    finally:
        town.exchange.start_postgres()
        wait_until(Gate.objects.filter(central="*").exists, "rated calls return", timeout_s=20)


def test_with_the_database_stopped(
    town: Town, without_postgres: tuple[Circuit, Agent], request: pytest.FixtureRequest
) -> None:
    """It connects, while a rated call is refused; both are on record when the database returns."""
    circuit, phone = without_postgres

    emergency = town.stage.play(dial(phone, "190", talk_s=0.5))
    rated = town.stage.play(dial(phone, "1133334444", talk_s=0.2))

    assert (emergency.status, rated.status) == (200, 503)
    # Still registered, and may register again.
    assert town.stage.play(phone.register()) == 200
    town.exchange.start_postgres()
    wait_until(Gate.objects.filter(central="*").exists, "rated calls return", timeout_s=20)
    answered, refused = sorted(records_of(circuit, 2), key=lambda record: record.outcome)
    assert (answered.outcome, answered.call_class, answered.price_u) == ("answered", "emergency", 0)
    assert (refused.outcome, refused.reason) == ("refused", "unreachable")
    assert (answered.tenant_id, answered.circuit_id) == (circuit.tenant_id, circuit.pk)

    def is_answered() -> bool:
        return town.stage.play(dial(phone, "1133334444", talk_s=0.2)).status == 200

    # Call control tries to connect every second.
    wait_until(is_answered, "a rated call starts", timeout_s=5, every_s=0.5)
    wait_until(lambda: not open_calls(), "no call is open")
    assert_invariants(town.exchange.settings.spool)


def test_with_sipcore_dead(town: Town) -> None:
    circuit = town.world.circuit()
    phone = town.stage.phone(circuit)
    town.exchange.kill_sipcore()

    emergency = town.stage.play(dial(phone, "190", talk_s=0.5))
    rated = town.stage.play(dial(phone, "1133334444", talk_s=0.2))
    town.exchange.start_sipcore()

    assert (emergency.status, rated.status) == (200, 503)
    answered, refused = sorted(records_of(circuit, 2), key=lambda record: record.outcome)
    assert (answered.outcome, answered.call_class) == ("answered", "emergency")
    assert (refused.outcome, refused.reason) == ("refused", "unreachable")
