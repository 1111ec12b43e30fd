"""Which way calls go, what they show, and when another trunk is tried."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.asterisk.conftest import Town
from tests.support.asterisk import SECRET_KEY, wait_until
from tests.support.invariants import open_calls
from tests.support.stage import Stage, answer, dial, refuse, ring
from tests.support.voice import wait_for_configuration
from tronco.calls.models import Cdr
from tronco.catalog.models import CallClass
from tronco.circuits.models import Circuit
from tronco.core.secrets import encrypt
from tronco.demo import sip
from tronco.demo.agent import Agent
from tronco.demo.call import Call
from tronco.demo.sip import Message
from tronco.dids.models import Did
from tronco.routing.models import Route, RouteAssignment, RouteStep, Trunk

pytestmark = pytest.mark.asterisk
MOBILE = "11987654321"


def record_of(circuit: Circuit) -> Cdr:
    records = Cdr.objects.filter(circuit=circuit)
    wait_until(records.exists, f"a record of {circuit}'s call")
    return records.get()


def tried(record: Cdr) -> list[tuple[int, str]]:
    """The trunks of its record, in their order, and how each went."""
    return [(a["trunk_id"], a["status"]) for a in record.explanation["attempts"]]


@pytest.fixture
def two_ways(town: Town) -> Iterator[None]:
    """Local mobiles go by the first trunk, then by the second."""
    step = RouteStep.objects.create(
        tenant=town.world.master,
        route=town.world.route,
        call_class=CallClass.LOCAL_MOBILE,
        trunk=town.second_trunk,
        position=2,
    )
    yield
    step.delete()


@pytest.mark.usefixtures("two_ways")
@pytest.mark.parametrize("status", [503, 500, 502, 504, 403, 408])
def test_what_a_carrier_cannot_do_the_next_one_does(town: Town, status: int) -> None:
    town.carrier.otherwise = refuse(status)
    circuit = town.world.circuit()
    phone = town.stage.phone(circuit)

    call = town.stage.play(dial(phone, MOBILE, talk_s=0.2))

    record = record_of(circuit)
    assert (call.status, record.outcome) == (200, "answered")
    assert record.trunk_id == town.second_trunk.pk
    attempts = tried(record)
    assert [trunk for trunk, _ in attempts] == [town.world.trunk.pk, town.second_trunk.pk]
    assert str(status) in attempts[0][1]


@pytest.mark.usefixtures("two_ways")
def test_when_no_carrier_can_each_is_on_record_once(town: Town) -> None:
    town.carrier.otherwise = town.second.otherwise = refuse(503)
    circuit = town.world.circuit()

    call = town.stage.play(dial(town.stage.phone(circuit), MOBILE))

    record = record_of(circuit)
    assert (call.status, record.outcome, record.price_u) == (503, "failed", 0)
    first, second = town.world.trunk.pk, town.second_trunk.pk
    assert tried(record) == [(first, "CONGESTION 503"), (second, "CONGESTION 503")]


@pytest.fixture
def foreign(town: Town) -> Iterator[Trunk]:
    """The first way of local mobiles: a trunk that speaks nothing a telephone here does."""
    town.stage.carrier("127.0.0.6", town.exchange.trunk_port)
    trunk = Trunk.objects.create(
        tenant=town.world.master,
        carrier=town.world.carrier,
        name="estrangeira",
        host="127.0.0.6",
        port=town.exchange.trunk_port,
        codecs="g729",
    )
    step = RouteStep.objects.create(
        tenant=town.world.master,
        route=town.world.route,
        call_class=CallClass.LOCAL_MOBILE,
        trunk=trunk,
        position=0,
    )
    wait_until(Trunk.objects.filter(pk=trunk.pk, reachable=True).exists, "it answers probes")
    yield trunk
    step.delete()
    Trunk.objects.filter(pk=trunk.pk).update(is_active=False)


def test_where_no_format_is_shared_the_next_carrier_is_tried(town: Town, foreign: Trunk) -> None:
    circuit = town.world.circuit()
    phone = town.stage.phone(circuit)
    wait_for_configuration(town.exchange)

    call = town.stage.play(dial(phone, MOBILE, talk_s=0.2))

    record = record_of(circuit)
    assert (call.status, record.trunk_id) == (200, town.world.trunk.pk)
    assert [trunk for trunk, _ in tried(record)] == [foreign.pk, town.world.trunk.pk]


@pytest.mark.usefixtures("two_ways")
@pytest.mark.parametrize(
    ("behaviour", "status", "outcome"),
    [
        (refuse(486, ring_first=True), 486, "busy"),
        (refuse(404), 404, "failed"),
        (refuse(410), 410, "failed"),
        (refuse(484), 484, "failed"),
        (refuse(603, ring_first=True), 403, "failed"),
        (refuse(480, ring_first=True), 480, "no_answer"),
    ],
)
def test_what_the_called_party_says_is_final(
    town: Town, behaviour: object, status: int, outcome: str
) -> None:
    town.carrier.otherwise = behaviour  # type: ignore[assignment]
    circuit = town.world.circuit()
    phone = town.stage.phone(circuit)

    call = town.stage.play(dial(phone, MOBILE))

    assert (call.status, record_of(circuit).outcome) == (status, outcome)
    assert not town.second.calls, "another trunk was tried"
    wait_until(lambda: not open_calls(), "nothing is held")


@pytest.mark.usefixtures("two_ways")
def test_a_full_trunk_is_passed_over(town: Town) -> None:
    Trunk.objects.filter(pk=town.world.trunk.pk).update(max_calls=1)
    circuit = town.world.circuit(max_calls=None)
    phone = town.stage.phone(circuit)
    town.carrier.otherwise = town.second.otherwise = ring
    try:

        async def scene() -> None:
            first, second = await phone.call(MOBILE), await phone.call(MOBILE)
            await first.wait_ringing()
            await second.wait_ringing()
            await first.hang_up()
            await second.hang_up()

        wait_for_configuration(town.exchange)
        town.stage.play(scene())
        assert (len(town.carrier.calls), len(town.second.calls)) == (1, 1)
    finally:
        Trunk.objects.filter(pk=town.world.trunk.pk).update(max_calls=None)


@pytest.mark.usefixtures("two_ways")
def test_a_carrier_that_does_not_answer_probes_is_left_alone(town: Town) -> None:
    trunk = Trunk.objects.filter(pk=town.world.trunk.pk)
    town.stage.play(town.carrier.agent.close())
    try:
        wait_until(trunk.filter(reachable=False).exists, "it is unreachable", timeout_s=25)
        circuit = town.world.circuit()
        call = town.stage.play(dial(town.stage.phone(circuit), MOBILE, talk_s=0.2))
        assert call.status == 200
        assert call.answered_at is not None and call.answered_at - call.started_at < 2
        assert record_of(circuit).trunk_id == town.second_trunk.pk
    finally:
        town.stage.play(town.carrier.agent.open("127.0.0.2", town.exchange.trunk_port))
        wait_until(trunk.filter(reachable=True).exists, "it is reachable again", timeout_s=25)


def did(town: Town, circuit: Circuit | None, e164: str, **fields: object) -> Did:
    return Did.objects.create(
        tenant=circuit.tenant if circuit else town.world.customer_b,
        raw=e164.lstrip("+"),
        e164=e164,
        circuit=circuit,
        state=Did.State.IN_USE,
        **fields,
    )


def shown(stage: Stage, town: Town, circuit: Circuit, claimed: str) -> str:
    """What the carrier is shown when the phone claims a number."""
    phone = stage.phone(circuit)
    before = len(town.carrier.calls)
    call = stage.play(dial(phone, "1133334444", talk_s=0.1, caller=claimed))
    assert call.status == 200, call.status
    return town.carrier.calls[before].caller


def test_a_line_shows_only_numbers_of_its_customer(town: Town) -> None:
    circuit = town.world.circuit()
    did(town, circuit, "+551140001001")
    did(town, circuit, "+551140001002")
    did(town, None, "+551140009999")
    wait_for_configuration(town.exchange)

    claims = {
        "": "551140001001",  # nothing: its first own number
        "1140001002": "551140001002",  # another of its own
        "+551140001002": "551140001002",
        "1140009999": "551140001001",  # somebody else's
        "11987650000": "551140001001",  # nobody's
        "nome": "551140001001",
    }
    assert {claim: shown(town.stage, town, circuit, claim) for claim in claims} == claims


def test_a_number_rings_its_circuit(town: Town) -> None:
    circuit = town.world.circuit()
    number = did(town, circuit, "+551140002001")
    heard: list[str] = []

    async def pick_up(call: Call) -> None:
        heard.append(call.caller)
        await answer(call)

    town.stage.phone(circuit, on_call=pick_up)
    wait_for_configuration(town.exchange)

    call = town.stage.play(
        dial(town.carrier.agent, "551140002001", talk_s=0.5, caller="5521977776666")
    )

    assert (call.status, heard) == (200, ["21977776666"])
    record = record_of(circuit)
    assert (record.direction, record.outcome, record.did_id, record.price_u) == (
        "in",
        "answered",
        number.pk,
        0,
    )
    assert (record.caller, record.called) == ("+5521977776666", "+551140002001")
    assert record.trunk_id == town.world.trunk.pk


@pytest.fixture
def registrar(town: Town) -> Iterator[Trunk]:
    """A carrier with which we must register, and which then calls us by our user name."""
    carrier = town.stage.carrier("127.0.0.5", town.exchange.trunk_port)
    agent, take = carrier.agent, carrier.agent._take
    challenge = 'Digest realm="operadora", nonce="abc", algorithm=MD5'

    def take_register(request: Message, addr: tuple[str, int]) -> None:
        if request.method != "REGISTER":
            take(request, addr)
            return
        signed = request.get("authorization")
        wanted = sip.authorization(
            challenge, method="REGISTER", uri=request.uri, username="5511", password="se;gredo"
        )
        status = 401 if not signed else 200 if _response(wanted) in signed else 403
        reply = sip.response_to(request, status, to_tag="x")
        if status == 401:
            reply.headers.append(("www-authenticate", challenge))
        reply.headers += [("contact", request.get("contact")), ("expires", "60")]
        agent.answer(request, reply, addr)

    agent._take = take_register  # type: ignore[method-assign]
    trunk = Trunk.objects.create(
        tenant=town.world.master,
        carrier=town.world.carrier,
        name="registrada",
        host="127.0.0.5",
        port=town.exchange.trunk_port,
        username="5511",
        password_encrypted=encrypt("se;gredo", key=SECRET_KEY),
        register=True,
    )
    yield trunk
    Trunk.objects.filter(pk=trunk.pk).update(is_active=False)


def _response(authorization: str) -> str:
    return authorization.partition('response="')[2].partition('"')[0]


def test_a_trunk_registers_and_is_called_by_its_user_name(town: Town, registrar: Trunk) -> None:
    registered = Trunk.objects.filter(pk=registrar.pk, registration="Registered", reachable=True)
    wait_until(registered.exists, "it is registered", timeout_s=15)
    circuit = town.world.circuit()
    number = did(town, circuit, "+551140002004")
    town.stage.phone(circuit, on_call=answer)
    wait_for_configuration(town.exchange)
    carrier = Agent(town.stage.server)
    town.stage.play(carrier.open("127.0.0.5"))

    call = town.stage.play(
        dial(carrier, "5511", talk_s=0.2, caller="1140028922", to="551140002004")
    )

    assert call.status == 200
    record = record_of(circuit)
    assert (record.did_id, record.trunk_id) == (number.pk, registrar.pk)
    town.stage.play(carrier.close())


def test_a_number_that_is_not_ours_is_refused(town: Town) -> None:
    call = town.stage.play(dial(town.carrier.agent, "551140002999", talk_s=0.1))

    assert call.status == 404
    wait_until(
        Cdr.objects.filter(dialled="551140002999", reason="unknown-number").exists, "the record"
    )


def test_a_number_whose_phone_is_away(town: Town) -> None:
    circuit = town.world.circuit()
    did(town, circuit, "+551140002002")
    wait_for_configuration(town.exchange)

    call = town.stage.play(dial(town.carrier.agent, "551140002002", talk_s=0.1))

    assert call.status == 480
    assert record_of(circuit).outcome == "failed"


def test_a_number_of_ours_never_leaves(town: Town) -> None:
    """Another customer's number is charged as any call, and rings without a carrier."""
    caller = town.world.circuit()
    called = town.world.circuit(tenant=town.world.customer_b)
    did(town, called, "+551133302003")
    town.stage.phone(called, on_call=answer)
    phone = town.stage.phone(caller)
    wait_for_configuration(town.exchange)

    call = town.stage.play(dial(phone, "33302003", talk_s=3.2))

    record = record_of(caller)
    assert (call.status, record.direction, record.outcome) == (200, "out", "answered")
    assert (record.price_u, record.cost_u, record.trunk_id) == (50_000, 0, None)
    assert not town.carrier.calls


