"""Numbers: how they are read, whose they are, what they ring, and who may show them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.support.world import World, make_world
from tronco.charging.models import Authorization
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tronco.dids import services, states
from tronco.dids.models import Did, Tenure
from tronco.identity.roles import Role
from tronco.tenancy.access import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def test_a_number_through_which_somebody_speaks_stays(world: World) -> None:
    made = services.did_create(actor=SYSTEM, tenant_id=world.customer.pk, raw="1133334444").did
    now = datetime.now(UTC)
    call = Authorization.objects.create(
        call_id="node1-1.1", tenant=world.customer, did_id=made.pk, central="node1",
        direction="in", caller="1", dialled="2", called="2", call_class="", started_at=now,
        seen_at=now,
    )  # fmt: skip
    with pytest.raises(Conflict) as refused:
        services.did_delete(actor=SYSTEM, did_id=made.pk)
    assert refused.value.code == "calls-running"
    call.delete()
    services.did_delete(actor=SYSTEM, did_id=made.pk)


@pytest.mark.parametrize(
    ("raw", "e164", "saved", "warns"),
    [
        ("1133334444", "", "+551133334444", False),
        ("+551133334444", "", "+551133334444", False),
        ("01133334444", "(11) 3333-4444", "+551133334444", False),
        ("33334444", "1133334444", "+551133334444", False),
        ("TRONCO-7", "11 3333-4444", "+551133334444", False),
        ("1133334444", "1133335555", "+551133335555", True),
        ("08001234567", "", "+558001234567", False),
        ("40041234", "", "+5540041234", False),
    ],
)
def test_how_a_number_is_read(world: World, raw: str, e164: str, saved: str, warns: bool) -> None:
    made = services.did_create(actor=SYSTEM, tenant_id=world.customer.pk, raw=raw, e164=e164)
    assert (made.did.raw, made.did.e164, bool(made.warnings)) == (raw, saved, warns)
    assert Did.objects.get(raw=raw) == made.did


@pytest.mark.parametrize(
    ("raw", "e164", "field", "code"),
    [
        ("33334444", "", "e164", "number-unreadable"),
        ("190", "", "e164", "number-unreadable"),
        ("", "1133334444", "raw", "invalid-input"),
        ("1133334444", "333", "e164", "number-unknown-short-code"),
        ("1133334444", "190", "e164", "number-not-full"),
        ("1133334444", "1199999999", "e164", "number-old-mobile"),
    ],
)
def test_a_number_that_cannot_be(world: World, raw: str, e164: str, field: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.did_create(actor=SYSTEM, tenant_id=world.customer.pk, raw=raw, e164=e164)
    assert (refused.value.field, refused.value.code) == (field, code)


def test_what_the_supplier_sends_is_one_number(world: World) -> None:
    services.did_create(actor=SYSTEM, tenant_id=world.customer.pk, raw="1133334444")
    with pytest.raises(Conflict):
        services.did_create(actor=SYSTEM, tenant_id=world.customer_a.pk, raw="1133334444")


def test_a_number_rings_only_a_circuit_of_its_owner(world: World) -> None:
    own, foreign = world.circuit(), world.circuit(tenant=world.customer_a)
    made = services.did_create(
        actor=SYSTEM, tenant_id=world.customer.pk, raw="1133334444", circuit_id=own.pk
    )
    with pytest.raises(InvalidInput) as refused:
        services.did_ring(actor=SYSTEM, did_id=made.did.pk, circuit_id=foreign.pk)
    assert refused.value.code == "circuit-of-another"
    assert services.did_ring(actor=SYSTEM, did_id=made.did.pk, circuit_id=None).circuit is None


def test_a_circuit_shows_only_numbers_of_its_customer(world: World) -> None:
    circuit = world.circuit()
    services.did_create(
        actor=SYSTEM, tenant_id=world.customer.pk, raw="1133334444", circuit_id=circuit.pk
    )
    services.did_create(actor=SYSTEM, tenant_id=world.customer.pk, raw="1133335555")
    services.did_create(actor=SYSTEM, tenant_id=world.customer_a.pk, raw="1133336666")

    with pytest.raises(InvalidInput) as refused:
        services.caller_number_set(actor=SYSTEM, circuit_id=circuit.pk, e164="+551133336666")
    assert refused.value.code == "number-not-owned"
    circuit = services.caller_number_set(actor=SYSTEM, circuit_id=circuit.pk, e164="+551133335555")
    assert circuit.caller_number == "+551133335555"


def test_a_number_that_changes_hands_is_shown_no_more(world: World) -> None:
    circuit = world.circuit()
    did = services.did_create(
        actor=SYSTEM, tenant_id=world.customer.pk, raw="1133334444", circuit_id=circuit.pk
    ).did
    services.caller_number_set(actor=SYSTEM, circuit_id=circuit.pk, e164=did.e164)
    services.did_change(
        actor=SYSTEM, did_id=did.pk, tenant_id=world.customer_b.pk, raw=did.raw, e164=did.e164,
        circuit_id=None, supplier="", is_active=True,
    )  # fmt: skip
    circuit.refresh_from_db()
    assert circuit.caller_number == ""


def test_who_may(world: World) -> None:
    did = services.did_create(actor=SYSTEM, tenant_id=world.customer.pk, raw="1133334444").did
    with pytest.raises(NotFound):
        services.did_ring(actor=world.actor(world.reseller_a), did_id=did.pk, circuit_id=None)
    with pytest.raises(NotAllowed):
        finance = world.actor(world.master, Role.FINANCE)
        services.did_ring(actor=finance, did_id=did.pk, circuit_id=None)
    with pytest.raises(NotFound):
        services.did_create(
            actor=world.actor(world.reseller_b), tenant_id=world.customer_a.pk, raw="1133335555"
        )
    services.did_delete(actor=SYSTEM, did_id=did.pk)
    assert not Did.objects.exists()


@pytest.mark.parametrize("mode", Did.SELLER_MODES)
def test_a_seller_uses_a_number_of_his_stock_himself(world: World, mode: str) -> None:
    reseller = world.actor(world.reseller_a)
    new = services.did_create(
        actor=reseller, tenant_id=world.reseller_a.pk, raw="1133334444", mode=mode
    ).did
    assert (new.state, new.subscriber) == ("in_use", None)
    with pytest.raises(Conflict):
        states.did_assign(actor=reseller, did_id=new.pk, tenant_id=world.customer_a.pk)
    held = Tenure.objects.get(e164=new.e164)
    assert (held.tenant, held.until) == (world.reseller_a, None)

    stock = services.did_create(actor=reseller, tenant_id=world.reseller_a.pk, raw="1133335555").did
    assert stock.state == "available"
    services.did_change(actor=reseller, did_id=stock.pk, mode=mode)
    stock.refresh_from_db()
    assert stock.state == "in_use"
    back = states.did_give_back(actor=reseller, did_id=stock.pk, days=0)
    assert (back.state, back.mode, back.tenant) == ("available", "ring", world.reseller_a)
