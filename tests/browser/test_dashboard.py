"""The first screen in a real browser: period, hover, legend, tables, export, live, full screen."""

from __future__ import annotations

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from tests.calls.making import authorised, ended
from tests.support.asterisk import wait_until
from tests.support.browser import PHONE, Browser, browser
from tests.support.web import make_user
from tests.support.world import World, make_world
from tronco.calls.rollups import midnight
from tronco.calls.services import record_ingest
from tronco.identity.models import User

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DIALLED = (
    "1133334444", "11988887777", "021 21 33334444", "021 61 99999-8888", "021 81 33334444",
    "021 71 33334444", "08001234567", "00 21 44 2071234567", "021 51 33334444",
)  # fmt: skip


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


@pytest.fixture
def user(world: World) -> User:
    """Somebody of the master, after two weeks of calls."""
    chance = random.Random(4)
    lines = [world.circuit(balance_u=10**10), world.circuit(tenant=world.customer_a)]
    today = midnight(timezone.localdate())
    now = timezone.now()
    ends = []
    for number in range(240):
        # The first of them always today: the day may have just begun.
        back = 0 if number < 8 else chance.randint(1, 13)
        most = int((now - today).total_seconds()) - 1 if not back else 86_000
        at = today - timedelta(days=back) + timedelta(seconds=chance.randint(0, max(most, 0)))
        incoming = number % 4 == 3
        other = chance.choice(DIALLED[:6]) if incoming else chance.choice(DIALLED)
        fields: dict[str, Any] = {}
        if incoming:
            caller = "+5561999998888"
            fields = {"direction": "in", "caller": caller, "called": "+551133334444"}
            other = caller
        call = authorised(world, lines[0], other, at=at, held_u=0, **fields)
        talks_s = chance.choice([None, 20, 61, 240, 900])
        ends.append(ended(call, world, talks_s=talks_s))
    record_ingest(ends=ends)
    return make_user(world.master, username="ana")


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name=name, exact=True)


def ready(page: Page) -> None:
    """Every chart has been drawn."""
    expect(page.locator(".chart canvas")).to_have_count(5)


