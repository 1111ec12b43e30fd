"""Ranges and quantities: what is created, what is not and why, and how fast."""

from __future__ import annotations

import time

import pytest

from tests.support.world import World, make_world
from tronco.core.errors import Conflict, InvalidInput, NotFound
from tronco.dids import numbers, ranges
from tronco.dids.closed import Closed
from tronco.dids.models import ClosedDestination, Did, NumberRange
from tronco.dids.services import did_create
from tronco.dids.states import did_assign
from tronco.pbx.models import Schedule
from tronco.tenancy.access import SYSTEM


@pytest.mark.parametrize(
    ("area", "first", "last", "sent_as", "raws"),
    [
        (
            "5511",
            "33334000",
            "33334002",
            "digits",
            ["551133334000", "551133334001", "551133334002"],
        ),
        ("5511", "33334000", "33334000", "e164", ["+551133334000"]),
        ("5511", "33334000", "33334001", "national", ["01133334000", "01133334001"]),
        ("5511", "33334000", "33334001", "ddd", ["1133334000", "1133334001"]),
        ("55800", "1234567", "1234568", "national", ["08001234567", "08001234568"]),
    ],
)
def test_numbers_of_a_range(
    area: str, first: str, last: str, sent_as: str, raws: list[str]
) -> None:
    found = numbers.list_of_range(area, first, last, sent_as)
    assert [one.raw for one in found] == raws
    assert all(one.e164.startswith(f"+{area}") for one in found)


@pytest.mark.parametrize(
    ("area", "first", "last", "field"),
    [
        ("11", "33334000", "33334001", "area"),
        ("55112", "3333-4000", "33334001", "first"),
        ("5511", "33334000", "3333400", "last"),
        ("5511", "33334001", "33334000", "last"),
        ("5511", "33334000", "", "last"),
        ("5511", "30000000", "39999999", "last"),
    ],
)
def test_a_range_that_cannot_be(area: str, first: str, last: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        numbers.list_of_range(area, first, last, "digits")
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("raw", "e164", "quantity", "raws"),
    [
        ("1133334008", "+551133334008", 3, ["1133334008", "1133334009", "1133334010"]),
        ("TRONCO-08", "+551133334008", 2, ["TRONCO-08", "TRONCO-09"]),
        ("0098", "+551133330098", 3, ["0098", "0099", "0100"]),
    ],
)
def test_numbers_that_follow(raw: str, e164: str, quantity: int, raws: list[str]) -> None:
    found = numbers.list_following(raw, e164, quantity)
    assert [one.raw for one in found] == raws
    assert [one.e164[-2:] for one in found] == [one[-2:] for one in raws]


def test_numbers_that_would_grow_longer_are_none() -> None:
    found = numbers.list_following("98", "+551133334098", 3)
    assert [one.e164 for one in found] == ["+551133334098", "+551133334099", ""]


def test_what_is_left_out_and_why() -> None:
    wanted = [numbers.Wanted(str(n), f"+55{n}" if n % 2 else "") for n in range(10_003)]
    plan = numbers.sort_out(wanted, {"1", "+553"})
    assert (len(plan.taken), len(plan.impossible), plan.too_many) == (2, 5000, 3)
    assert (len(plan.create), plan.asked) == (4998, 10_003)


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def make_range(world: World, **facts: object) -> tuple[NumberRange, numbers.NumberPlan]:
    typed = {
        "tenant_id": world.master.pk,
        "name": "Centro",
        "area": "5511",
        "first": "33334000",
        "last": "33334009",
        "sent_as": "digits",
        **facts,
    }
    return ranges.range_create(actor=SYSTEM, **typed)  # type: ignore[arg-type]


