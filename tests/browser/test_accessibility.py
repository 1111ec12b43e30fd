"""Every screen of the menu, and a form and a page of each kind, before axe: no serious finding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from config.menu import MENU
from tests.calls.making import made
from tests.pbx.making import make_voicemail
from tests.support.browser import PHONE, WIDE, Browser, browser
from tests.support.web import make_user
from tests.support.world import World, make_world
from tronco.identity.roles import Role
from tronco.runtime.assets import fetch_test_assets

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SERIOUS = {"serious", "critical"}
LOOKS: dict[str, tuple[Any, Any]] = {
    "desktop": (WIDE, "light"),
    "desktop-dark": (WIDE, "dark"),
    "phone": (PHONE, "light"),
}
OWN_SCREENS = (
    "circuits:phone",
    "circuits:phone_setup",
    "calls:own_list",
    "pbx:own_message_list",
    "pbx:own_line",
)
# Whatever fades from one colour to another would be measured on its way.
SETTLE = """async () => {
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  document.getAnimations().filter(one => one instanceof CSSTransition).forEach(one => one.finish());
}"""
# Run in the page, where the content security policy would refuse a script of ours.
RUN = """() => axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.map(
  one => [one.impact, one.id, one.nodes.map(node => node.target.join(" ") + ": " + node.html)]))"""


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


@pytest.fixture(scope="session")
def axe() -> str:
    return (fetch_test_assets() / "axe/axe.min.js").read_text()


def findings(page: Page, axe: str) -> list[Any]:
    """Return what axe finds serious on the page as it stands."""
    expect(page.locator(".htmx-request")).to_have_count(0)
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(axe)
    return [finding for finding in page.evaluate(RUN) if finding[0] in SERIOUS]


def each_look(page: Page) -> Iterator[str]:
    """Show the page that is open in every look, one after the other, without loading it again."""
    for look, (viewport, scheme) in LOOKS.items():
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(viewport)
        page.evaluate(SETTLE)
        yield look


def test_no_screen_has_a_serious_finding(world: World, browser: Browser, axe: str) -> None:
    circuit = world.circuit(tenant=world.customer_a)
    user = make_user(world.master, username="ana")
    page = browser.signed_in(user)
    menu = [item.address() for section in MENU for item in section.seen_by(user.actor)]
    others = [
        "/identity/profile/",
        "/identity/password/",
        "/circuits/add/",
        "/tenancy/customers/import/",
        f"/tenancy/customers/{world.customer_a.pk}/",
        f"/tenancy/customers/{world.customer_a.pk}/history/",
        f"/circuits/{circuit.pk}/",
        f"/circuits/{circuit.pk}/credit/",
        f"/circuits/{circuit.pk}/alert/",
        f"/circuits/{circuit.pk}/edit/",
        f"/circuits/{circuit.pk}/delete/",
    ]
    found = {}
    for address in [*menu, *others]:
        page.goto(browser.address + address)
        for look in each_look(page):
            if serious := findings(page, axe):
                found[address, look] = serious
    assert found == {}


def test_screens_of_whoever_uses_an_extension_have_none(
    world: World, browser: Browser, axe: str
) -> None:
    user = make_user(world.customer, Role.EXTENSION_USER, username="bia")
    line = world.circuit(user=user)
    made(world, line)
    make_voicemail(line)
    page = browser.signed_in(user)
    for name in OWN_SCREENS:
        page.goto(browser.url(name))
        for look in each_look(page):
            assert findings(page, axe) == []
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= LOOKS[look][0]["width"], (name, look)
            browser.shot(page, f"{name.replace(':', '-')}-{look}")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_what_opens_has_none_either(world: World, browser: Browser, axe: str, dark: bool) -> None:
    circuit = world.circuit(tenant=world.customer_a)
    page = browser.signed_in(make_user(world.master, username="ana"), dark=dark)
    page.goto(browser.url("circuits:circuit_list"))
    page.get_by_role("button", name=f"Ações de {circuit}").click()
    page.get_by_role("link", name="Histórico de Crédito").wait_for()
    assert findings(page, axe) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Filtros").click()
    page.locator("#filter-panel.show").wait_for()
    assert findings(page, axe) == []
    page.keyboard.press("Escape")
    page.locator("#filter-panel").wait_for(state="hidden")
    page.keyboard.press("Control+k")
    page.locator("#quick .quick-row").first.wait_for()
    assert findings(page, axe) == []


def test_a_form_that_is_refused_points_at_its_first_mistake(
    world: World, browser: Browser, axe: str
) -> None:
    page = browser.signed_in(make_user(world.master, username="ana"))
    page.goto(browser.url("tenancy:customer_add"))
    page.get_by_role("button", name="Salvar & Voltar").click()
    page.get_by_text("Corrija os campos marcados abaixo.").wait_for()
    focused = page.evaluate("document.activeElement.getAttribute('aria-invalid')")
    assert focused == "true"
    described = page.evaluate("document.activeElement.getAttribute('aria-describedby')")
    assert page.locator(f"#{described.split()[-1]}").inner_text()
    assert findings(page, axe) == []


def test_who_has_not_signed_in_finds_none(world: World, browser: Browser, axe: str) -> None:
    page = browser.anonymous()
    page.goto(browser.url("identity:sign_in"))
    assert findings(page, axe) == []
    page.get_by_label("Nome de usuário").fill("ana")
    page.get_by_label("Senha").fill("errada")
    page.keyboard.press("Enter")
    page.get_by_text("Nome de usuário ou senha incorretos.").wait_for()
    assert findings(page, axe) == []
