"""Versions of price lists: their life, told by date, and that what is published stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from django.db import (
    IntegrityError,
    OperationalError,
    connection,
    connections,
    transaction,
)
from django.utils import timezone

from tests.catalog.conftest import make_draft
from tests.support.world import World, make_world
from tronco.catalog.differences import Change, count_differences, list_differences
from tronco.catalog.models import CallClass, Rate, Tariff, TariffVersion
from tronco.catalog.rates import InvalidRate, RateValues, compile_rate
from tronco.catalog.selectors import find_previous_version, find_version_at, list_versions
from tronco.catalog.services import tariff_delete
from tronco.catalog.version_services import (
    rate_remove,
    rate_set,
    version_copy,
    version_create,
    version_discard,
    version_publish,
    version_withdraw,
)
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tronco.identity.roles import Role
from tronco.rating import Rounding
from tronco.tenancy.access import Actor

SP = ZoneInfo("America/Sao_Paulo")
CENT = RateValues(prefix="5511", price_per_min=Decimal("0.01"))


def on(day: int, hour: int = 12) -> datetime:
    """A moment of March 2030."""
    return datetime(2030, 3, day, hour, tzinfo=SP)


@contextmanager
def today(day: int, hour: int = 12) -> Iterator[None]:
    with mock.patch.object(timezone, "now", return_value=on(day, hour)):
        yield


def test_a_price_list_through_a_month(actor: Actor, tariff: Tariff) -> None:
    def price_on(day: int, hour: int = 12) -> str | None:
        version = find_version_at(tariff_id=tariff.pk, at=on(day, hour))
        return f"v{version.number} {version.rates.get().price_per_min:.2f}" if version else None

    # 1 March: the first prices, at once.
    with today(1):
        first = make_draft(actor, tariff, p5511="0.10")
        assert price_on(1) is None
        version_publish(actor=actor, version_id=first.pk)
        assert price_on(1) == "v1 0.10"
        assert price_on(1, 11) is None

    # 5 March: dearer prices are announced for the 10th.
    with today(5):
        second = version_copy(actor=actor, version_id=first.pk)
        rate = second.rates.get()
        rate_set(
            actor=actor,
            version_id=second.pk,
            rate_id=rate.pk,
            values=CENT._replace(price_per_min=Decimal("0.20")),
        )
        version_publish(actor=actor, version_id=second.pk, effective_at=on(10, 0))
        assert (price_on(5), price_on(9), price_on(10, 0)) == ("v1 0.10", "v1 0.10", "v2 0.20")

    # 12 March: customers complain; the old prices count again, from now on only.
    with today(12):
        version_withdraw(actor=actor, version_id=second.pk)
    assert [price_on(day) for day in (9, 11, 12, 13)] == [
        "v1 0.10",
        "v2 0.20",
        "v1 0.10",
        "v1 0.10",
    ]

    # 13 March: a third version, between the two.
    with today(13):
        third = make_draft(actor, tariff, p5511="0.15")
        version_publish(actor=actor, version_id=third.pk, effective_at=on(15, 0))
        assert find_previous_version(version=third, now=on(13)) == first
    assert [price_on(day) for day in (11, 14, 15)] == ["v2 0.20", "v1 0.10", "v3 0.15"]

    # 14 March: it is called off before it began, and leaves no trace.
    with today(14):
        version_withdraw(actor=actor, version_id=third.pk)
    assert [price_on(day) for day in (11, 14, 15)] == ["v2 0.20", "v1 0.10", "v1 0.10"]
    assert find_previous_version(version=second, now=on(14)) == first


def test_a_draft_is_compared_with_what_is_in_effect(actor: Actor, tariff: Tariff) -> None:
    first = make_draft(actor, tariff, p5511="0.10")
    version_publish(actor=actor, version_id=first.pk)
    later = make_draft(actor, tariff, p5511="0.20")
    version_publish(
        actor=actor, version_id=later.pk, effective_at=timezone.now() + timedelta(days=9)
    )
    draft = make_draft(actor, tariff, p5511="0.30")
    assert find_previous_version(version=draft, now=timezone.now()) == first
    assert find_previous_version(version=later, now=timezone.now()) == first
    first.refresh_from_db()
    assert find_previous_version(version=first, now=timezone.now()) is None


def test_differences_between_versions(actor: Actor, tariff: Tariff) -> None:
    old = make_draft(actor, tariff, p5511="0.10", p5521="0.20", p5531="0.30", ldi="1.00", p54="0")
    version_publish(actor=actor, version_id=old.pk)
    new = make_draft(actor, tariff, p5511="0.10", p5521="0.30", p5541="0.40", ldi="0.90", p54="1")
    ids = {"old_id": old.pk, "new_id": new.pk}
    assert count_differences(**ids) == {"new": 1, "changed": 3, "removed": 1, "unchanged": 1}
    changed = list_differences(**ids, change="changed", limit=9)
    assert [(d.target, d.old_price, d.new_price, d.percent) for d in changed] == [
        ("5521", Decimal("0.20"), Decimal("0.30"), Decimal(50)),
        (str(CallClass.LDI.label), Decimal("1.00"), Decimal("0.90"), Decimal(-10)),
        ("54", Decimal(0), Decimal(1), None),
    ]
    assert [d.target for d in list_differences(**ids, change="changed", limit=1)] == ["5521"]
    assert [d.prefix for d in list_differences(**ids, change="removed", limit=9)] == ["5531"]
    assert count_differences(old_id=None, new_id=new.pk)["new"] == 5


def test_what_makes_a_price_another_price(actor: Actor, tariff: Tariff) -> None:
    base = make_draft(actor, tariff, p5511="0.10")
    version_publish(actor=actor, version_id=base.pk)
    plain = CENT._replace(price_per_min=Decimal("0.10"))
    windows = [{"tiers": [{"price": "0.10", "per_s": 60, "increment_s": 6}]}]
    cases: list[tuple[RateValues, Change]] = [
        (plain, "unchanged"),
        (plain._replace(description="São Paulo"), "unchanged"),
        (plain._replace(price_per_min=Decimal("0.1000")), "unchanged"),
        (plain._replace(minimum_s=60), "changed"),
        (plain._replace(free_under_s=0), "changed"),
        (plain._replace(max_cost=Decimal(1)), "changed"),
        (plain._replace(connect_fee=Decimal("0.01")), "changed"),
        (plain._replace(price_per_min=Decimal(0), windows=windows), "changed"),
    ]
    for values, change in cases:
        draft = version_create(actor=actor, tariff_id=tariff.pk)
        rate_set(actor=actor, version_id=draft.pk, values=values)
        counts = count_differences(old_id=base.pk, new_id=draft.pk)
        assert counts[change] == 1, values
        version_discard(actor=actor, version_id=draft.pk)


def test_publishing_needs_prices_and_a_coming_date(actor: Actor, tariff: Tariff) -> None:
    draft = version_create(actor=actor, tariff_id=tariff.pk)
    with pytest.raises(Conflict) as refused:
        version_publish(actor=actor, version_id=draft.pk)
    assert refused.value.code == "version-empty"
    rate_set(actor=actor, version_id=draft.pk, values=CENT)
    a_minute_ago = timezone.now() - timedelta(minutes=1)
    with pytest.raises(InvalidInput) as invalid:
        version_publish(actor=actor, version_id=draft.pk, effective_at=a_minute_ago)
    assert (invalid.value.code, invalid.value.field) == ("effective-in-past", "effective_at")
    tomorrow = timezone.now() + timedelta(days=1)
    version_publish(actor=actor, version_id=draft.pk, effective_at=tomorrow)
    other = make_draft(actor, tariff, p5511="1")
    with pytest.raises(Conflict) as refused:
        version_publish(actor=actor, version_id=other.pk, effective_at=tomorrow)
    assert refused.value.code == "effective-taken"


def test_windows_that_do_not_load_are_never_published(actor: Actor, tariff: Tariff) -> None:
    draft = make_draft(actor, tariff, p5511="0")
    draft.rates.update(windows=[{"from": "08:00", "tiers": []}])
    with pytest.raises(InvalidRate):
        version_publish(actor=actor, version_id=draft.pk)


def test_withdrawing_the_only_prices_needs_a_confirmation(actor: Actor, tariff: Tariff) -> None:
    version = make_draft(actor, tariff, p5511="0.10")
    with pytest.raises(Conflict) as refused:
        version_withdraw(actor=actor, version_id=version.pk)
    assert refused.value.code == "version-not-published"
    version_publish(actor=actor, version_id=version.pk)
    with pytest.raises(Conflict) as refused:
        version_withdraw(actor=actor, version_id=version.pk)
    assert refused.value.code == "leaves-unpriced"
    version.refresh_from_db()
    assert version.status == "published"
    version_withdraw(actor=actor, version_id=version.pk, leave_unpriced=True)
    assert find_version_at(tariff_id=tariff.pk, at=timezone.now()) is None


def test_a_coming_version_is_called_off_without_questions(actor: Actor, tariff: Tariff) -> None:
    version = make_draft(actor, tariff, p5511="0.10")
    tomorrow = timezone.now() + timedelta(days=1)
    version_publish(actor=actor, version_id=version.pk, effective_at=tomorrow)
    version_withdraw(actor=actor, version_id=version.pk)


@pytest.mark.parametrize("status", ["published", "withdrawn"])
@pytest.mark.parametrize(
    "write",
    [
        lambda v: rate_set(actor=ACTOR[0], version_id=v.pk, values=CENT),
        lambda v: rate_remove(actor=ACTOR[0], version_id=v.pk, rate_id=v.rates.get().pk),
        lambda v: version_discard(actor=ACTOR[0], version_id=v.pk),
        lambda v: version_publish(actor=ACTOR[0], version_id=v.pk),
    ],
)
def test_services_refuse_to_change_what_was_published(
    actor: Actor, tariff: Tariff, status: str, write: Callable[[TariffVersion], object]
) -> None:
    ACTOR[:] = [actor]
    version = make_draft(actor, tariff, p5511="0.10")
    version_publish(actor=actor, version_id=version.pk)
    if status == "withdrawn":
        version_withdraw(actor=actor, version_id=version.pk, leave_unpriced=True)
    with pytest.raises(Conflict) as refused:
        write(version)
    assert refused.value.code == "version-not-draft"


ACTOR: list[Actor] = []

# SQL on a published version %(v)s; %(d)s is a draft of the same list.
FORBIDDEN = [
    "UPDATE catalog_rate SET price_per_min = 0 WHERE version_id = %(v)s",
    "UPDATE catalog_rate SET version_id = %(d)s WHERE version_id = %(v)s",
    "UPDATE catalog_rate SET version_id = %(v)s WHERE version_id = %(d)s",
    "DELETE FROM catalog_rate WHERE version_id = %(v)s",
    "INSERT INTO catalog_rate (version_id, prefix, call_class, description, price_per_min,"
    " connect_fee, minimum_s, step_s, free_under_s)"
    " VALUES (%(v)s, '54', '', '', 0, 0, 30, 6, 3)",
    "UPDATE catalog_tariffversion SET status = 'draft' WHERE id = %(v)s",
    "UPDATE catalog_tariffversion SET effective_at = now() - interval '1 day' WHERE id = %(v)s",
    "UPDATE catalog_tariffversion SET number = 77 WHERE id = %(v)s",
    "DELETE FROM catalog_tariffversion WHERE id = %(v)s",
]


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_the_database_refuses_to_change_what_was_published(
    actor: Actor, tariff: Tariff, sql: str
) -> None:
    version = make_draft(actor, tariff, p5511="0.10")
    version_publish(actor=actor, version_id=version.pk)
    draft = make_draft(actor, tariff, p5521="0.10")
    with (
        pytest.raises(IntegrityError, match=r"tariff version \d+ is published"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql, {"v": version.pk, "d": draft.pk})
    assert version.rates.get().price_per_min == Decimal("0.10")


def test_a_withdrawn_version_stays_withdrawn(actor: Actor, tariff: Tariff) -> None:
    version = make_draft(actor, tariff, p5511="0.10")
    version_publish(actor=actor, version_id=version.pk)
    version_withdraw(actor=actor, version_id=version.pk, leave_unpriced=True)
    again = TariffVersion.objects.filter(pk=version.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        again.update(status="published", withdrawn_at=None)


def test_drafts_of_a_list_may_change_and_go(actor: Actor, tariff: Tariff) -> None:
    draft = make_draft(actor, tariff, p5511="0.10", p5521="0.20")
    Rate.objects.filter(version=draft).update(price_per_min=Decimal("0.11"))
    rate_remove(actor=actor, version_id=draft.pk, rate_id=draft.rates.all()[0].pk)
    assert draft.rates.count() == 1
    version_discard(actor=actor, version_id=draft.pk)
    assert list_versions(actor=actor, tariff_id=tariff.pk).count() == 0
    tariff_delete(actor=actor, tariff_id=tariff.pk)


def test_a_published_list_is_not_deleted(actor: Actor, tariff: Tariff) -> None:
    version_publish(actor=actor, version_id=make_draft(actor, tariff, p5511="1").pk)
    with pytest.raises(Conflict) as refused:
        tariff_delete(actor=actor, tariff_id=tariff.pk)
    assert refused.value.code == "tariff-published"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (RateValues(price_per_min=Decimal(1)), "prefix"),
        (CENT._replace(call_class="ldi"), "prefix"),
        (CENT._replace(prefix="05511"), "prefix"),
        (RateValues(call_class="moon"), "call_class"),
        (CENT._replace(price_per_min=Decimal("-1")), "price_per_min"),
        (CENT._replace(connect_fee=Decimal("NaN")), "connect_fee"),
        (CENT._replace(max_cost=Decimal("1e11")), "max_cost"),
        (CENT._replace(step_s=0), "step_s"),
        (CENT._replace(minimum_s=-1), "minimum_s"),
        (CENT._replace(windows=[]), "windows"),
    ],
)
def test_a_price_that_cannot_be_is_refused(
    actor: Actor, tariff: Tariff, values: RateValues, field: str
) -> None:
    draft = version_create(actor=actor, tariff_id=tariff.pk)
    with pytest.raises(InvalidRate) as refused:
        rate_set(actor=actor, version_id=draft.pk, values=values)
    assert refused.value.field == field
    assert refused.value.message


def test_a_target_has_one_price(actor: Actor, tariff: Tariff) -> None:
    draft = make_draft(actor, tariff, p5511="0.10", p5521="0.20")
    with pytest.raises(Conflict) as refused:
        rate_set(actor=actor, version_id=draft.pk, values=CENT)
    assert refused.value.code == "rate-exists"
    other = draft.rates.get(prefix="5521")
    with pytest.raises(Conflict):
        rate_set(actor=actor, version_id=draft.pk, rate_id=other.pk, values=CENT)


def test_stored_prices_are_those_of_the_engine(actor: Actor, tariff: Tariff) -> None:
    draft = version_create(actor=actor, tariff_id=tariff.pk)
    tier = {"from_s": "0.5", "price": "0.10", "per_s": 60, "increment_s": 6}
    windows = [{"tiers": [{**tier, "from_s": 0}, tier]}]
    exact = RateValues(prefix="5511", price_per_min=Decimal("0.0999"))
    for values in (exact, RateValues(prefix="5521", free_under_s=0, windows=windows)):
        rate_set(actor=actor, version_id=draft.pk, values=values)

    def cost(prefix: str) -> int:
        rate = compile_rate(draft.rates.get(prefix=prefix))
        return rate.price(start=on(1), duration=61, timezone=SP, rounding=Rounding("none")).cost_u

    assert (cost("5511"), cost("5521")) == (109_890, 110_000)


def test_versions_of_others_do_not_exist(world: World, actor: Actor, tariff: Tariff) -> None:
    version = make_draft(actor, tariff, p5511="0.10")
    stranger = world.actor(world.reseller_a)
    for attempt in (
        lambda: version_publish(actor=stranger, version_id=version.pk),
        lambda: version_copy(actor=stranger, version_id=version.pk),
        lambda: version_discard(actor=stranger, version_id=version.pk),
        lambda: version_create(actor=stranger, tariff_id=tariff.pk),
        lambda: rate_set(actor=stranger, version_id=version.pk, values=CENT),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_who_may_not_edit_does_not(world: World, actor: Actor, tariff: Tariff) -> None:
    version = make_draft(actor, tariff, p5511="0.10")
    support = world.actor(world.master, Role.SUPPORT)
    with pytest.raises(NotAllowed):
        version_publish(actor=support, version_id=version.pk)


@pytest.mark.django_db(transaction=True)
def test_publishing_waits_for_who_still_writes_a_price() -> None:
    """Else a price could slip into a version after it was published, unseen by the triggers."""
    world = make_world()
    actor = world.actor(world.master)
    tariff = world.plan(world.master).tariff
    draft = make_draft(actor, tariff, p5511="0.10")
    other = connections["default"].copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(
                "UPDATE catalog_rate SET price_per_min = 9 WHERE version_id = %s", [draft.pk]
            )
        with pytest.raises(OperationalError, match="lock timeout"), transaction.atomic():
            connection.cursor().execute("SET LOCAL lock_timeout = '100ms'")
            version_publish(actor=actor, version_id=draft.pk)
        with other.cursor() as cursor:
            cursor.execute("COMMIT")
        version_publish(actor=actor, version_id=draft.pk)
    finally:
        other.close()
    assert draft.rates.get().price_per_min == 9
