"""Roll-ups equal the records they were written with, whatever happened, and are mended if not."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DataError, connection, transaction

from tests.calls.making import START, authorised, ended, made
from tests.support.world import World, make_tariff, make_world
from tronco.calls.models import Cdr, DailyCalls, HourlyCalls, PeakCalls
from tronco.calls.peaks import find_peaks, peaks_keep
from tronco.calls.prices import viewpoint_of
from tronco.calls.records import CallEnd, CallParties
from tronco.calls.rerate import OtherPrices, corrections_post, rerate_calls
from tronco.calls.rollups import check_rollups, midnight, rollups_rebuild
from tronco.calls.selectors import list_calls, total_calls
from tronco.calls.services import record_ingest
from tronco.tenancy.access import SYSTEM, Actor

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)
_numbers = itertools.count(10**6)
AROUND = {"first": DAY - timedelta(days=2), "last": DAY + timedelta(days=3)}


@pytest.fixture
def world() -> World:
    return make_world()


def story(world: World, seed: int) -> list[CallEnd]:
    """Three days of calls of every kind, of customers at every depth, ended in any order."""
    chance = random.Random(seed)
    lines = [
        world.circuit(balance_u=10**9),
        world.circuit(tenant=world.customer_a, balance_u=10**9),
        world.circuit(tenant=world.customer_a1, plan="postpaid", limit_u=None),
        world.circuit(tenant=world.customer_b, balance_u=10**9),
    ]
    dialled = ["1133334444", "021999998888", "00 21 44 2071234567", "08001234567", "190"]
    ends = []
    for _ in range(40):
        line, number = chance.choice(lines), chance.choice(dialled)
        at = START + timedelta(seconds=chance.randint(-86_400, 2 * 86_400))
        fields: dict[str, Any] = {"central": chance.choice(["node1", "node2"])}
        if chance.random() < 0.2:
            caller = "+5561999998888"
            fields |= {"direction": "in", "caller": caller, "called": "+558007261234"}
            number = caller
        if number == "190":
            ends.append(unknown_to_charging(world, at, tenant_id=line.tenant_id))
            continue
        call = authorised(world, line, number, at=at, **fields)
        talks_s = chance.choice([None, 1, 2.9, 31, 61, 400.5, 3700, 14_000])
        ends.append(ended(call, world, talks_s=talks_s))
    chance.shuffle(ends)
    return ends


def unknown_to_charging(world: World, at: datetime, **parties: Any) -> CallEnd:
    """A refused call; or an internal or emergency one, by what is said of its parties."""
    facts: dict[str, Any] = {
        "tenant_id": world.customer.pk, "direction": "out", "caller": "1001", "dialled": "190",
        "called": "190", "call_class": "emergency",
    }  # fmt: skip
    return CallEnd(
        call_id=f"node1-{int(at.timestamp())}.{next(_numbers)}",
        central="node1",
        started_at=at,
        ended_at=at,
        outcome=Cdr.Outcome.REFUSED,
        reason="not-allowed",
        parties=CallParties(**(facts | parties)),
    )


def in_batches(ends: Sequence[CallEnd], seed: int) -> None:
    """Record them a few at a time, some twice."""
    chance = random.Random(seed)
    while ends:
        many = chance.randint(1, 9)
        record_ingest(ends=ends[:many])
        if chance.random() < 0.3:
            record_ingest(ends=ends[: many + 2])
        ends = ends[many:]


def viewers(world: World) -> list[Actor]:
    names = ("master", "reseller_a", "reseller_a1", "reseller_b", "customer", "customer_a1")
    given = Actor("dois", (world.customer.path, world.customer_a1.path), frozenset({"*"}))
    return [SYSTEM, given, *(world.actor(getattr(world, name)) for name in names)]


@pytest.mark.parametrize("seed", range(4))
def test_they_equal_the_records_after_any_story(world: World, seed: int) -> None:
    in_batches(story(world, seed), seed)
    cheaper = make_tariff(world.master, "Acordo", "0.05")
    other = OtherPrices(tariff_id=cheaper.pk, at=START)
    again = rerate_calls(Cdr.objects.filter(tenant=world.customer), other=other)
    assert corrections_post(actor=SYSTEM, differences=again.differences, note="Acordo")
    assert list(check_rollups(**AROUND)) == []
    for actor in viewers(world):
        told = total_calls(list_calls(actor=actor))
        path = actor.scopes[0] if actor is not SYSTEM else world.master.path
        own = DailyCalls.objects.filter(tenant__path=path)
        if len(actor.scopes) > 1:
            own = DailyCalls.objects.filter(tenant__path__in=actor.scopes)
        sale = "price_u" if viewpoint_of(actor).depth is None else "sale_u"
        assert told.calls == sum(row.calls for row in own) > 0
        assert told.answered == sum(row.answered for row in own)
        assert told.duration_ms == sum(row.duration_ms for row in own)
        assert told.sale_u == sum(getattr(row, sale) for row in own)
    everything = [
        list(model.objects.order_by("pk").values()) for model in (DailyCalls, HourlyCalls)
    ]
    rollups_rebuild(**AROUND)
    assert everything == [
        list(model.objects.order_by("pk").values()) for model in (DailyCalls, HourlyCalls)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_peaks_are_those_of_the_records(world: World, seed: int) -> None:
    """Against counting, at each beginning, who is running: the slow way."""
    ends = story(world, seed)
    half = len(ends) // 2
    days = [DAY + timedelta(days=n) for n in range(-1, 3)]
    for some in (ends[:half], ends[half:]):
        in_batches(some, seed)
        for actor in viewers(world):
            rows = list_calls(actor=actor).values_list("started_at", "ended_at")
            calls = [(began, over) for began, over in rows if over > began]
            for day in days:
                hours = find_peaks(actor=actor, day=day)
                assert hours == find_peaks(actor=actor, day=day)
                assert hours == [(hour, slow_peak(calls, hour)) for hour, _peak in hours]
                assert (len(hours), hours[0][0]) == (24, midnight(day))
    assert PeakCalls.objects.filter(peak__gt=1).exists()
    # What comes late is seen: nothing that was kept is believed any longer than it is true.
    before = dict(find_peaks(actor=SYSTEM, day=DAY))
    late = ended(authorised(world, world.circuit(), at=START), world, talks_s=9000)
    record_ingest(ends=[late])
    after = dict(find_peaks(actor=SYSTEM, day=DAY))
    assert after[START] == before[START] + 1


def test_a_seller_finds_the_peaks_of_yesterday_kept(
    world: World, django_assert_num_queries: Any
) -> None:
    in_batches(story(world, 1), 1)
    peaks_keep(day=DAY)
    kept = {row.tenant_id for row in PeakCalls.objects.all()}
    assert kept >= {world.master.pk, world.reseller_a.pk}
    assert not kept & {world.customer.pk, world.customer_a1.pk}
    actor = world.actor(world.reseller_a)
    with django_assert_num_queries(2):  # who he is, and what was kept
        hours = find_peaks(actor=actor, day=DAY)
    assert max(peak for _hour, peak in hours) > 0
    PeakCalls.objects.all().delete()
    assert hours == find_peaks(actor=actor, day=DAY)


def test_a_call_that_begins_as_another_ends_is_not_at_once_with_it(world: World) -> None:
    line = world.circuit(balance_u=10**9)
    first = made(world, line, at=START, talks_s=60)
    made(world, line, at=first.ended_at, talks_s=60)
    assert max(peak for _hour, peak in find_peaks(actor=SYSTEM, day=DAY)) == 1


def slow_peak(calls: list[tuple[datetime, datetime]], hour: datetime) -> int:
    end = hour + timedelta(hours=1)
    moments = [hour, *(began for began, _over in calls if hour <= began < end)]
    return max(sum(began <= at < over for began, over in calls) for at in moments)


def test_a_call_over_midnight_belongs_to_its_first_day_and_to_all_its_hours(world: World) -> None:
    at = datetime(2026, 3, 3, 2, 30, tzinfo=UTC)  # 23:30 in São Paulo
    made(world, world.circuit(balance_u=10**9), at=at, talks_s=3600)
    rows = DailyCalls.objects.filter(tenant=world.customer)
    assert [(row.day, row.calls, row.duration_ms, row.uf) for row in rows] == [
        (DAY, 1, 3_600_000, "SP")
    ]
    hours = HourlyCalls.objects.order_by("hour")
    assert [(row.hour.hour, row.calls, row.since) for row in hours] == [(2, 1, at), (3, 1, at)]


def test_what_fails_leaves_nothing(world: World) -> None:
    bad = ended(authorised(world, world.circuit()), world, talks_s=61, hangup_cause=99_999)
    with pytest.raises(DataError), transaction.atomic():
        record_ingest(ends=[bad])
    assert not DailyCalls.objects.exists()
    assert not HourlyCalls.objects.exists()


def test_a_drift_is_found_and_mended(world: World) -> None:
    made(world, world.circuit(), at=START)
    made(world, world.circuit(), at=START + timedelta(days=1))
    find_peaks(actor=SYSTEM, day=DAY)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE calls_daily SET sale_u = sale_u + 1 WHERE day = %s", [DAY])
        cursor.execute("DELETE FROM calls_hourly")
    drifts = list(check_rollups(**AROUND))
    assert [(drift.day, drift.rows) for drift in drifts] == [(DAY, 3), (DAY + timedelta(days=1), 1)]
    rollups_rebuild(first=DAY, last=DAY + timedelta(days=1))
    assert list(check_rollups(**AROUND)) == []
    assert not PeakCalls.objects.exists()
