"""Series and cards: made, told once, used, blocked, run out and expired."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection

from tests.callingcards.making import make_card, make_cards, make_series
from tests.support.world import World, make_world
from tronco.callingcards import selectors, services
from tronco.callingcards.models import Card
from tronco.callingcards.selectors import count_states, get_card, list_cards
from tronco.charging.errors import Refused
from tronco.charging.invariants import check_all
from tronco.charging.models import Account, LedgerEntry
from tronco.charging.services import ledger_post
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tronco.core.money import MICRO
from tronco.core.pins import check_pin, is_weak
from tronco.identity.roles import Role
from tronco.tenancy.access import SYSTEM

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
# 21:30 of 20 November in São Paulo.
EVENING = datetime(2026, 11, 21, 0, 30, tzinfo=UTC)
AFTER_MIDNIGHT = datetime(2026, 11, 21, 3, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def test_cards_have_numbers_pins_and_balances_of_their_own(world: World) -> None:
    series = make_series(world, world.reseller_a, prefix="80", digits=12, pin_digits=4)
    made = make_cards(series, 300, activate=False)
    assert len({new.number for new in made}) == 300
    for new in made:
        assert len(new.number) == 12 and new.number.startswith("80")
        assert len(new.pin) == 4
        assert not is_weak(new.pin) and not is_weak(new.number[2:]) and new.pin not in new.number
    cards = {card.number: card for card in Card.objects.select_related("account")}
    assert cards.keys() == {new.number for new in made}
    for new in made:
        card = cards[new.number]
        assert check_pin(new.pin, card.pin_hash, key=settings.SECRET_KEY)
        assert (card.tenant, card.status) == (world.reseller_a, Card.Status.INACTIVE)
        account = card.account
        assert (account.role, account.plan) == (Account.Role.CARD, series.plan)
        assert (account.balance_u, account.limit_u) == (10 * MICRO, 0)
    assert LedgerEntry.objects.filter(kind="opening", account__role="card").count() == 300
    assert check_all() == []


def test_numbers_that_are_taken_are_not_given_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = make_series(world, digits=8)
    (first,) = make_cards(series)
    drawn = iter([first.number, first.number, "83910472"])
    monkeypatch.setattr(services, "new_digits", lambda count: next(drawn))
    (second,) = make_cards(series)
    assert second.number == "83910472"
    assert Account.objects.filter(role="card").count() == Card.objects.count() == 2


def test_form_sent_twice_makes_its_cards_once(world: World) -> None:
    series, batch = make_series(world), uuid4()
    facts: dict[str, Any] = {"actor": SYSTEM, "series_id": series.pk, "count": 2, "batch": batch}
    services.cards_generate(**facts)
    with pytest.raises(Conflict):
        services.cards_generate(**facts)
    assert Card.objects.count() == 2


@pytest.mark.parametrize(("digits", "count"), [(10, 0), (10, 5001), (6, 1001)])
def test_cards_stay_sparse_among_numbers(world: World, digits: int, count: int) -> None:
    series = make_series(world, digits=digits)
    with pytest.raises(InvalidInput) as error:
        services.making_preview(series=series, count=count)
    assert error.value.field == "count"


def test_preview_tells_what_it_comes_to(world: World) -> None:
    series = make_series(world, digits=10, prefix="80")
    make_cards(series, 3)
    making = services.making_preview(series=series, count=50)
    assert (making.count, making.total_u, making.taken) == (50, 500 * MICRO, 3)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"prefix": "800800"}, "prefix"),
        ({"prefix": "8a"}, "prefix"),
        ({"prefix": "", "digits": 5}, "digits"),
        ({"digits": 17}, "digits"),
        ({"pin_digits": 3}, "pin_digits"),
        ({"pin_digits": 9}, "pin_digits"),
        ({"face_value_u": -1}, "face_value_u"),
        ({"valid_days": 0}, "valid_days"),
        ({"name": ""}, "name"),
    ],
)
def test_series_that_cannot_be(world: World, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        make_series(world, **{"prefix": "8", **fields})
    assert error.value.field == field


def test_plan_of_cards_is_the_sellers_own_and_prepaid(world: World) -> None:
    series = make_series(world, world.reseller_a)
    for plan in (world.plan(world.master), world.plan(world.reseller_a, "postpaid")):
        with pytest.raises(InvalidInput) as error:
            services.series_change(actor=SYSTEM, series_id=series.pk, plan_id=plan.pk)
        assert error.value.field == "plan"
    with pytest.raises(NotFound):
        services.series_create(
            actor=SYSTEM, tenant_id=world.customer.pk, plan_id=world.plan(world.master).pk, name="X"
        )


def test_series_with_cards_keeps_its_plan_and_itself(world: World) -> None:
    series = make_series(world)
    other = world.plans[world.master.pk, "other"] = world.plan(world.master)
    other.pk, other.name = None, "Outro"
    other.save()
    services.series_change(actor=SYSTEM, series_id=series.pk, plan_id=other.pk)
    make_cards(series)
    with pytest.raises(InvalidInput):
        services.series_change(actor=SYSTEM, series_id=series.pk, plan_id=series.plan_id)
    services.series_change(actor=SYSTEM, series_id=series.pk, plan_id=other.pk, valid_days=90)
    with pytest.raises(Conflict):
        services.series_delete(actor=SYSTEM, series_id=series.pk)
    services.series_delete(actor=SYSTEM, series_id=make_series(world).pk)


def enter(number: str, pin: str, at: datetime = NOW) -> str:
    """What whoever types this hears: nothing, or the reason."""
    try:
        services.card_enter(number=number, pin=pin, at=at)
    except Refused as refusal:
        return refusal.code
    return ""


def state_of(number: str, at: datetime = NOW) -> str:
    return str(list_cards(actor=SYSTEM, at=at).get(number=number).state)


def test_number_and_pin_open_a_card(world: World) -> None:
    (new,) = make_cards(make_series(world))
    assert enter(new.number, new.pin) == ""
    assert enter(new.number, "0000") == "wrong-pin"
    assert enter("1234567890", new.pin) == "card-unknown"


def test_states_and_what_callers_hear_of_them(world: World) -> None:
    (new,) = make_cards(make_series(world), activate=False)
    card = Card.objects.get(number=new.number)
    seen = []

    def note() -> None:
        seen.append((state_of(new.number), enter(new.number, new.pin)))

    note()
    for action in ("activate", "block", "unblock"):
        services.card_set_status(actor=SYSTEM, card_id=card.pk, action=action)
        note()
    services.series_block(actor=SYSTEM, series_id=card.series_id, is_blocked=True)
    note()
    services.series_block(actor=SYSTEM, series_id=card.series_id, is_blocked=False)
    spend(card, -10 * MICRO)
    note()
    spend(card, MICRO)
    note()
    assert seen == [
        ("inactive", "card-blocked"),
        ("active", ""),
        ("blocked", "card-blocked"),
        ("active", ""),
        ("blocked", "card-blocked"),
        ("exhausted", "card-empty"),
        ("active", ""),
    ]
    assert enter(new.number, "1111") == "wrong-pin", "who has not the PIN learns nothing more"


def spend(card: Card, amount_u: int) -> None:
    ledger_post(
        actor=SYSTEM,
        account_id=card.account_id,
        kind="credit" if amount_u > 0 else "debit",
        amount_u=amount_u,
        key=str(uuid4()),
    )


def test_validity_begins_with_the_first_use(world: World) -> None:
    (new,) = make_cards(make_series(world, valid_days=30))
    assert state_of(new.number, NOW + 300 * DAY) == "active"
    assert enter(new.number, new.pin, NOW) == ""
    assert enter(new.number, new.pin, NOW + DAY) == ""
    card = Card.objects.get(number=new.number)
    assert card.first_used_at == NOW
    assert card.valid_until == NOW + 30 * DAY
    almost = NOW + 30 * DAY - timedelta(seconds=1)
    assert (state_of(new.number, almost), enter(new.number, new.pin, almost)) == ("active", "")
    ended = NOW + 30 * DAY
    assert state_of(new.number, ended) == "expired"
    assert enter(new.number, new.pin, ended) == "card-expired"


def test_last_day_is_one_to_its_end_in_sao_paulo(world: World) -> None:
    (new,) = make_cards(make_series(world, valid_days=365, expires_on=date(2026, 11, 20)))
    assert enter(new.number, new.pin, EVENING) == ""
    assert enter(new.number, new.pin, AFTER_MIDNIGHT) == "card-expired"
    assert state_of(new.number, AFTER_MIDNIGHT) == "expired"
    assert Card.objects.get(number=new.number).valid_until == date(2026, 11, 20)


def test_wrong_pin_begins_nothing(world: World) -> None:
    (new,) = make_cards(make_series(world, valid_days=30))
    enter(new.number, "0000")
    assert Card.objects.get(number=new.number).first_used_at is None


@pytest.mark.django_db(transaction=True)
def test_two_first_uses_at_once_begin_it_once() -> None:
    (new,) = make_cards(make_series(make_world(), valid_days=30))

    def use(seconds: int) -> datetime | None:
        try:
            at = NOW + timedelta(seconds=seconds)
            services.card_enter(number=new.number, pin=new.pin, at=at)
            return Card.objects.get(number=new.number).first_used_at
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        begun = set(pool.map(use, range(4)))
    assert len(begun) == 1


def test_range_changes_what_is_in_a_state_for_it(world: World) -> None:
    series = make_series(world)
    numbers = [new.number for new in make_cards(series, 10, activate=False)]
    other = make_card(world)
    act: dict[str, Any] = {"actor": SYSTEM, "series_id": series.pk}
    part: dict[str, Any] = {**act, "first": numbers[2], "last": numbers[5]}
    assert services.cards_set_status(action="activate", change=False, **part) == 4
    assert Card.objects.filter(series=series, status="active").count() == 0
    assert services.cards_set_status(action="activate", **part) == 4
    assert services.cards_set_status(action="activate", **part) == 0
    whole: dict[str, Any] = {**act, "first": "0" * 10, "last": "9" * 10}
    assert services.cards_set_status(action="block", **whole) == 10
    assert Card.objects.get(pk=other.pk).status == "active"
    assert count_states(actor=SYSTEM, series_id=series.pk)[2][1] == 10
    assert services.cards_set_status(action="unblock", **part) == 4


@pytest.mark.parametrize(("first", "last"), [("", ""), ("20", "10"), ("10", "200"), ("a", "b")])
def test_range_that_is_none(world: World, first: str, last: str) -> None:
    series = make_series(world)
    with pytest.raises(InvalidInput) as error:
        services.cards_set_status(
            actor=SYSTEM, series_id=series.pk, first=first, last=last, action="block"
        )
    assert error.value.field == "last"


def test_what_cannot_be_done_in_a_state(world: World) -> None:
    card = make_card(world)
    for action in ("activate", "unblock"):
        with pytest.raises(Conflict):
            services.card_set_status(actor=SYSTEM, card_id=card.pk, action=action)


def test_cards_of_others_do_not_exist(world: World) -> None:
    card = make_card(world, world.reseller_a)
    stranger = world.actor(world.reseller_b)
    with pytest.raises(NotFound):
        get_card(actor=stranger, card_id=card.pk)
    with pytest.raises(NotFound):
        services.card_set_status(actor=stranger, card_id=card.pk, action="block")
    with pytest.raises(NotFound):
        services.cards_generate(actor=stranger, series_id=card.series_id, count=1)
    assert selectors.list_series(actor=world.actor(world.master)).count() == 1


def test_who_may_not_make_money_makes_no_cards(world: World) -> None:
    series = make_series(world, world.reseller_a)
    for role in (Role.SUPPORT, Role.FINANCE, Role.READ_ONLY):
        with pytest.raises(NotAllowed):
            services.cards_generate(
                actor=world.actor(world.reseller_a, role), series_id=series.pk, count=1
            )
    made = services.cards_generate(
        actor=world.actor(world.reseller_a), series_id=series.pk, count=1
    )
    assert len(made) == 1
