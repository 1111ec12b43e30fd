"""Screens of calling cards."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from django.urls import reverse

from tests.callingcards.making import make_card, make_cards, make_series
from tests.support.web import WebClient, administrator, make_user, signed_in
from tests.support.world import World, make_world
from tests.ui.cases import ResourceCase
from tronco.callingcards.models import Card, CardSeries
from tronco.callingcards.views import Cards, Series
from tronco.charging.models import LedgerEntry
from tronco.core.money import MICRO
from tronco.core.pins import check_pin
from tronco.identity.roles import Role


class TestSeries(ResourceCase):
    resource = Series
    changes = {"name": "Outra"}
    bulk = {"valid_days": ""}

    def make(self, world: World, name: str = "Primeira") -> CardSeries:
        return make_series(world, name=name, valid_days=30)

    def typed(self, world: World) -> dict[str, Any]:
        return {
            "tenant": str(world.master.pk),
            "name": "Nova",
            "plan": str(world.plan(world.master).pk),
            "face_value_u": "20,00",
            "prefix": "80",
            "digits": "12",
            "pin_digits": "6",
            "valid_days": "180",
        }


class TestCards(ResourceCase):
    resource = Cards

    def make(self, world: World, name: str = "Primeira") -> Card:
        return make_card(world, name=name)


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def generate_url(series: CardSeries) -> str:
    return reverse("callingcards:cardseries_generate", args=[series.pk])


def told_in(page: str) -> list[tuple[str, str]]:
    """The numbers and PINs in the file of the page."""
    (file,) = re.findall(r'href="data:text/csv;base64,([^"]+)"', page)
    header, *rows = base64.b64decode(file).decode("utf-8-sig").splitlines()
    assert header == "Cartão;Senha"
    return [tuple(row.split(";")) for row in rows]  # type: ignore[misc]


def test_cards_are_previewed_made_and_told_once(world: World, settings: Any) -> None:
    series = make_series(world, world.reseller_a)
    client = administrator(world, world.reseller_a)
    form = client.get(generate_url(series)).content.decode()
    (token,) = re.findall(r'name="token" value="([0-9a-f-]{36})"', form)
    typed = {"count": "25", "activate": "on", "token": token}
    preview = client.post(generate_url(series), typed)
    assert "R$ 250,00" in preview.content.decode()
    assert Card.objects.count() == 0
    made = client.post(generate_url(series), {**typed, "confirmed": "1"})
    assert made["Cache-Control"] == "no-store"
    told = told_in(made.content.decode())
    cards = {card.number: card for card in Card.objects.all()}
    assert cards.keys() == {number for number, _pin in told}
    for number, pin in told:
        assert check_pin(pin, cards[number].pin_hash, key=settings.SECRET_KEY)
        assert cards[number].status == Card.Status.ACTIVE
    again = client.post(generate_url(series), {**typed, "confirmed": "1"})
    assert again.status_code == 422
    assert Card.objects.count() == 25
    export = client.get(reverse("callingcards:card_export"), {"scope": "all"})
    text = b"".join(export.streaming_content).decode()  # type: ignore[attr-defined]
    assert told[0][0] in text
    assert "hmac" not in text


@pytest.mark.parametrize("count", ["0", "", "999999", "abc"])
def test_cards_that_cannot_be_made(world: World, count: str) -> None:
    series = make_series(world)
    answer = administrator(world).post(
        generate_url(series), {"count": count, "token": "1", "confirmed": "1"}
    )
    assert answer.status_code == 422
    assert "invalid-feedback" in answer.content.decode()
    assert Card.objects.count() == 0


def test_who_may_not_post_money_makes_no_cards(world: World) -> None:
    series = make_series(world, world.reseller_a)
    for role in (Role.FINANCE, Role.SUPPORT, Role.READ_ONLY):
        client = signed_in(make_user(world.reseller_a, role))
        assert client.get(generate_url(series)).status_code == 403


def test_range_is_told_and_then_changed(world: World) -> None:
    series = make_series(world)
    numbers = [new.number for new in make_cards(series, 5, activate=False)]
    client = administrator(world)
    url = reverse("callingcards:cardseries_range", args=[series.pk])
    typed = {"action": "activate", "first": numbers[1], "last": numbers[3], "reason": "vendidos"}
    assert client.get(url).status_code == 200
    told = client.post(url, typed).content.decode()
    assert "3 cartões mudarão" in told
    assert Card.objects.filter(status="active").count() == 0
    assert client.post(url, {**typed, "confirmed": "1"}).status_code == 302
    assert Card.objects.filter(status="active").count() == 3
    history = client.get(
        reverse("callingcards:card_history", args=[Card.objects.get(number=numbers[1]).pk])
    )
    assert "vendidos" in history.content.decode()
    wrong = client.post(url, {**typed, "last": numbers[0]})
    assert wrong.status_code == 422


def block(client: WebClient, *cards: Card) -> int:
    url = reverse("callingcards:card_bulk_do", args=["block"])
    return client.post(url, {"pk": [card.pk for card in cards], "confirmed": "1"}).status_code


def test_selection_is_blocked_all_or_nothing(world: World) -> None:
    one, other = make_card(world), make_card(world)
    client = administrator(world)
    assert block(client, one, other) == 302
    assert Card.objects.filter(status="blocked").count() == 2
    assert block(client, one) == 422


def test_recharge_is_a_credit(world: World) -> None:
    card = make_card(world, world.reseller_a)
    url = reverse("callingcards:card_credit", args=[card.pk])
    typed = {
        "direction": "credit",
        "amount_u": "5,00",
        "token": "22222222-2222-4222-8222-222222222222",
    }
    for role, status in ((Role.SUPPORT, 403), (Role.FINANCE, 302)):
        client = signed_in(make_user(world.reseller_a, role))
        assert client.get(url).status_code == 200
        assert client.post(url, typed).status_code == status
    card.account.refresh_from_db()
    assert card.account.balance_u == 15 * MICRO
    assert LedgerEntry.objects.filter(account=card.account, kind="credit").count() == 1


def test_list_is_filtered_by_state(world: World) -> None:
    active, blocked = make_card(world), make_card(world)
    client = administrator(world)
    assert block(client, blocked) == 302
    page = client.get(reverse("callingcards:card_list"), {"state": "blocked"}).content.decode()
    assert f'data-key="{blocked.pk}"' in page
    assert f'data-key="{active.pk}"' not in page
