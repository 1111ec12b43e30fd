"""Screens of carriers, trunks and routes."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tests.support.web import administrator
from tests.support.world import World, make_world
from tests.ui.cases import ResourceCase
from tronco.catalog.models import CallClass
from tronco.dids.models import Did
from tronco.routing import services
from tronco.routing.models import Carrier, Route, RouteAssignment, Trunk
from tronco.routing.selectors import list_steps_by_class
from tronco.routing.views import Carriers, Routes, Trunks
from tronco.tenancy.access import SYSTEM


class TestCarriers(ResourceCase):
    resource = Carriers
    changes = {"name": "Outra"}

    def make(self, world: World, name: str = "Primeiro") -> Carrier:
        return services.carrier_create(actor=SYSTEM, name=name)

    def typed(self, world: World) -> dict[str, Any]:
        tariff = world.carrier.cost_tariff
        assert tariff is not None
        return {"name": "Nova", "cost_tariff": str(tariff.pk), "is_active": "on"}


class TestTrunks(ResourceCase):
    resource = Trunks
    changes = {"port": "5070"}
    bulk = {"max_calls": "", "is_active": ""}

    def make(self, world: World, name: str = "Primeiro") -> Trunk:
        return services.trunk_create(
            actor=SYSTEM,
            carrier_id=world.carrier.pk,
            name=name.replace(" ", "-"),
            host="192.0.2.1",
            max_calls=4,
        )

    def typed(self, world: World) -> dict[str, Any]:
        return {
            "carrier": str(world.carrier.pk),
            "name": "novo",
            "is_active": "on",
            "host": "192.0.2.7",
            "port": "5060",
            "username": "op",
            "password": "s3gredo",
            "register": "on",
            "number_format": "digits",
            "codecs": "alaw",
        }


class TestRoutes(ResourceCase):
    resource = Routes
    changes = {"name": "Outra"}

    def make(self, world: World, name: str = "Primeiro") -> Route:
        return services.route_create(
            actor=SYSTEM, name=name, steps={"local_fixed": [world.trunk.pk]}
        )

    def typed(self, world: World) -> dict[str, Any]:
        return {"name": "Nova", **{f"{c}_0": str(world.trunk.pk) for c in CallClass.values}}


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def test_a_trunks_password_never_comes_back(world: World) -> None:
    client = administrator(world)
    client.post(reverse("routing:trunk_add"), TestTrunks().typed(world))
    trunk = Trunk.objects.get(name="novo")
    secret = trunk.password_encrypted
    for action in ("detail", "edit", "history"):
        page = client.get(reverse(f"routing:trunk_{action}", args=[trunk.pk])).content.decode()
        assert "s3gredo" not in page
        assert secret not in page
    typed = {**TestTrunks().typed(world), "password": "", "port": "5099"}
    client.post(reverse("routing:trunk_edit", args=[trunk.pk]), typed)
    trunk.refresh_from_db()
    assert (trunk.port, trunk.password_encrypted) == (5099, secret)


def test_the_eight_classes_are_one_form(world: World) -> None:
    client = administrator(world)
    second = TestTrunks().make(world, "segundo")
    url = reverse("routing:route_edit", args=[world.route.pk])
    page = client.get(url).content.decode()
    for call_class in CallClass:
        for place in range(3):
            assert page.count(f'name="{call_class.value}_{place}"') == 1
    typed = {
        "name": "Padrão",
        "is_default": "on",
        "local_fixed_0": str(second.pk),
        "local_fixed_1": str(world.trunk.pk),
        "ldi_2": str(world.trunk.pk),
    }
    assert client.post(url, typed).status_code == 302
    assert list_steps_by_class(route=world.route) == {
        "local_fixed": [second, world.trunk],
        "ldi": [world.trunk],
    }
    page = client.get(reverse("routing:route_detail", args=[world.route.pk])).content.decode()
    assert page.index("segundo") < page.index("vizinha")


def test_a_route_with_more_trunks_than_the_form_offers_loses_none(world: World) -> None:
    client = administrator(world)
    trunks = [TestTrunks().make(world, f"t{n}") for n in range(5)]
    route = services.route_create(
        actor=SYSTEM, name="Longa", steps={"ldi": [trunk.pk for trunk in trunks]}
    )
    page = client.get(reverse("routing:route_edit", args=[route.pk])).content.decode()
    assert 'name="ldi_5"' in page
    typed = {"name": "Longa", **{f"ldi_{n}": str(t.pk) for n, t in enumerate(trunks)}}
    client.post(reverse("routing:route_edit", args=[route.pk]), typed)
    assert list_steps_by_class(route=route) == {"ldi": trunks}


def test_a_trunk_named_twice_is_told_beside_its_class(world: World) -> None:
    client = administrator(world)
    pk = str(world.trunk.pk)
    typed = {"name": "Nova", "ldi_0": pk, "ldi_1": pk}
    answer = client.post(reverse("routing:route_add"), typed)
    assert answer.status_code == 422
    assert not Route.objects.filter(name="Nova").exists()


def test_a_route_is_given_on_its_page(world: World) -> None:
    client = administrator(world)
    url = reverse("routing:route_do", args=[world.route.pk, "assign"])
    assert client.post(url, {"tenant": str(world.customer.pk)}).status_code == 302
    assert RouteAssignment.objects.get().used_by == world.customer
    assert client.post(url, {}).status_code == 422


def test_resellers_have_no_routing(world: World) -> None:
    client = administrator(world, world.reseller_a)
    for name in ("carrier_list", "trunk_list", "route_list", "route_add"):
        assert client.get(reverse(f"routing:{name}")).status_code == 404


NUMBER = {
    "raw": "1144445555",
    "is_active": "on",
    "allowed_callers": ["fixed", "mobile"],
    "reverse_charging": "on",
}


def routes_of_numbers() -> dict[str, str]:
    given = RouteAssignment.objects.filter(did__isnull=False)
    return {one.did.raw: one.route.name for one in given.select_related("did", "route") if one.did}


@pytest.mark.django_db
def test_a_number_is_added_with_its_route() -> None:
    """S3-20: number, route, reverse charging; S3-21: and its owner."""
    world = make_world()
    client = administrator(world)
    other = Route.objects.create(tenant=world.master, name="Outra")
    typed = {**NUMBER, "subscriber": str(world.customer.pk), "route": str(world.route.pk)}
    answer = client.post(reverse("dids:did_add"), typed, follow=True)
    assert "precisa existir nas operadoras" in answer.content.decode()
    did = Did.objects.get(raw="1144445555")
    assert did.reverse_charging
    assert routes_of_numbers() == {"1144445555": "Padrão"}

    edit = reverse("dids:did_edit", args=[did.pk])
    assert client.get(edit).context["form"]["route"].value() == world.route.pk
    for route, found in ((str(other.pk), {"1144445555": "Outra"}), ("", {})):
        assert client.post(edit, {**typed, "route": route}).status_code == 302
        assert routes_of_numbers() == found
    assert client.post(edit, {**typed, "route": "999"}).status_code == 422

    many = {**typed, "raw": "1144446000", "quantity": "3", "confirmed": "1"}
    assert client.post(reverse("dids:did_add"), many).status_code == 302
    assert routes_of_numbers() == dict.fromkeys(
        ("1144446000", "1144446001", "1144446002"), "Padrão"
    )


@pytest.mark.django_db
def test_who_keeps_no_routes_is_not_asked_for_one() -> None:
    world = make_world()
    seller = administrator(world, world.reseller_a)
    typed = {**NUMBER, "subscriber": str(world.customer_a.pk), "route": str(world.route.pk)}
    assert "route" not in seller.get(reverse("dids:did_add")).context["form"].fields
    assert seller.post(reverse("dids:did_add"), typed).status_code == 302
    did = Did.objects.get(raw="1144445555")
    services.route_assign(actor=SYSTEM, route_id=world.route.pk, did_id=did.pk)
    url = reverse("dids:did_edit", args=[did.pk])
    assert seller.post(url, {**typed, "route": ""}).status_code == 302
    assert routes_of_numbers() == {"1144445555": "Padrão"}
