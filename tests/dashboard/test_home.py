"""The first screen: its counters lead to the lists that say the same, and nobody sees too much."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.calls.making import authorised, ended, made
from tests.pbx.making import make_menu, make_queue
from tests.support.web import WebClient, administrator, make_user, signed_in
from tests.support.world import World, make_world
from tronco.calls.rollups import midnight
from tronco.calls.services import record_ingest
from tronco.centrals.models import Central
from tronco.core.errors import InvalidInput
from tronco.dashboard.charts import CHARTS
from tronco.dashboard.periods import Period, preset_period, read_period
from tronco.dashboard.selectors import get_counters, list_alerts, list_days, list_peaks, list_states
from tronco.dids.models import Did
from tronco.identity.roles import Role
from tronco.routing.models import Trunk
from tronco.tenancy.access import SYSTEM, Actor

pytestmark = pytest.mark.django_db
LONG_AGO = Period(date(2026, 3, 1), date(2026, 3, 31))


@pytest.fixture
def world() -> World:
    return make_world()


def busy_day(world: World) -> None:
    """Of customer A: today a call sold for 0,11 (bought for 0,055) and one that came in; the
    master's customer: one refused today. One call of A's two days before; one runs now.
    """
    own, other = world.circuit(tenant=world.customer_a), world.circuit()
    make_menu(world.customer_a, "Atendimento")
    make_queue(world.customer_a, "Vendas", own)
    Did.objects.create(tenant=world.customer_a, raw="1133334444", e164="+551133334444")
    today = midnight(timezone.localdate()) + timedelta(seconds=5)
    made(world, own, talks_s=61, at=today)
    made(world, other, talks_s=None, outcome="refused", reason="no-credit", at=today)
    received = authorised(
        world, own, "+5561999998888", direction="in", caller="+5561999998888",
        called="+551133334444", at=today,
    )  # fmt: skip
    record_ingest(ends=[ended(received, world, talks_s=None)])
    made(world, own, "021 61 99999-8888", talks_s=61, at=today - timedelta(days=2))
    authorised(world, own, at=timezone.now())


def test_counters(world: World) -> None:
    busy_day(world)
    master = get_counters(actor=SYSTEM)
    assert (master.circuits, master.menus, master.queues, master.numbers) == (2, 1, 1, 1)
    assert (master.incoming, master.outgoing, master.internal, master.live) == (1, 2, 0, 1)
    assert master.customers == 4
    reseller = get_counters(actor=world.actor(world.reseller_a))
    assert (reseller.circuits, reseller.customers, reseller.outgoing) == (1, 2, 1)
    customer = get_counters(actor=world.actor(world.customer_a, Role.CUSTOMER_ADMINISTRATOR))
    assert (customer.circuits, customer.customers, customer.outgoing) == (1, None, 1)
    stranger = get_counters(actor=world.actor(world.reseller_b))
    assert (stranger.circuits, stranger.menus, stranger.outgoing, stranger.live) == (0, 0, 0, 0)


def test_every_counter_is_the_length_of_its_list_whatever_the_period(world: World) -> None:
    busy_day(world)
    client = administrator(world)
    page = client.get(reverse("dashboard:home"))
    tiles = page.context["tiles"]
    assert len(tiles) == 9
    for tile in tiles:
        listed = client.get(tile["url"])
        rows = listed.context["table"].rows
        assert tile["value"] == str(len(rows)), tile["label"]
    for query in ("period=yesterday", "first=2026-03-01&last=2026-03-02"):
        again = client.get(f"{reverse('dashboard:home')}?{query}")
        assert [t["value"] for t in again.context["tiles"]] == [t["value"] for t in tiles]
    part = client.get(reverse("dashboard:home"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part


def test_what_each_level_sees_of_a_period(world: World) -> None:
    busy_day(world)

    def seen(actor: Actor) -> tuple[int, int, list[tuple[str, int]]]:
        rows = list_days(actor=actor, period=preset_period("7d"))
        sold_u, calls = sum(row.sale_u for row in rows), sum(row.calls for row in rows)
        return sold_u, calls, list_states(actor=actor, period=preset_period("7d"))

    # 66 s: fixed at 0,10 to the customer and 0,05 to the reseller; mobile three times that.
    assert seen(SYSTEM) == (220_000, 4, [("DF", 2), ("SP", 2)])
    assert seen(world.actor(world.reseller_a)) == (440_000, 3, [("DF", 2), ("SP", 1)])
    assert seen(world.actor(world.customer_a)) == (440_000, 3, [("DF", 2), ("SP", 1)])
    given = Actor("dois", (world.customer.path, world.customer_a.path), frozenset({"*"}))
    assert seen(given) == (440_000, 4, [("DF", 2), ("SP", 2)])
    assert seen(world.actor(world.reseller_b)) == (0, 0, [])
    assert list_days(actor=SYSTEM, period=LONG_AGO) == []


def test_the_hour_of_now_counts_what_runs(world: World) -> None:
    line = world.circuit(balance_u=10**9)
    for _ in range(3):
        authorised(world, line, at=timezone.now())
    hours = list_peaks(actor=SYSTEM, day=timezone.localdate())
    now = timezone.localtime().hour
    assert [peak for _hour, peak in hours] == [0] * now + [3] + [None] * (23 - now)
    assert {peak for _hour, peak in list_peaks(actor=SYSTEM, day=date(2026, 3, 2))} == {0}


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ({}, 30), ({"period": "today"}, 1), ({"period": "yesterday"}, 1), ({"period": "7d"}, 7),
        ({"first": "2026-03-01", "last": "2026-03-31"}, 31),
    ],
)  # fmt: skip
def test_periods(query: dict[str, str], days: int) -> None:
    period = read_period(query)
    assert len(period.days) == days
    assert read_period(dict(part.split("=") for part in period.query.split("&"))) == period


def test_months_and_days_to_come() -> None:
    today = timezone.localdate()
    this, before = preset_period("month"), preset_period("last-month")
    assert (this.first.day, this.last) == (1, today)
    assert (before.first.day, before.last) == (1, this.first - timedelta(days=1))
    later = {"first": str(today), "last": str(today + timedelta(days=9))}
    assert read_period(later) == Period(today, today)


@pytest.mark.parametrize(
    "query",
    [
        {"period": "ever"}, {"first": "2026-03-01"}, {"first": "x", "last": "2026-03-01"},
        {"first": "2026-03-02", "last": "2026-03-01"},
        {"first": "2020-01-01", "last": "2026-01-01"},
    ],
)  # fmt: skip
def test_what_is_no_period(world: World, query: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        read_period(query)
    client = administrator(world)
    page = client.get(reverse("dashboard:home"), query)
    assert (page.status_code, page.context["period"]) == (422, preset_period())
    assert client.get(reverse("dashboard:chart", args=["calls"]), query).status_code == 400


def chart(client: WebClient, name: str, period: str = "7d") -> dict[str, Any]:
    data: dict[str, Any] = client.get(
        reverse("dashboard:chart", args=[name]), {"period": period}
    ).json()
    return data


def test_the_charts_of_a_week(world: World) -> None:
    busy_day(world)
    client = administrator(world, world.reseller_a)

    def told(name: str) -> dict[str, float]:
        data = chart(client, name)
        assert len(data["labels"]) == len(data["titles"]) == 7
        return {one["label"]: sum(one["values"]) for one in data["series"]}

    assert told("consumption") == {"Local Fixo": 0.11, "LDN Móvel": 0.33}
    assert told("minutes") == {"Local Fixo": 1.0, "LDN Móvel": 1.0}
    assert told("calls") == {"Ligações feitas": 2, "Ligações recebidas": 1}
    pie = chart(client, "states")
    assert (pie["kind"], pie["labels"], pie["series"][0]["values"]) == ("pie", ["DF", "SP"], [2, 1])
    day = chart(client, "simultaneous", "today")
    assert (len(day["labels"]), day["labels"][0]) == (24, "00h")
    assert max(value or 0 for value in day["series"][0]["values"]) == 2
    assert chart(client, "states", "yesterday")["labels"] == []


def test_an_export_says_what_its_chart_says(world: World) -> None:
    busy_day(world)
    client = administrator(world)
    for name in CHARTS:
        answer = client.get(reverse("dashboard:chart_export", args=[name]), {"period": "7d"})
        text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
        head, *rows = csv.reader(io.StringIO(text), delimiter=";")
        data = chart(client, name)
        assert head[0] == data["head"]
        assert [row[0] for row in rows] == data["titles"]
        for at, one in enumerate(data["series"], start=1):
            cells = [row[at].replace(",", ".") for row in rows]
            assert [float(cell) if cell else None for cell in cells] == one["values"]
            assert head[at].startswith(one["label"])
    reader = signed_in(make_user(world.master, Role.READ_ONLY))
    assert "export/" not in reader.get(reverse("dashboard:home")).content.decode()


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


def test_how_often_the_database_is_asked(
    world: World, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    """Whatever the number of calls and tenants: rows of one's own, a few statements."""
    busy_day(world)
    client = administrator(world)
    client.get(reverse("dashboard:home"))
    for name in CHARTS:
        with django_assert_max_num_queries(16):
            chart(client, name)
    with django_assert_max_num_queries(30):
        client.get(reverse("dashboard:home"))


def test_whoever_only_uses_an_extension_begins_at_his_telephone(world: World) -> None:
    client = signed_in(make_user(world.customer, Role.EXTENSION_USER))
    page = client.get(reverse("dashboard:home"))
    assert (page.status_code, page["Location"]) == (302, reverse("circuits:phone"))
    for address in ("dashboard:chart", "dashboard:chart_export"):
        assert client.get(reverse(address, args=["calls"])).status_code == 404
