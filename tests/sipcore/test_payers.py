"""Who was stopped while his call ran."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.callingcards.making import make_card
from tests.support.world import World, make_world
from tronco.callingcards.models import Card
from tronco.callingcards.services import series_block
from tronco.charging.models import Account, Authorization
from tronco.circuits.models import Circuit
from tronco.circuits.services import circuit_extend
from tronco.sipcore.payers import is_payer_stopped
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def running_call(account: Account, circuit: Circuit | None, direction: str) -> str:
    Authorization.objects.create(
        call_id="call-1",
        tenant_id=account.tenant_id,
        account=account,
        circuit_id=circuit.pk if circuit else None,
        central="node1",
        direction=direction,
        started_at=datetime.now(UTC),
        seen_at=datetime.now(UTC),
        state="open",
        meters=[],
        facts={},
    )
    return "call-1"


@pytest.mark.parametrize("direction", ["out", "internal", "in"])
@pytest.mark.parametrize("stopped", ["nobody", "line", "customer", "reseller", "another"])
def test_who_was_stopped(world: World, stopped: str, direction: str) -> None:
    circuit = world.circuit(tenant=world.customer_a1)
    call_id = running_call(circuit.account, circuit, direction)
    if stopped == "line":
        Circuit.objects.filter(pk=circuit.pk).update(status=Circuit.Status.SUSPENDED)
    tenants = {
        "customer": world.customer_a1,
        "reseller": world.reseller_a,
        "another": world.reseller_b,
    }
    if stopped in tenants:
        Tenant.objects.filter(pk=tenants[stopped].pk).update(status=Tenant.Status.INACTIVE)

    expected = stopped in ("line", "customer", "reseller") and direction != "in"
    assert is_payer_stopped(call_id=call_id) is expected


@pytest.mark.parametrize(
    ("status", "is_paused", "stops"),
    [
        ("active", False, False),
        ("suspended", False, True),
        ("disabled", False, True),
        ("suspended", True, False),  # by the customer himself, who stopped this line alone
    ],
)
def test_an_extension_s_call_goes_with_its_line(
    world: World, status: str, is_paused: bool, stops: bool
) -> None:
    line = world.circuit(tenant=world.customer_a1)
    extension = circuit_extend(actor=SYSTEM, line_id=line.pk, number="7-12345").circuit
    call_id = running_call(line.account, extension, "out")
    Circuit.objects.filter(pk=line.pk).update(status=status, is_paused=is_paused)
    assert is_payer_stopped(call_id=call_id) is stops


@pytest.mark.parametrize("stopped", ["nobody", "card", "series"])
def test_a_card_that_was_blocked(world: World, stopped: str) -> None:
    card = make_card(world)
    call_id = running_call(card.account, None, "out")
    if stopped == "card":
        Card.objects.filter(pk=card.pk).update(status=Card.Status.BLOCKED)
    elif stopped == "series":
        series_block(actor=SYSTEM, series_id=card.series_id, is_blocked=True)
    assert is_payer_stopped(call_id=call_id) is (stopped != "nobody")


def test_a_call_that_nobody_knows(world: World) -> None:
    assert is_payer_stopped(call_id="never") is False
