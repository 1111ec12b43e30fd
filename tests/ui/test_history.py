"""What an object's history tells."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.web import administrator, make_user
from tests.support.world import World, make_world
from tronco.identity import services as identity
from tronco.identity.models import User
from tronco.tenancy import services
from tronco.tenancy.access import acting
from tronco.tenancy.models import Tenant
from tronco.ui.history import list_events


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def test_before_and_after_of_each_field_and_nothing_else(world: World) -> None:
    actor = world.actor(world.master)
    made = services.tenant_create(
        actor=actor, parent_id=world.reseller_a.pk, kind="customer", name="Padaria"
    )
    with acting(actor, why="mudou de dono"):
        services.tenant_change(
            actor=actor,
            tenant_id=made.pk,
            name="Padaria Nova",
            status="active",
            max_calls=5,
        )
    changed, created = list_events(Tenant, {"pgh_obj_id": made.pk})
    assert (created.what, changed.what) == ("insert", "update")
    assert (changed.who, changed.why) == (actor.name, "mudou de dono")
    assert {(d.label, d.before, d.after) for d in changed.differences} == {
        ("Nome", "Padaria", "Padaria Nova"),
        ("Chamadas simultâneas", "—", "5"),
    }
    assert ("Acima", "", f"Revenda A (#{world.reseller_a.pk})") in [
        (d.label, d.before, d.after) for d in created.differences
    ]


def test_raw_sql_is_recorded_too(world: World) -> None:
    Tenant.objects.filter(pk=world.customer.pk).update(name="Por fora")
    assert list_events(Tenant, {"pgh_obj_id": world.customer.pk})[0].object == "Por fora"


def test_customers_given_to_a_user_are_part_of_his_history(world: World) -> None:
    user = make_user(world.master, username="ana")
    facts: dict[str, Any] = {"actor": world.actor(world.master), "user_id": user.pk}
    for customers in ([world.customer_a.pk], []):
        identity.user_change(
            **facts, username="ana", name="Ana", role=user.role, customer_ids=customers
        )
    page = administrator(world).get(f"/identity/users/{user.pk}/history/").content.decode()
    assert page.count(f"Cliente A (#{world.customer_a.pk})") >= 2
    assert "Apagado" in page


def test_passwords_are_in_no_history(world: World) -> None:
    user = make_user(world.master, username="ana")
    identity.user_set_password(
        actor=world.actor(world.master), user_id=user.pk, password="girafa-azul-77"
    )
    labels = {d.label for e in list_events(User, {"pgh_obj_id": user.pk}) for d in e.differences}
    assert not {label for label in labels if "senha" in label.lower()} - {"Deve trocar a senha"}
