"""Calling cards in a browser: a series, its cards, and the file that is told once."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.callingcards.making import make_series
from tests.support.browser import Browser, browser
from tests.support.web import make_user
from tests.support.world import World, make_world
from tronco.callingcards.models import Card
from tronco.callingcards.services import card_enter

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def generate(page: Page, count: str) -> None:
    """From the page of a series to its new cards."""
    page.get_by_role("link", name="Gerar cartões").click()
    page.get_by_label("Quantos cartões").fill(count)
    page.get_by_label("Ativos desde já").check()
    page.get_by_role("button", name="Prévia").click()


def test_cards_are_generated_and_saved(world: World, browser: Browser, tmp_path: Path) -> None:
    series = make_series(world, world.reseller_a, name="Natal", prefix="80", valid_days=90)
    page = browser.signed_in(make_user(world.reseller_a, username="ana"))
    page.goto(browser.url("callingcards:cardseries_detail", series.pk))
    generate(page, "12")
    expect(page.get_by_text("R$ 120,00")).to_be_visible()
    page.get_by_role("button", name="Gerar cartões").click()
    expect(page.get_by_text("12 cartões feitos")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Salvar números e senhas (CSV)").click()
    file = tmp_path / "cards.csv"
    saved.value.save_as(file)
    header, *rows = file.read_text(encoding="utf-8-sig").splitlines()
    assert header == "Cartão;Senha"
    assert len(rows) == Card.objects.count() == 12
    number, pin = rows[0].split(";")
    card = Card.objects.get(number=number)
    assert card_enter(number=number, pin=pin, at=card.created_at) == card

    page.get_by_role("link", name="Salvo, continuar").click()
    page.get_by_role("link", name="Todos os cartões da série").click()
    expect(page.get_by_role("row").filter(has_text="Ativo")).to_have_count(12)
    page.get_by_role("link", name=number).click()
    expect(page.get_by_text("R$ 10,00").first).to_be_visible()
