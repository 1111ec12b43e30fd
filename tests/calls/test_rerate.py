"""Pricing recorded calls again: the same to the millionth, what-if, and corrections once."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.calls.making import START, authorised, ended, made
from tests.support.world import World, make_tariff, make_world
from tronco.calls.models import Cdr
from tronco.calls.rerate import OtherPrices, corrections_post, rerate_calls
from tronco.calls.services import record_ingest
from tronco.catalog.models import Rate, Tariff, TariffVersion
from tronco.charging.models import Account, Bucket, Hold, LedgerEntry
from tronco.core.errors import NotAllowed
from tronco.identity.roles import Role
from tronco.tenancy.access import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def test_every_price_comes_out_again_to_the_millionth(world: World) -> None:
    chance = random.Random(7)
    circuits = [
        world.circuit(balance_u=10**9),
        world.circuit(tenant=world.customer_a, balance_u=10**9),
        world.circuit(tenant=world.customer_a1, plan="postpaid", limit_u=None),
    ]
    dialled = ["1133334444", "021999998888", "00 21 44 2071234567", "08001234567", "40041234"]
    ends = []
    for number in range(60):
        at = START + timedelta(minutes=17 * number)
        call = authorised(world, chance.choice(circuits), chance.choice(dialled), at=at)
        ends.append(ended(call, world, talks_s=chance.choice([1, 2.9, 3, 31, 61, 400.5, 3700])))
    record_ingest(ends=ends)
    result = rerate_calls(Cdr.objects.order_by("started_at"))
    assert (result.calls, result.differences, result.unpriced) == (60, [], [])
    assert result.stored_u == result.again_u > 0


def test_an_allowance_comes_out_again(world: World) -> None:
    plan = world.plan(world.master, "control")
    allowance = plan.allowances.create(
        tenant=world.master, name="Fixo", classes=["local_fixed"], amount=40
    )
    circuit = world.circuit(plan=plan, limit_u=10**7, balance_u=0)
    call = authorised(world, circuit)
    bucket = Bucket.objects.create(
        tenant=circuit.tenant, account=circuit.account, allowance=allowance,
        cycle_start=START.date().replace(day=1), granted=40_000, held=40_000,
    )  # fmt: skip
    Hold.objects.filter(authorization=call).update(bucket_ids=[bucket.pk], bucket_amounts=[40_000])
    record_ingest(ends=[ended(call, world, talks_s=61)])
    bucket.refresh_from_db()
    cdr = Cdr.objects.get()
    assert (bucket.used, bucket.held) == (40_000, 0)
    assert 0 < cdr.price_u < 110_000
    assert rerate_calls([cdr]).differences == []


def test_what_if_by_another_list(world: World) -> None:
    cdr = made(world, world.circuit(), talks_s=61)
    dearer = make_tariff(world.master, "Mais caro", "0.20")
    other = OtherPrices(tariff_id=dearer.pk, at=START)
    result = rerate_calls([cdr], other=other)
    [difference] = result.differences
    assert (difference.level, difference.stored_u, difference.again_u) == (0, 110_000, 220_000)
    assert (result.stored_u, result.again_u) == (110_000, 220_000)
    assert LedgerEntry.objects.filter(kind="correction").count() == 0


def test_incoming_call_is_priced_by_who_called(world: World) -> None:
    """The other list has a price for the beginning of the caller's number."""
    caller = "+5521987654321"
    call = authorised(
        world, world.circuit(), caller, direction="in", caller=caller, called="+558007261234"
    )
    record_ingest(ends=[ended(call, world, talks_s=60)])
    other = Tariff.objects.create(tenant=world.master, name="Por prefixo")
    version = TariffVersion.objects.create(
        tenant=world.master, tariff=other, number=1, effective_at=START, created_by="tests"
    )
    Rate.objects.create(version=version, prefix="5521", price_per_min=Decimal("0.9"))
    TariffVersion.objects.update(status=TariffVersion.Status.PUBLISHED)
    result = rerate_calls([Cdr.objects.get()], other=OtherPrices(tariff_id=other.pk, at=START))
    assert (result.stored_u, result.again_u, result.unpriced) == (300_000, 900_000, [])


def test_a_call_the_other_list_does_not_know(world: World) -> None:
    cdr = made(world, world.circuit(), talks_s=61)
    empty = Tariff.objects.create(tenant=world.master, name="Vazia")
    result = rerate_calls([cdr], other=OtherPrices(tariff_id=empty.pk, at=START))
    assert (result.calls, result.unpriced) == (0, [cdr])


def test_corrections_are_new_entries_and_come_once(world: World) -> None:
    circuit = world.circuit(balance_u=1_000_000)
    cdr = made(world, circuit, talks_s=61)
    cheaper = make_tariff(world.master, "Mais barato", "0.05")
    dearer = make_tariff(world.master, "Mais caro", "0.20")

    def correct(tariff_id: int) -> int:
        found = rerate_calls([cdr], other=OtherPrices(tariff_id=tariff_id, at=START))
        return corrections_post(actor=SYSTEM, differences=found.differences, note="Acordo")

    def balance() -> int:
        return Account.objects.get(pk=circuit.account_id).balance_u

    assert balance() == 890_000
    assert [correct(cheaper.pk) for _ in range(3)] == [1, 0, 0]
    assert balance() == 950_000
    assert [correct(dearer.pk), correct(dearer.pk)] == [1, 0]
    assert balance() == 780_000
    cdr.refresh_from_db()
    assert cdr.price_u == 110_000
    entry = LedgerEntry.objects.filter(kind="correction").first()
    assert entry is not None
    assert entry.source == cdr.call_id


def test_who_may_not_post_corrections(world: World) -> None:
    cdr = made(world, world.circuit(), talks_s=61)
    dearer = make_tariff(world.master, "Mais caro", "0.20")
    found = rerate_calls([cdr], other=OtherPrices(tariff_id=dearer.pk, at=START))
    support = world.actor(world.master, Role.SUPPORT)
    with pytest.raises(NotAllowed):
        corrections_post(actor=support, differences=found.differences, note="x")
