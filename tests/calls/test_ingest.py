"""Records of calls that ended: one for each, charged once, whatever comes twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.world import World, make_world
from tronco.calls.models import Cdr
from tronco.calls.records import CallEnd, CallParties, RouteAttempt
from tronco.calls.services import record_ingest
from tronco.charging.models import LedgerEntry

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 2, 13, 0, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return make_world()


def test_nothing_is_nothing(world: World) -> None:
    assert record_ingest(ends=[]) == []


def refused(world: World, **fields: object) -> CallEnd:
    facts = {
        "call_id": f"node1-{int(START.timestamp())}.7",
        "central": "node1",
        "started_at": START,
        "ended_at": START,
        "outcome": Cdr.Outcome.REFUSED,
        "reason": "no-credit",
        "hangup_cause": 21,
        "parties": CallParties(
            tenant_id=world.customer.pk,
            direction="out",
            caller="1001",
            dialled="021999998888",
            called="+5521999998888",
            call_class="ldn_mobile",
        ),
        **fields,
    }
    return CallEnd(**facts)  # type: ignore[arg-type]


def test_a_refused_call_is_recorded_once(world: World) -> None:
    end = refused(world)
    assert record_ingest(ends=[end, end]) == [end.call_id]
    assert record_ingest(ends=[end]) == []
    cdr = Cdr.objects.get()
    assert (cdr.outcome, cdr.reason, cdr.uf, cdr.price_u) == ("refused", "no-credit", "RJ", 0)
    assert not LedgerEntry.objects.filter(kind="call").exists()


def test_a_call_of_which_nobody_knows_is_kept_for_the_master(world: World) -> None:
    record_ingest(ends=[refused(world, parties=None)])
    assert Cdr.objects.get().tenant == world.master


def test_attempts_stay_with_the_record(world: World) -> None:
    attempts = (RouteAttempt(trunk_id=world.trunk.pk, status="CONGESTION", hangup_cause=34),)
    record_ingest(ends=[refused(world, outcome="failed", reason="", attempts=attempts)])
    assert Cdr.objects.get().explanation["attempts"] == [
        {
            "trunk_id": world.trunk.pk,
            "status": "CONGESTION",
            "hangup_cause": 34,
            "duration_ms": 0,
        }
    ]


def test_a_month_gets_its_partition(world: World) -> None:
    from django.db import connection

    long_ago = START - timedelta(days=900)
    record_ingest(ends=[refused(world, started_at=long_ago, ended_at=long_ago)])
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM calls_cdr")
        assert cursor.fetchone()[0] == f"calls_cdr_{long_ago:%Y%m}"
