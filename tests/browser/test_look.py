"""How the site looks and is steered: quick access, light and dark, a phone's width."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from config.menu import MENU
from tests.support.browser import PHONE, Browser, browser
from tests.support.web import make_user
from tests.support.world import World, make_world
from tronco.identity.models import User

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


@pytest.fixture
def user(world: World) -> User:
    return make_user(world.master, username="ana")


def expect_theme(page: Page, theme: str) -> None:
    expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)


def test_quick_access_opens_a_screen_by_its_name(user: User, browser: Browser) -> None:
    page = browser.signed_in(user)
    page.goto(browser.url("identity:profile"))
    page.locator("h1").click()
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name=re.compile("Tela"))
    expect(box).to_be_focused()
    box.fill("numeros")  # without its accent, and Enter before the answer is there
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Números")).to_be_visible()


def test_quick_access_finds_customers_and_circuits(
    world: World, user: User, browser: Browser
) -> None:
    circuit = world.circuit(tenant=world.customer_a, number="11970001234")
    page = browser.signed_in(user)
    page.goto(browser.url("identity:profile"))
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name=re.compile("Tela"))
    box.fill("cliente a")
    option = page.get_by_role("option", name=re.compile(r"^Cliente A1?$"))
    expect(option.first).to_be_visible()
    box.fill("1197000")
    found = page.get_by_role("option", name=re.compile(circuit.number))
    expect(found).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(browser.url("circuits:circuit_detail", circuit.pk))
    page.keyboard.press("/")
    page.get_by_role("combobox", name=re.compile("Tela")).fill("nada-disso")
    expect(page.get_by_text("Nada encontrado para “nada-disso”.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#quick")).to_be_hidden()


def test_dark_follows_the_system_and_what_was_chosen_stays(user: User, browser: Browser) -> None:
    page = browser.signed_in(user, dark=True)
    page.goto(browser.url("identity:profile"))
    expect_theme(page, "dark")
    page.get_by_role("button", name="Alternar entre claro e escuro").first.click()
    expect_theme(page, "light")
    page.reload()
    expect_theme(page, "light")
    page.get_by_role("button", name="Alternar entre claro e escuro").first.click()
    expect_theme(page, "dark")
    page.emulate_media(color_scheme="light")
    expect_theme(page, "light")  # nothing is remembered now: the system counts


def test_the_language_can_be_switched(user: User, browser: Browser) -> None:
    page = browser.signed_in(user)
    page.goto(browser.url("tenancy:customer_list"))
    page.get_by_role("button", name="Idioma").first.click()
    page.get_by_role("button", name="English").first.click()
    expect(page.get_by_role("heading", name="Customers")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_the_keyboard_reaches_the_content_first(user: User, browser: Browser) -> None:
    page = browser.signed_in(user)
    page.goto(browser.url("tenancy:customer_list"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Ir para o conteúdo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_screen_is_wider_than_a_phone(
    world: World, user: User, browser: Browser, dark: bool
) -> None:
    circuit = world.circuit(tenant=world.customer_a)
    page = browser.signed_in(user, viewport=PHONE, dark=dark)
    menu = [item.address() for section in MENU for item in section.seen_by(user.actor)]
    forms = ["/tenancy/customers/add/", "/circuits/add/", "/tenancy/customers/import/"]
    objects = [
        f"/tenancy/customers/{world.customer_a.pk}/",
        f"/tenancy/customers/{world.customer_a.pk}/history/",
        f"/circuits/{circuit.pk}/",
        f"/circuits/{circuit.pk}/credit/",
        f"/circuits/{circuit.pk}/edit/",
    ]
    wide = []
    for address in [*menu, *forms, *objects]:
        page.goto(browser.address + address)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide.append((address, width))
        browser.shot(page, f"phone{address.replace('/', '-')}{'dark' if dark else 'light'}")
    assert wide == []


def test_a_phones_menu_opens_and_closes(user: User, browser: Browser) -> None:
    page = browser.signed_in(user, viewport=PHONE)
    page.goto(browser.url("tenancy:customer_list"))
    link = page.get_by_role("link", name="Troncos")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Abrir o menu").click()
    link.click()
    expect(page.get_by_role("heading", name="Troncos")).to_be_visible()
