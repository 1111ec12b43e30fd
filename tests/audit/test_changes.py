"""What changed lately: who sees whose changes, and what they say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.support.web import administrator, make_user, signed_in
from tests.support.world import World, make_world
from tronco.audit.selectors import list_changes
from tronco.core.errors import NotAllowed
from tronco.identity.roles import Role
from tronco.tenancy import services
from tronco.tenancy.access import acting


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def rename(world: World, why: str = "") -> None:
    actor = world.actor(world.reseller_a)
    with acting(actor, why=why, request_id="abc123"):
        services.tenant_change(
            actor=actor, tenant_id=world.customer_a.pk, name="Padaria", status="inactive"
        )


def test_a_change_says_who_what_and_why(world: World) -> None:
    rename(world, "pedido por telefone")
    latest = list_changes(actor=world.actor(world.master), kind="tenancy.tenant")[0]
    assert (latest.who, latest.why, latest.what, latest.object) == (
        "administrator de Revenda A",
        "pedido por telefone",
        "update",
        "Padaria",
    )
    assert {(d.before, d.after) for d in latest.differences} == {
        ("Cliente A", "Padaria"),
        ("Ativo", "Inativo"),
    }


def test_each_sees_only_what_lies_within_his_reach(world: World) -> None:
    rename(world)
    of_b = list_changes(actor=world.actor(world.reseller_b))
    assert of_b
    assert not {change.object for change in of_b} & {"Padaria", "Cliente A", "Operadora"}


def test_by_whom_and_when(world: World) -> None:
    rename(world)
    actor = world.actor(world.master)
    assert [c.object for c in list_changes(actor=actor, who="revenda a")] == ["Padaria"]
    tomorrow = timezone.now() + timedelta(days=1)
    assert list_changes(actor=actor, since=tomorrow) == []
    assert list_changes(actor=actor, until=tomorrow)


def test_the_page_and_its_filters(world: World) -> None:
    rename(world, "porque sim")
    client = administrator(world)
    page = client.get("/audit/", {"kind": "tenancy.tenant", "who": "revenda"}).content.decode()
    assert "porque sim" in page
    assert "Padaria" in page
    assert client.get("/audit/", {"since": "ontem", "kind": "nada"}).status_code == 200


def test_it_is_not_for_everybody(world: World) -> None:
    reader = make_user(world.customer_a, Role.CUSTOMER_ADMINISTRATOR)
    assert signed_in(reader).get("/audit/").status_code == 404
    with pytest.raises(NotAllowed):
        list_changes(actor=reader.actor)
