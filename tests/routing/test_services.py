"""Carriers, trunks and routes: what is kept, what is refused, and whose route a circuit uses."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from tests.support.world import World, make_world
from tronco.catalog.models import CallClass
from tronco.core import secrets
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tronco.dids.services import did_create
from tronco.identity.roles import Role
from tronco.routing import services
from tronco.routing.models import RouteAssignment, Trunk
from tronco.routing.selectors import list_steps_by_class
from tronco.tenancy.access import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def make_trunk(world: World, name: str = "outra", **fields: Any) -> Trunk:
    facts = {"host": "sip.outra.example", **fields}
    return services.trunk_create(actor=SYSTEM, carrier_id=world.carrier.pk, name=name, **facts)


def test_a_trunk_keeps_its_password_closed(world: World) -> None:
    trunk = make_trunk(world, username="op", password="s3gredo!", register=True)
    assert "s3gredo!" not in trunk.password_encrypted
    assert secrets.decrypt(trunk.password_encrypted, key=settings.SECRET_KEY) == "s3gredo!"

    services.trunk_change(actor=SYSTEM, trunk_id=trunk.pk, port=5070)
    trunk.refresh_from_db()
    assert secrets.decrypt(trunk.password_encrypted, key=settings.SECRET_KEY) == "s3gredo!"
    assert trunk.port == 5070


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"host": "sip.example;evil"}, "invalid-host"),
        ({"host": ""}, "invalid-host"),
        ({"host": "a b"}, "invalid-host"),
        ({"username": "op\n[trunk]"}, "invalid-username"),
        ({"tech_prefix": "12a"}, "invalid-tech_prefix"),
        ({"password": "a;b"}, "invalid-password"),
        ({"password": "a\nb"}, "invalid-password"),
        ({"codecs": "alaw,mp3"}, "codec-unknown"),
        ({"codecs": ""}, "codec-unknown"),
        ({"source_addresses": "10.0.0.1, fonte"}, "invalid-address"),
        ({"register": True}, "trunk-credentials-missing"),
        ({"number_format": "roman"}, "invalid-input"),
        ({"port": -1}, "invalid-input"),
        ({"name": "com espaço"}, "invalid-input"),
        ({"name": "vizinha"}, "already-exists"),
    ],
)
def test_a_trunk_that_cannot_be(world: World, fields: dict[str, Any], code: str) -> None:
    with pytest.raises((InvalidInput, Conflict)) as refused:
        make_trunk(world, **fields)
    assert refused.value.code == code


def test_source_addresses_are_written_one_way(world: World) -> None:
    trunk = make_trunk(world, source_addresses=" 203.0.113.7/24,198.51.100.1 ,2001:db8::1")
    assert trunk.source_addresses == "203.0.113.0/24, 198.51.100.1, 2001:db8::1"


def test_steps_are_replaced_in_their_order(world: World) -> None:
    second = make_trunk(world)
    route = services.route_change(
        actor=SYSTEM,
        route_id=world.route.pk,
        name="Padrão",
        is_default=True,
        least_cost=True,
        steps={"local_fixed": [second.pk, world.trunk.pk], "ldi": [world.trunk.pk]},
    )
    assert route.least_cost
    assert list_steps_by_class(route=route) == {
        "local_fixed": [second, world.trunk],
        "ldi": [world.trunk],
    }


@pytest.mark.parametrize(
    ("steps", "code"),
    [
        (lambda pk: {"local": [pk]}, "invalid-input"),
        (lambda pk: {"ldi": [pk, pk]}, "trunk-twice"),
        (lambda pk: {"ldi": [pk, 0]}, "trunk-unknown"),
    ],
)
def test_steps_that_cannot_be(world: World, steps: Any, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.route_create(actor=SYSTEM, name="Nova", steps=steps(world.trunk.pk))
    assert refused.value.code == code
    assert world.route.steps.count() == len(CallClass.values)


def test_a_route_is_given_taken_and_replaced(world: World) -> None:
    circuit = world.circuit()
    other = services.route_create(actor=SYSTEM, name="Outra", steps={})
    for route in (other, world.route):
        services.route_assign(actor=SYSTEM, route_id=route.pk, circuit_id=circuit.pk)
        services.route_assign(actor=SYSTEM, route_id=route.pk, tenant_id=world.customer.pk)
    given = RouteAssignment.objects.order_by("pk").values_list("route", "circuit", "used_by")
    assert list(given) == [
        (world.route.pk, circuit.pk, None),
        (world.route.pk, None, world.customer.pk),
    ]
    services.route_unassign(actor=SYSTEM, circuit_id=circuit.pk)
    assert RouteAssignment.objects.get().used_by == world.customer
    did = did_create(actor=SYSTEM, tenant_id=world.customer.pk, raw="1133334444").did
    services.route_assign(actor=SYSTEM, route_id=other.pk, did_id=did.pk)
    assert RouteAssignment.objects.get(did=did).route == other
    services.route_unassign(actor=SYSTEM, did_id=did.pk)
    assert not RouteAssignment.objects.filter(did=did).exists()
    for target in ({}, {"circuit_id": circuit.pk, "tenant_id": world.customer.pk}):
        with pytest.raises(InvalidInput):
            services.route_assign(actor=SYSTEM, route_id=other.pk, **target)


def test_there_is_always_one_default_route(world: World) -> None:
    other = services.route_create(actor=SYSTEM, name="Nova", steps={}, is_default=True)
    world.route.refresh_from_db()
    assert not world.route.is_default
    with pytest.raises(InvalidInput):
        services.route_change(
            actor=SYSTEM, route_id=other.pk, name="Nova", steps={}, is_default=False,
            least_cost=False,
        )  # fmt: skip
    with pytest.raises(Conflict):
        services.route_delete(actor=SYSTEM, route_id=other.pk)


def test_what_is_in_use_is_not_deleted(world: World) -> None:
    with pytest.raises(Conflict):
        services.carrier_delete(actor=SYSTEM, carrier_id=world.carrier.pk)
    with pytest.raises(Conflict):
        services.trunk_delete(actor=SYSTEM, trunk_id=world.trunk.pk)
    spare = make_trunk(world)
    services.trunk_delete(actor=SYSTEM, trunk_id=spare.pk)
    assert not Trunk.objects.filter(pk=spare.pk).exists()


def test_routing_is_the_masters_alone(world: World) -> None:
    reseller = world.actor(world.reseller_a)
    with pytest.raises(NotAllowed):
        services.carrier_create(actor=reseller, name="Minha")
    with pytest.raises(NotAllowed):
        make = world.actor(world.master, Role.READ_ONLY)
        services.trunk_change(actor=make, trunk_id=world.trunk.pk, port=1)
    with pytest.raises(NotFound):
        services.trunk_change(actor=SYSTEM, trunk_id=0, port=1)


def test_only_a_tariff_of_cost_is_a_carriers(world: World) -> None:
    sale = world.plan(world.master).tariff
    with pytest.raises(InvalidInput) as refused:
        services.carrier_create(actor=SYSTEM, name="Nova", cost_tariff_id=sale.pk)
    assert (refused.value.code, refused.value.field) == ("cost-tariff-unknown", "cost_tariff")
