"""Screens of centrals and bans."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.support.web import WebClient, administrator, make_user, signed_in
from tests.support.world import World, make_world
from tests.ui.cases import ResourceCase
from tronco.centrals.models import Ban, Central
from tronco.centrals.services import central_create
from tronco.centrals.views import Bans, Centrals
from tronco.core.errors import InvalidInput
from tronco.identity.roles import Role
from tronco.tenancy.access import SYSTEM


class TestCentrals(ResourceCase):
    resource = Centrals
    changes = {"description": "Sala 2"}

    def make(self, world: World, name: str = "Primeiro") -> Central:
        return central_create(actor=SYSTEM, name=name.replace(" ", "-"), host="192.0.2.1")

    def typed(self, world: World) -> dict[str, Any]:
        return {"name": "node2", "host": "192.0.2.2", "sip_port": "5060", "is_active": "on"}


class TestBans(ResourceCase):
    resource = Bans

    def make(self, world: World, name: str = "Primeiro") -> Ban:
        return make_ban(world, f"203.0.113.{Ban.objects.count() + 1}")


def make_ban(world: World, address: str = "203.0.113.1", *, minutes: int = 60) -> Ban:
    return Ban.objects.create(
        tenant=world.master,
        central=world.central,
        address=address,
        attempts=11,
        last_user="admin",
        expires_at=timezone.now() + timedelta(minutes=minutes),
    )


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def lift(client: WebClient, ban: Ban) -> int:
    return client.post(reverse("centrals:ban_do", args=[ban.pk, "lift"])).status_code


def test_a_ban_is_lifted_by_name(world: World) -> None:
    ban = make_ban(world)
    assert lift(administrator(world), ban) == 302
    ban.refresh_from_db()
    assert ban.lifted_at is not None
    assert ban.lifted_by.startswith("Pessoa administrator")


def test_who_may_not_lift(world: World) -> None:
    ban = make_ban(world)
    assert lift(signed_in(make_user(world.master, Role.READ_ONLY)), ban) == 403
    assert lift(administrator(world, world.reseller_a), ban) == 404
    ban.refresh_from_db()
    assert ban.lifted_at is None


def test_a_ban_that_is_over_offers_nothing(world: World) -> None:
    assert lift(administrator(world), make_ban(world, minutes=-1)) == 403


@pytest.mark.parametrize(
    ("status", "seen_s_ago", "health"),
    [("up", 5, "up"), ("up", 60, "silent"), ("down", 5, "down"), ("down", None, "down")],
)
def test_health(world: World, status: str, seen_s_ago: int | None, health: str) -> None:
    seen_at = timezone.now() - timedelta(seconds=seen_s_ago) if seen_s_ago is not None else None
    Central.objects.filter(pk=world.central.pk).update(status=status, seen_at=seen_at)
    make_ban(world)
    make_ban(world, "203.0.113.2", minutes=-1)
    central = Centrals().queryset(SYSTEM).get(pk=world.central.pk)
    assert (central.health, central.ban_count) == (health, 1)


@pytest.mark.parametrize(
    ("host", "port", "field"),
    [("a b", 5060, "host"), ("", 5060, "host"), ("h\nx", 5060, "host"), ("h", 70000, "sip_port")],
)
def test_an_address_that_cannot_be(world: World, host: str, port: int, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        central_create(actor=SYSTEM, name="n9", host=host, sip_port=port)
    assert refused.value.field == field
