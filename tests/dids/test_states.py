"""What may become of a number in each state, and who is on record as its holder."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, transaction
from django.utils import timezone

from tests.support.world import World, make_world
from tronco.circuits import services as circuits
from tronco.circuits.models import Circuit
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tronco.dids import selectors, states
from tronco.dids.closed import Closed
from tronco.dids.models import ClosedDestination, Did, NumberRange, Tenure
from tronco.dids.services import did_change, did_create
from tronco.identity.roles import Role
from tronco.pbx.models import Menu, Schedule
from tronco.tenancy import services as tenancy
from tronco.tenancy.access import SYSTEM

pytestmark = pytest.mark.django_db
ALL = ("available", "reserved", "in_use", "quarantine", "ported_out")


@pytest.fixture
def world() -> World:
    return make_world()


def make(world: World, state: str = "available", raw: str = "1133334444") -> Did:
    """A number in that state, reached as people reach it."""
    did = did_create(actor=SYSTEM, tenant_id=world.reseller_a.pk, raw=raw).did
    if state == "reserved":
        return states.did_reserve(actor=SYSTEM, did_id=did.pk, reserved_for="Padaria")
    if state in ("in_use", "quarantine"):
        states.did_assign(actor=SYSTEM, did_id=did.pk, tenant_id=world.customer_a.pk)
    if state == "quarantine":
        return states.did_give_back(actor=SYSTEM, did_id=did.pk, days=30)
    if state == "ported_out":
        return states.did_port_out(actor=SYSTEM, did_id=did.pk)
    did.refresh_from_db()
    return did


def act(world: World, name: str, did: Did) -> Did:
    facts: dict[str, Any] = {"actor": SYSTEM, "did_id": did.pk}
    if name == "assign":
        facts["tenant_id"] = world.customer_a.pk
    service = getattr(states, f"did_{name}")
    return service(**facts)  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("name", "allowed", "becomes"),
    [
        ("reserve", {"available"}, "reserved"),
        ("free", {"reserved", "quarantine"}, "available"),
        ("assign", {"available", "reserved"}, "in_use"),
        ("give_back", {"in_use"}, "quarantine"),
        ("port_out", {"available", "reserved", "in_use", "quarantine"}, "ported_out"),
        ("port_in", {"ported_out"}, "available"),
    ],
)
def test_transitions(world: World, name: str, allowed: set[str], becomes: str) -> None:
    for place, state in enumerate(ALL):
        did = make(world, state, raw=f"113333444{place}")
        assert did.state == state
        if state in allowed:
            assert act(world, name, did).state == becomes, state
        else:
            with pytest.raises(Conflict) as refused:
                act(world, name, did)
            assert refused.value.code == "did-state"
            assert did.display in str(refused.value)


def test_nothing_of_the_former_holder_is_left(world: World) -> None:
    circuit = world.circuit(tenant=world.customer_a)
    menu = Menu.objects.create(tenant=world.customer_a, name="Principal")
    schedule = Schedule.objects.create(tenant=world.customer_a, name="Comercial")
    did = did_create(
        actor=SYSTEM,
        tenant_id=world.customer_a.pk,
        raw="1133334444",
        mode="menu",
        menu_id=menu.pk,
        payer_id=circuit.pk,
        schedule_id=schedule.pk,
        closed=Closed(action="circuit", circuit_id=circuit.pk),
        host="sip.vizinha.example",
        supplier="Vizinha",
        max_calls=7,
        description="Matriz",
    ).did
    Circuit.objects.filter(pk=circuit.pk).update(caller_number=did.e164)

    states.did_give_back(actor=SYSTEM, did_id=did.pk, days=90)

    did.refresh_from_db()
    assert (did.tenant, did.mode, did.menu, did.payer) == (world.reseller_a, "ring", None, None)
    assert (did.schedule, did.max_calls, did.description) == (None, None, "")
    assert (did.supplier, did.host) == ("Vizinha", "sip.vizinha.example")
    assert did.quarantine_until == timezone.localdate() + timedelta(days=90)
    assert not ClosedDestination.objects.exists()
    circuit.refresh_from_db()
    assert circuit.caller_number == ""
    menu.delete()


def test_a_number_goes_to_customers_of_its_stock_only(world: World) -> None:
    did = make(world)
    with pytest.raises(InvalidInput) as refused:
        states.did_assign(actor=SYSTEM, did_id=did.pk, tenant_id=world.customer_b.pk)
    assert refused.value.code == "stock-of-another"
    with pytest.raises(InvalidInput) as refused:
        states.did_assign(actor=SYSTEM, did_id=did.pk, tenant_id=world.reseller_a1.pk)
    foreign = world.circuit(tenant=world.customer_b)
    with pytest.raises(InvalidInput) as refused:
        states.did_assign(
            actor=SYSTEM, did_id=did.pk, tenant_id=world.customer_a1.pk, circuit_id=foreign.pk
        )
    assert refused.value.code == "circuit-of-another"
    did.refresh_from_db()
    assert did.state == "available"
    assert states.did_assign(actor=SYSTEM, did_id=did.pk, tenant_id=None).tenant == world.reseller_a
    with pytest.raises(NotFound):
        states.did_give_back(actor=world.actor(world.reseller_b), did_id=did.pk)
    with pytest.raises(NotAllowed):
        reader = world.actor(world.master, Role.READ_ONLY)
        states.did_give_back(actor=reader, did_id=did.pk)


@pytest.mark.parametrize(
    ("state", "owner", "becomes"),
    [
        ("available", "customer_a", "in_use"),
        ("reserved", "customer_a", "in_use"),
        ("available", "reseller_b", "available"),
        ("in_use", "customer_b", "in_use"),
        ("in_use", "reseller_a", "quarantine"),
        ("quarantine", "reseller_b", "quarantine"),
        ("quarantine", "customer_a", None),
        ("ported_out", "reseller_b", None),
    ],
)
def test_another_owner_on_the_form(
    world: World, state: str, owner: str, becomes: str | None
) -> None:
    did = make(world, state)
    wanted = getattr(world, owner)
    if becomes is None:
        with pytest.raises(Conflict):
            did_change(actor=SYSTEM, did_id=did.pk, tenant_id=wanted.pk)
        return
    changed = did_change(actor=SYSTEM, did_id=did.pk, tenant_id=wanted.pk).did
    assert (changed.state, changed.tenant) == (becomes, wanted)


def test_quarantine_ends_by_the_calendar(world: World) -> None:
    did = make(world, "quarantine")
    assert did.quarantine_until is not None
    assert states.quarantine_end(today=did.quarantine_until - timedelta(days=1)) == 0
    assert states.quarantine_end(today=did.quarantine_until) == 1
    did.refresh_from_db()
    assert did.state == "available"
    assert not did.quarantine_until


def test_who_held_it_and_through_whom(world: World) -> None:
    did = make(world)
    assert not Tenure.objects.exists(), "in stock nobody holds it"
    states.did_assign(actor=SYSTEM, did_id=did.pk, tenant_id=world.customer_a1.pk)
    did_change(actor=SYSTEM, did_id=did.pk, tenant_id=world.customer_a.pk)
    states.did_port_out(actor=SYSTEM, did_id=did.pk)

    first, second = Tenure.objects.order_by("id")
    assert (first.holder, first.ended_as) == ("Cliente A1", "transferred")
    assert first.sellers == ["Operadora", "Revenda A", "Revenda A1"]
    assert (second.holder, second.ended_as) == ("Cliente A", "ported_out")
    assert second.until is not None


def test_every_way_of_changing_a_holder_is_on_record(world: World) -> None:
    """Also those that no service knows of."""
    did = make(world, "in_use")
    Did.objects.filter(pk=did.pk).update(tenant=world.customer_b)
    Did.objects.filter(pk=did.pk).update(description="nada muda")
    did.delete()
    told = list(Tenure.objects.order_by("id").values_list("holder", "ended_as"))
    assert told == [("Cliente A", "transferred"), ("Cliente B", "deleted")]


@pytest.mark.parametrize("act", ["delete", "rewrite", "reopen"])
def test_a_tenure_is_never_changed(world: World, act: str) -> None:
    did = make(world, "in_use")
    states.did_give_back(actor=SYSTEM, did_id=did.pk)
    row = Tenure.objects.filter(e164=did.e164)
    with pytest.raises(ProgrammingError), transaction.atomic():
        if act == "delete":
            row.delete()
        else:
            changes: dict[str, Any] = {"rewrite": {"holder": "Outro"}, "reopen": {"until": None}}
            row.update(**changes[act])


@pytest.mark.parametrize(
    ("at", "holder"),
    [
        (datetime(2025, 1, 1, tzinfo=UTC), None),
        (datetime(2025, 3, 1, tzinfo=UTC), "Cliente A"),
        (datetime(2025, 6, 1, tzinfo=UTC), None),
        (datetime(2026, 6, 1, tzinfo=UTC), "Cliente B"),
    ],
)
def test_who_had_it_on_that_date(world: World, at: datetime, holder: str | None) -> None:
    for tenant, since, until in (
        (world.customer_a, date(2025, 2, 1), date(2025, 5, 1)),
        (world.customer_b, date(2026, 1, 1), None),
    ):
        Tenure.objects.create(
            tenant=tenant,
            e164="+551133334444",
            holder=tenant.name,
            since=datetime(since.year, since.month, since.day, tzinfo=UTC),
            until=until and datetime(until.year, until.month, until.day, tzinfo=UTC),
        )
    found = selectors.find_holder(actor=SYSTEM, e164="+551133334444", at=at)
    assert (found and found.holder) == holder


def test_what_is_cancelled_gives_its_numbers_back(world: World) -> None:
    made = NumberRange.objects.create(
        tenant=world.master, name="Centro", area="5511", first="33334000", last="33334009",
        cancels_itself=True,
    )  # fmt: skip
    keeps = NumberRange.objects.create(
        tenant=world.master, name="Fica", area="5511", first="33335000", last="33335009"
    )
    disabled, deleted, running = (world.circuit() for _ in range(3))
    of_removed = world.circuit(tenant=world.customer_b)

    def number(raw: str, circuit: Circuit, found: NumberRange = made) -> Did:
        return did_create(
            actor=SYSTEM, tenant_id=circuit.tenant_id, raw=raw, circuit_id=circuit.pk,
            range_id=found.pk,
        ).did  # fmt: skip

    cancelled = [
        number("1133334000", disabled),
        number("1133334001", deleted),
        number("1133334002", of_removed),
    ]
    kept = [number("1133334003", running), number("1133335000", disabled, keeps)]
    loose = did_create(
        actor=SYSTEM, tenant_id=world.customer.pk, raw="1133334004", range_id=made.pk
    ).did
    circuits.circuit_disable(actor=SYSTEM, circuit_id=disabled.pk)
    deleted.delete()
    tenancy.tenant_remove(actor=SYSTEM, tenant_id=world.customer_b.pk)

    assert states.cancelled_give_back() == 3
    assert states.cancelled_give_back() == 0

    for did in cancelled:
        did.refresh_from_db()
        assert did.state == "quarantine"
        assert did.tenant.kind != "customer"
    for did in (*kept, loose):
        did.refresh_from_db()
        assert did.state == "in_use"