def test_period_tables_and_export(user: User, browser: Browser, tmp_path: Path) -> None:
    page = browser.signed_in(user)
    page.goto(browser.url("dashboard:home"))
    ready(page)
    browser.shot(page, "dashboard")
    counters = page.locator(".tile").all_inner_texts()
    page.get_by_role("button", name="Período: Últimos 30 dias").click()
    page.get_by_role("link", name="Últimos 7 dias").click()
    week = page.get_by_role("button", name="Período: Últimos 7 dias")
    expect(week).to_be_visible()
    ready(page)
    made = card(page, "Total de Ligações")
    made.get_by_text("Mostrar como tabela").click()
    expect(made.locator("tbody tr, table tr")).to_have_count(8)
    day = timezone.localdate() - timedelta(days=6)
    week.click()
    page.get_by_label("De", exact=True).fill(f"{day:%Y-%m-%d}")
    page.get_by_label("Até", exact=True).fill(f"{day + timedelta(days=1):%Y-%m-%d}")
    page.get_by_role("button", name="Aplicar").click()
    expect(week).to_have_count(0)
    ready(page)
    made.get_by_text("Mostrar como tabela").click()
    rows = made.locator("table tr")
    expect(rows).to_have_count(3)
    assert page.locator(".tile").all_inner_texts() == counters
    with page.expect_download() as download:
        page.get_by_role("link", name="Exportar Total de Ligações em CSV").click()
    file = tmp_path / "calls.csv"
    download.value.save_as(file)
    lines = file.read_text("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert lines[0] == "Data;Ligações feitas;Ligações recebidas"
    assert lines[1].split(";") == rows.nth(1).locator("td").all_inner_texts()


def test_the_legend_hides_and_shows_by_click_and_by_key(user: User, browser: Browser) -> None:
    page = browser.signed_in(user)
    page.goto(browser.url("dashboard:home"))
    ready(page)
    pie = card(page, "Chamadas por UF")
    shown = ink(pie)
    key = pie.get_by_role("button", name="SP")
    key.click()
    expect(key).to_have_attribute("aria-pressed", "false")
    expect_ink_to_leave(pie, shown)
    key.focus()
    page.keyboard.press("Space")
    expect(key).to_have_attribute("aria-pressed", "true")
    expect_ink_to_become(pie, shown)
    bars = card(page, "Consumo em R$")
    before = ink(bars)
    bars.get_by_role("button", name="LDI").focus()
    page.keyboard.press("Enter")
    expect(bars.get_by_role("button", name="LDI")).to_have_attribute("aria-pressed", "false")
    expect_ink_to_leave(bars, before)
    hidden = ink(bars)
    # What was hidden stays so when the numbers come again; the focus stays, too.
    with page.expect_response(lambda answer: "consumption" in answer.url):
        page.get_by_role("button", name="Atualizar").click()
    expect(bars.get_by_role("button", name="LDI")).to_have_attribute("aria-pressed", "false")
    page.mouse.move(0, 0)
    expect_ink_to_become(bars, hidden)


def test_values_appear_under_the_pointer(user: User, browser: Browser) -> None:
    page = browser.signed_in(user)
    page.goto(browser.url("dashboard:home") + "?period=yesterday")
    ready(page)
    for name, x in (
        ("Total de Ligações", 0.5), ("Chamadas por UF", 0.6), ("Chamadas Simultâneas / Hora", 0.5)
    ):  # fmt: skip
        place = card(page, name)
        place.scroll_into_view_if_needed()
        still = ink(place)
        box = place.locator("canvas").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * 0.25)
        expect_ink_to_leave(place, still)
    browser.shot(page, "dashboard-hover")


def test_new_calls_appear_without_reloading(world: World, user: User, browser: Browser) -> None:
    page = browser.signed_in(user)
    page.goto(browser.url("dashboard:home"))
    ready(page)
    tile = page.locator(".tile").filter(has_text="Chamadas de Saída Hoje").locator(".h1")
    before = int(tile.inner_text())
    page.evaluate("window.same = true")
    call = authorised(world, world.circuit(), at=timezone.now())
    record_ingest(ends=[ended(call, world, talks_s=30)])
    expect(tile).to_have_text(str(before + 1), timeout=15_000)
    assert page.evaluate("window.same") is True


def test_the_whole_screen(user: User, browser: Browser) -> None:
    page = browser.signed_in(user)
    page.goto(browser.url("dashboard:home"))
    expand = page.get_by_role("button", name="Expandir")
    expand.click()
    expect(expand).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("document.fullscreenElement.className").startswith("page-wrapper")
    expand.click()
    expect(expand).to_have_attribute("aria-pressed", "false")
    page.locator(".page-wrapper").get_by_role("button", name="Sair").click()
    expect(page).to_have_url(browser.url("identity:sign_in"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_fits_a_phone_and_the_night(user: User, browser: Browser, dark: bool) -> None:
    page = browser.signed_in(user, viewport=PHONE, dark=dark)
    page.goto(browser.url("dashboard:home"))
    ready(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    browser.shot(page, f"dashboard-phone-{'dark' if dark else 'light'}")
    if dark:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.wait_for_timeout(300)
        browser.shot(page, "dashboard-dark")


def ink(place: Locator) -> str:
    """The picture that a chart is at this moment."""
    return str(place.locator("canvas").evaluate("canvas => canvas.toDataURL()"))


def expect_ink_to_leave(place: Locator, was: str) -> None:
    wait_until(lambda: ink(place) != was, "the chart is drawn otherwise")


def expect_ink_to_become(place: Locator, was: str) -> None:
    wait_until(lambda: ink(place) == was, "the chart is drawn as it was")
