"""The first screen: its counters lead to the lists that say the same, and nobody sees too much."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.calls.making import authorised, made
from tests.support.web import administrator, make_user, signed_in
from tests.support.world import World, make_world
from tronco.centrals.models import Central
from tronco.circuits.models import Registration
from tronco.dashboard.selectors import DAYS_SHOWN, get_counters, list_alerts, list_days, midnight
from tronco.identity.roles import Role
from tronco.routing.models import Trunk
from tronco.tenancy.access import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def busy_day(world: World) -> None:
    """Two circuits, one online; a call sold for 0,11 (bought for 0,055) and a refused one today."""
    own, other = world.circuit(tenant=world.customer_a), world.circuit()
    Registration.objects.create(
        circuit=own, tenant=own.tenant, online=True, changed_at=timezone.now()
    )
    today = midnight() + timedelta(seconds=5)
    made(world, own, talks_s=61, at=today)
    made(world, other, talks_s=None, outcome="refused", reason="no-credit", at=today)
    made(world, own, talks_s=61, at=today - timedelta(days=2))
    authorised(world, own, at=timezone.now())


def test_counters(world: World) -> None:
    busy_day(world)
    counters = get_counters(actor=SYSTEM)
    assert (counters.circuits, counters.circuits_online, counters.live_calls) == (2, 1, 1)
    assert (counters.today.calls, counters.today.answered) == (2, 1)
    assert counters.today.sale_u == 55_000
    reseller = get_counters(actor=world.actor(world.reseller_a))
    assert (reseller.circuits, reseller.today.calls, reseller.today.sale_u) == (1, 1, 110_000)
    assert get_counters(actor=world.actor(world.reseller_b)).circuits == 0


def test_every_day_is_there(world: World) -> None:
    busy_day(world)
    days = list_days(actor=SYSTEM)
    assert len(days) == DAYS_SHOWN
    assert [(day.calls, day.answered, day.minutes, day.sale_u) for day in days[-3:]] == [
        (1, 1, 1, 55_000),
        (0, 0, 0, 0),
        (2, 1, 1, 55_000),
    ]


def test_alerts(world: World) -> None:
    busy_day(world)
    Central.objects.update(status="up", seen_at=timezone.now())
    assert list_alerts(actor=SYSTEM).refused == [("no-credit", 1)]
    Trunk.objects.update(reachable=False)
    Central.objects.update(seen_at=timezone.now() - timedelta(minutes=5))
    alerts = list_alerts(actor=SYSTEM)
    assert ([trunk.name for trunk in alerts.trunks], alerts.centrals) == (["vizinha"], ["node1"])
    reseller = list_alerts(actor=world.actor(world.reseller_a))
    assert not reseller


def test_the_page_and_where_its_counters_lead(world: World) -> None:
    busy_day(world)
    client = administrator(world)
    page = client.get(reverse("dashboard:home"))
    links = [tile["url"] for tile in page.context["tiles"]]
    assert all(client.get(link).status_code == 200 for link in links)
    today = client.get(links[2])
    assert today.context["totals"].calls == 2
    for chart in ("consumption", "minutes", "calls"):
        data = client.get(reverse("dashboard:chart", args=[chart])).json()
        assert len(data["x"]) == DAYS_SHOWN
        assert all(len(series["values"]) == DAYS_SHOWN for series in data["series"])
    part = client.get(reverse("dashboard:home"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part


def test_who_has_only_the_first_screen_sees_it_empty(world: World) -> None:
    client = signed_in(make_user(world.customer, Role.EXTENSION_USER))
    page = client.get(reverse("dashboard:home"))
    assert page.status_code == 200
    assert page.context["tiles"] == []
    assert client.get(reverse("dashboard:chart", args=["calls"])).status_code == 404
