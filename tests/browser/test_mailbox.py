"""The demonstration's mailbox in the hands of a person: found, read, a link opened, nothing run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.test_accessibility import axe, each_look, findings
from tests.demo.test_mailbox import place, server
from tests.support.browser import Browser, browser
from tests.support.web import make_user
from tests.support.world import World, make_world
from tronco.customers.services import customer_create
from tronco.mail.tasks import deliver_due
from tronco.tenancy.access import SYSTEM

__all__ = ["axe", "browser", "place", "server"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def test_a_letter_is_found_and_read(world: World, browser: Browser, axe: str) -> None:
    page = browser.signed_in(make_user(world.master))
    page.goto(browser.url("demo:letters"))
    search = page.get_by_role("searchbox", name="Pesquisar")
    search.fill("nada disso")
    expect(page.get_by_text("Nada corresponde")).to_be_visible()
    search.fill("ouvir")
    expect(page.get_by_role("link", name="Recado de José")).to_be_visible()
    serious = {}
    for look in each_look(page):
        serious[look] = findings(page, axe)
        browser.shot(page, f"mailbox-{look}")
    page.get_by_role("link", name="Recado de José").click()
    letter = page.frame_locator("iframe.letter")
    expect(letter.get_by_text("José deixou um recado")).to_be_visible()
    expect(letter.get_by_alt_text("Aroeira")).to_have_js_property("naturalWidth", 1)
    page.locator("iframe.letter").scroll_into_view_if_needed()
    for look in each_look(page):
        serious[f"letter, {look}"] = findings(page, axe)
        browser.shot(page, f"letter-{look}")
    assert not any(serious.values()), serious
    with page.expect_download() as download:
        page.get_by_role("link", name="recado.wav").click()
    assert download.value.suggested_filename == "recado.wav"
    page.context.route("https://voz.example/**", lambda route: route.fulfill(body="ouvido"))
    with page.context.expect_page() as opened:
        letter.get_by_role("link", name="recado").click()
    expect(opened.value.get_by_text("ouvido")).to_be_visible()
    # Its script was held back, and the browser said so.
    assert browser.problems and all("sandboxed" in problem for problem in browser.problems)
    browser.problems.clear()


def test_an_invitation_arrives_and_its_link_opens_the_registration(
    world: World, browser: Browser, settings: Any, server: Path
) -> None:
    settings.TRONCO_URL = browser.address
    page = browser.signed_in(make_user(world.master))
    page.goto(browser.url("demo:letters"))
    expect(page.get_by_text("Nenhum e-mail ainda")).to_be_visible()
    browser.shot(page, "mailbox-empty")
    customer_create(
        actor=SYSTEM, parent_id=world.reseller_a.pk, name="Padaria", email="ana@padaria.example"
    )
    assert deliver_due(0) == 1
    # The open list shows it by itself.
    page.get_by_role("link", name="Boas-vindas a Revenda A").click()
    letter = page.frame_locator("iframe.letter")
    with page.context.expect_page() as opened:
        letter.get_by_role("link", name="http").click()
    expect(opened.value.get_by_text("ana@padaria.example")).to_be_visible()
    expect(opened.value.get_by_role("heading", name="Conclua seu cadastro")).to_be_visible()
    browser.shot(opened.value, "mailbox-invitation")
