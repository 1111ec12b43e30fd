"""A customer makes an extension, sets a telephone up, and manages it; in every look."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_accessibility import LOOKS, axe, each_look, findings
from tests.browser.test_people import choose
from tests.extensions.making import allow, extension
from tests.support.browser import PHONE, Browser, browser
from tests.support.web import make_user
from tests.support.world import World, make_world
from tronco.circuits.models import Circuit
from tronco.identity.roles import Role
from tronco.pbx.models import LineService

__all__ = ["axe", "browser"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def look_at(browser: Browser, page: Page, axe: str, name: str) -> None:
    """Every look of the page that is open: nothing serious, nothing wider than the screen."""
    for look in each_look(page):
        browser.shot(page, f"{name}-{look}")
        assert findings(page, axe) == [], (name, look)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= LOOKS[look][0]["width"], (name, look)


@pytest.mark.parametrize("is_small", [False, True], ids=["desktop", "phone"])
def test_an_extension_from_the_form_to_its_end(
    world: World, browser: Browser, axe: str, is_small: bool
) -> None:
    line = allow(world, 2, description="Recepção", max_calls=2, allowed_classes=["local_fixed"])
    LineService.objects.create(circuit=line, tenant=line.tenant, extension="20")
    make_user(world.customer, Role.EXTENSION_USER, username="bia")
    dona = make_user(world.customer, Role.CUSTOMER_ADMINISTRATOR, username="dona")
    page = browser.signed_in(dona, viewport=PHONE if is_small else None)
    page.goto(browser.url("extensions:extension_list"))
    expect(page.get_by_text("0 de 2 ramais próprios")).to_be_visible()
    page.get_by_role("link", name="Adicionar").click()
    page.get_by_label("Ramal", exact=True).fill("20")
    page.get_by_label("Nome", exact=True).fill("Sala 1")
    choose(page, "id_user", "bia")
    page.get_by_label("Chamadas simultâneas").fill("9")
    expect(page.get_by_label("Longa distância fixo")).to_have_count(0)
    page.get_by_role("button", name="Salvar & Voltar").click()
    expect(page.locator(".invalid-feedback").first).to_be_visible()
    page.get_by_label("Chamadas simultâneas").fill("2")
    page.get_by_role("button", name="Salvar & Voltar").click()
    expect(page.locator(".alert-danger").first).to_contain_text("20")
    page.get_by_label("Ramal", exact=True).fill("201")
    page.get_by_role("button", name="Salvar & Voltar").click()

    expect(page.locator("img.qr")).to_be_visible()
    password = page.locator("[data-password]").inner_text()
    assert len(password) == 16
    page.get_by_text("Yealink").click()
    expect(page.locator("details[open]").get_by_text(password)).to_be_visible()
    one = Circuit.objects.get(line=line)
    if not is_small:
        look_at(browser, page, axe, "extension-password")
        page.set_viewport_size(LOOKS["desktop"][0])
    page.get_by_role("link", name="Anotei, continuar").click()
    expect(page.get_by_role("link", name=one.number)).to_be_visible()
    assert password not in page.content()
    page.goto(browser.url("extensions:extension_setup", one.pk))
    expect(page.get_by_text(one.number).first).to_be_visible()
    assert password not in page.content()

    page.goto(browser.url("extensions:extension_delete", one.pk))
    expect(page.get_by_text("Ramal, siga-me e correio de voz: 1")).to_be_visible()
    page.get_by_role("button", name="Apagar").click()
    expect(page.get_by_text("0 de 2 ramais próprios")).to_be_visible()
    assert not Circuit.objects.filter(line=line).exists()


def test_every_screen_in_every_look(world: World, browser: Browser, axe: str) -> None:
    line = allow(world, 2, description="Recepção")
    one = extension(world, user=make_user(world.customer, Role.EXTENSION_USER, username="bia"))
    dona = make_user(world.customer, Role.CUSTOMER_ADMINISTRATOR, username="dona")
    page = browser.signed_in(dona)
    screens = {
        "list": browser.url("extensions:extension_list"),
        "add": browser.url("extensions:extension_add"),
        "detail": browser.url("extensions:extension_detail", one.pk),
        "edit": browser.url("extensions:extension_edit", one.pk),
        "setup": browser.url("extensions:extension_setup", one.pk),
        "new-password": browser.url("extensions:extension_password", one.pk),
        "delete": browser.url("extensions:extension_delete", one.pk),
        "line": browser.url("extensions:extension_detail", line.pk),
        "line-edit": browser.url("extensions:extension_edit", line.pk),
    }
    for name, address in screens.items():
        page.goto(address)
        page.set_viewport_size(LOOKS["desktop"][0])
        look_at(browser, page, axe, f"extension-{name}")
    seller = browser.signed_in(make_user(world.master, username="ana"))
    seller.goto(browser.url("extensions:extension_list"))
    expect(seller.get_by_role("link", name="Adicionar")).to_have_count(0)
    look_at(browser, seller, axe, "extension-list-seller")