def test_a_range_makes_its_numbers_and_takes_in_those_that_are_there(world: World) -> None:
    there = did_create(actor=SYSTEM, tenant_id=world.customer_a.pk, raw="1133334003").did
    preview = ranges.range_preview(area="5511", first="33334000", last="33334009", sent_as="digits")
    made, plan = make_range(world, supplier="Vizinha")

    assert len(preview.create) == len(plan.create) == 9
    assert [one.e164 for one in plan.taken] == [there.e164]
    there.refresh_from_db()
    assert (there.range, there.state, there.tenant) == (made, Did.State.IN_USE, world.customer_a)
    new = Did.objects.filter(range=made).exclude(pk=there.pk)
    assert new.count() == 9
    assert set(new.values_list("state", "tenant", "supplier")) == {
        ("available", world.master.pk, "Vizinha")
    }
    with pytest.raises(Conflict):
        make_range(world, first="33335000", last="33335001")


def test_a_foreign_number_counts_as_taken_and_is_left_alone(world: World) -> None:
    did_create(actor=SYSTEM, tenant_id=world.customer_b.pk, raw="1133334003")
    actor = world.actor(world.reseller_a)
    made, plan = ranges.range_create(
        actor=actor, tenant_id=world.reseller_a.pk, name="Norte", area="5511", first="33334003",
        last="33334004", sent_as="ddd",
    )  # fmt: skip
    assert [one.raw for one in plan.taken] == ["1133334003"]
    assert [did.raw for did in made.numbers.all()] == ["1133334004"]
    with pytest.raises(NotFound):
        ranges.range_create(
            actor=actor, tenant_id=world.reseller_b.pk, name="Sul", area="5511", first="33334005",
            last="33334006", sent_as="ddd",
        )  # fmt: skip
    with pytest.raises(InvalidInput):
        make_range(world, tenant_id=world.customer.pk)


def test_ten_thousand_numbers_in_about_a_second(world: World) -> None:
    began = time.perf_counter()
    made, plan = make_range(world, first="33330000", last="33339999")
    took_s = time.perf_counter() - began
    assert len(plan.create) == made.numbers.count() == 10_000
    # About a second on a quiet machine; what must not be is a statement a number.
    assert took_s < 8, took_s


def test_a_range_goes_as_a_whole_or_not_at_all(world: World) -> None:
    made, _plan = make_range(world)
    did = made.numbers.first()
    assert did is not None
    did_assign(actor=SYSTEM, did_id=did.pk, tenant_id=world.customer.pk)
    with pytest.raises(Conflict) as refused:
        ranges.range_delete(actor=SYSTEM, range_id=made.pk)
    assert refused.value.details == {"count": 1}
    other, _plan = make_range(world, name="Sul", first="33335000", last="33335009")
    ranges.range_delete(actor=SYSTEM, range_id=other.pk)
    assert not Did.objects.filter(e164__startswith="+5511333350").exists()


def test_a_quantity_is_alike_in_everything(world: World) -> None:
    circuit = world.circuit()
    schedule = Schedule.objects.create(tenant=world.customer, name="Comercial")
    did_create(actor=SYSTEM, tenant_id=world.customer.pk, raw="1133334002")
    saved, plan = ranges.series_create(
        actor=SYSTEM,
        quantity=4,
        tenant_id=world.customer.pk,
        raw="1133334000",
        circuit_id=circuit.pk,
        schedule_id=schedule.pk,
        closed=Closed(action="voicemail", circuit_id=circuit.pk),
        supplier="Vizinha",
        host="sip.vizinha.example",
        username="u1",
        password="segredo",
        max_calls=3,
    )
    assert [one.raw for one in plan.create] == ["1133334000", "1133334001", "1133334003"]
    made = Did.objects.filter(supplier="Vizinha")
    assert made.count() == 3
    for did in made:
        assert (did.circuit, did.max_calls, did.username) == (circuit, 3, "u1")
        assert did.password_encrypted == saved.did.password_encrypted != ""
        assert did.closed.circuit == circuit
    assert ClosedDestination.objects.count() == 3
    with pytest.raises(Conflict):
        ranges.series_create(
            actor=SYSTEM, quantity=2, tenant_id=world.customer.pk, raw="1133334000"
        )
