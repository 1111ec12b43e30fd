"""*Te ligou*: who is told of a call that nobody answered, and that he is told once."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.smtp import own_mail_server
from tests.support.world import World, make_world
from tronco.calls import missed
from tronco.calls.missed import missed_calls_tell
from tronco.calls.models import Cdr
from tronco.dids.models import Did
from tronco.mail.models import Email, Notices
from tronco.mail.tasks import deliver_due
from tronco.pbx.models import LineService

pytestmark = pytest.mark.django_db
NOW = datetime.now(UTC)
_identities = itertools.count(1)


@pytest.fixture
def world() -> World:
    world = make_world()
    Notices.objects.create(
        tenant=world.customer_a, missed_calls=True, address="avisos@cliente.example"
    )
    return world


def called(world: World, *, ago_min: float = 1, **fields: Any) -> Cdr:
    at = NOW - timedelta(minutes=ago_min)
    identity = next(_identities)
    did, _made = Did.objects.get_or_create(
        raw="1133334444", defaults={"tenant": world.customer_a, "e164": "+551133334444"}
    )
    facts: dict[str, Any] = {
        "tenant": world.customer_a, "did": did, "central": "node1", "direction": "in",
        "caller": "+5511988887777", "dialled": did.raw, "called": did.e164,
        "started_at": at - timedelta(seconds=30), "ended_at": at, "outcome": "no_answer",
    }  # fmt: skip
    return Cdr.objects.create(
        identity=identity, call_id=f"node1-{identity}.1", **{**facts, **fields}
    )


def test_a_call_in_vain_is_told_once(world: World, settings: Any) -> None:
    called(world)
    assert missed_calls_tell(at=NOW) == 1
    assert missed_calls_tell(at=NOW + timedelta(minutes=1)) == 0
    with own_mail_server(settings) as server:
        deliver_due(0)
    [message] = server.taken
    assert message["Subject"] == "(11) 98888-7777 te ligou"
    assert message["To"] == "avisos@cliente.example"
    text = message.get_body(("plain",)).get_content()
    assert "ligou para (11) 3333-4444" in text and "Cliente A" in text


def test_who_has_no_address_keeps_nobody_else_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(missed, "MOST_AT_ONCE", 1)
    Notices.objects.create(tenant=world.customer_a1, missed_calls=True)
    called(world, tenant=world.customer_a1, did=None, ago_min=2)
    called(world)
    assert missed_calls_tell(at=NOW) == 1
    assert Email.objects.get().tenant == world.customer_a
    line = world.circuit(tenant=world.customer_a1)
    LineService.objects.create(
        circuit=line, tenant=line.tenant, voicemail=True, voicemail_email="ana@a.example"
    )
    called(world, tenant=world.customer_a1, did=None, circuit=line)
    assert missed_calls_tell(at=NOW) == 1
    assert Email.objects.filter(recipient="ana@a.example").count() == 1


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"outcome": "no_answer"}, 1),
        ({"outcome": "busy"}, 1),
        ({"outcome": "cancelled"}, 1),
        ({"outcome": "failed"}, 1),
        ({"outcome": "answered"}, 0),
        ({"outcome": "refused"}, 0),
        ({"direction": "out"}, 0),
        ({"direction": "internal"}, 0),
        ({"ago_min": 14}, 1),
        ({"ago_min": 16}, 0),
        ({"started_at": NOW - timedelta(hours=2)}, 1),
    ],
)
def test_which_calls_are_told_of(world: World, fields: dict[str, Any], told: int) -> None:
    called(world, **fields)
    assert missed_calls_tell(at=NOW) == told


def test_who_did_not_ask_is_not_told(world: World) -> None:
    called(world, tenant=world.customer_b)
    Notices.objects.create(tenant=world.customer_a1, address="a1@cliente.example")
    called(world, tenant=world.customer_a1)
    assert missed_calls_tell(at=NOW) == 0


def test_a_line_s_owner_is_told_of_his_own(world: World) -> None:
    line = world.circuit(tenant=world.customer_a)
    LineService.objects.create(
        circuit=line, tenant=line.tenant, voicemail=True, voicemail_email="ana@cliente.example"
    )
    called(world, circuit=line)
    missed_calls_tell(at=NOW)
    assert Email.objects.get().recipient == "ana@cliente.example"


@pytest.mark.parametrize(
    ("customer", "line", "told"),
    [
        (True, None, 1),
        (True, True, 1),
        (True, False, 0),
        (False, None, 0),
        (False, True, 1),
        (False, False, 0),
    ],
)
def test_a_line_may_want_it_otherwise(
    world: World, customer: bool, line: bool | None, told: int
) -> None:
    Notices.objects.update(missed_calls=customer)
    circuit = world.circuit(tenant=world.customer_a)
    LineService.objects.create(circuit=circuit, tenant=circuit.tenant, missed_calls=line)
    called(world, circuit=circuit)
    assert missed_calls_tell(at=NOW) == told


def test_an_address_that_is_none_does_not_hold_up_the_others(world: World) -> None:
    line = world.circuit(tenant=world.customer_a)
    LineService.objects.create(circuit=line, tenant=line.tenant, voicemail_email="ninguém")
    called(world, circuit=line)
    called(world)
    assert missed_calls_tell(at=NOW) == 1