@pytest.mark.parametrize(
    ("dialled", "fields", "status", "reason"),
    [
        (MOBILE, {"allowed_classes": ["local_fixed"]}, 403, "class-not-allowed"),
        ("1133334444", {"balance_u": 0}, 402, "no-credit"),
        ("123456", {}, 484, "invalid-number"),
        ("87654321", {}, 484, "invalid-number"),
    ],
)
def test_a_refused_call_says_why_and_is_on_record(
    town: Town, dialled: str, fields: dict[str, Any], status: int, reason: str
) -> None:
    circuit = town.world.circuit(**fields)
    phone = town.stage.phone(circuit)

    call = town.stage.play(dial(phone, dialled))

    record = record_of(circuit)
    assert (call.status, record.outcome, record.reason) == (status, "refused", reason)
    assert (record.tenant_id, record.price_u) == (circuit.tenant_id, 0)
    assert call.answered_at is None
    assert call.audio is not None and call.audio.packets_in > 10, "nothing was announced"


def test_a_number_shown_goes_by_its_own_route(town: Town) -> None:
    """The carriers of its route are those that know the number (S3-22)."""
    route = Route.objects.create(tenant=town.world.master, name="Do número")
    RouteStep.objects.create(
        tenant=town.world.master,
        route=route,
        call_class=CallClass.LOCAL_MOBILE,
        trunk=town.second_trunk,
    )
    circuit = town.world.circuit()
    number = did(town, circuit, "+551140003001")
    RouteAssignment.objects.create(tenant=town.world.master, route=route, did=number)
    phone = town.stage.phone(circuit)
    wait_for_configuration(town.exchange)

    town.stage.play(dial(phone, MOBILE, talk_s=0.2))

    assert record_of(circuit).trunk_id == town.second_trunk.pk
    assert not town.carrier.calls
