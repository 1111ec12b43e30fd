"""Records of calls that ended: one for each, charged once, whatever comes twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DataError, transaction

from tests.calls.making import START, authorised, ended, made
from tests.support.world import World, make_world
from tronco.calls.models import Cdr
from tronco.calls.records import CallEnd, CallParties, RouteAttempt
from tronco.calls.selectors import identity_of
from tronco.calls.services import record_ingest
from tronco.charging.models import Account, Authorization, Hold, LedgerEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


# Retail R$ 0,10, A1 buys at 0,07, A at 0,05, the carrier takes 0,03; 61 s are billed as 66.
CHAIN_OF_61_S = {"Cliente A1": 110_000, "Revenda A1": 77_000, "Revenda A": 55_000}


def test_an_answered_call_is_charged_at_every_level(world: World) -> None:
    circuit = world.circuit(tenant=world.customer_a1)
    call = authorised(world, circuit)
    assert record_ingest(ends=[ended(call, world, talks_s=61)]) == [call.call_id]

    cdr = Cdr.objects.get()
    assert (cdr.price_u, cdr.cost_u, cdr.billed_ms, cdr.duration_ms) == (
        110_000, 33_000, 66_000, 61_000,
    )  # fmt: skip
    assert [charge["price_u"] for charge in cdr.charges] == list(CHAIN_OF_61_S.values())
    assert cdr.identity == identity_of("node1", call.call_id)
    entries = LedgerEntry.objects.filter(kind="call").select_related("tenant")
    assert {entry.tenant.name: -entry.amount_u for entry in entries} == CHAIN_OF_61_S
    assert {(entry.source, entry.note) for entry in entries} == {(call.call_id, "+551133334444")}
    assert Account.objects.exclude(held_u=0).count() == 0
    call.refresh_from_db()
    assert call.state == Authorization.State.SETTLED


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [("no_answer", 19), ("busy", 17), ("cancelled", 16), ("failed", 34), ("refused", 21)],
)
def test_a_call_nobody_answered_costs_nothing(world: World, outcome: str, cause: int) -> None:
    circuit = world.circuit()
    call = authorised(world, circuit)
    end = ended(call, world, talks_s=None, outcome=outcome, hangup_cause=cause)
    assert record_ingest(ends=[end]) == [call.call_id]
    cdr = Cdr.objects.get()
    assert (cdr.outcome, cdr.hangup_cause, cdr.price_u, cdr.charges) == (outcome, cause, 0, [])
    assert not LedgerEntry.objects.filter(kind="call").exists()
    assert not Account.objects.exclude(held_u=0).exists()
    assert set(Hold.objects.values_list("state", flat=True)) == {"released"}


def test_a_call_may_leave_no_record(world: World) -> None:
    """It gives back what it holds, in one batch with those that leave one."""
    kept, dropped = (authorised(world, world.circuit()) for _ in range(2))
    ends = [ended(kept, world, talks_s=61)]
    assert record_ingest(ends=ends, unrecorded=[dropped.call_id]) == [kept.call_id]
    assert record_ingest(ends=[], unrecorded=[dropped.call_id, "node1-nobody"]) == []
    assert [cdr.call_id for cdr in Cdr.objects.all()] == [kept.call_id]
    dropped.refresh_from_db()
    assert dropped.state == Authorization.State.RELEASED
    assert not Account.objects.exclude(held_u=0).exists()


def test_the_same_call_again_is_already_done(world: World) -> None:
    call = authorised(world, world.circuit())
    end = ended(call, world, talks_s=61)
    assert [record_ingest(ends=[end]) for _ in range(3)] == [[call.call_id], [], []]
    assert Cdr.objects.count() == LedgerEntry.objects.filter(kind="call").count() == 1


def test_a_batch_is_all_or_nothing(world: World) -> None:
    good = ended(authorised(world, world.circuit()), world, talks_s=61)
    bad = ended(authorised(world, world.circuit()), world, talks_s=61, hangup_cause=99_999)
    with pytest.raises(DataError), transaction.atomic():
        record_ingest(ends=[good, bad])
    assert not Cdr.objects.exists()
    assert not LedgerEntry.objects.filter(kind="call").exists()
    assert record_ingest(ends=[good]) == [good.call_id]


def test_what_lasted_beyond_the_deadline_is_not_charged(world: World) -> None:
    call = authorised(world, world.circuit(), deadline_s=60)
    record_ingest(ends=[ended(call, world, talks_s=75.4)])
    cdr = Cdr.objects.get()
    assert (cdr.duration_ms, cdr.billed_ms, cdr.price_u) == (75_400, 60_000, 100_000)


@pytest.mark.parametrize(
    ("dialled", "uf"),
    [
        ("1133334444", "SP"),
        ("021 61 99999-8888", "DF"),
        ("08001234567", ""),
        ("40041234", ""),
        ("00 21 44 2071234567", ""),
    ],
)
def test_the_state_is_that_of_the_other_party(world: World, dialled: str, uf: str) -> None:
    assert made(world, world.circuit(balance_u=10**9), dialled, talks_s=5).uf == uf


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
