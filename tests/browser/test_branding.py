"""White label and e-mails in the hands of a person: a brand is made and seen, a text is written."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.branding.making import picture
from tests.browser.test_accessibility import axe, each_look, findings
from tests.support.browser import PHONE, Browser, browser
from tests.support.web import make_user
from tests.support.world import World, make_world
from tronco.branding.services import brand_create
from tronco.mail.models import Template
from tronco.mail.services import notice_queue
from tronco.tenancy.access import SYSTEM

__all__ = ["axe", "browser"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def test_a_brand_is_made_and_seen_at_once(world: World, browser: Browser) -> None:
    page = browser.signed_in(make_user(world.reseller_a))
    page.goto(browser.url("branding:brand_add"))
    page.get_by_label("Nome da marca").fill("Voz Serrana")
    page.get_by_label("Cor principal").fill("#ffd700")
    page.get_by_label("Domínio").fill("localhost")
    logo = {"name": "logo.png", "mimeType": "image/png", "buffer": picture()}
    page.get_by_label("Logotipo").set_input_files(logo)  # type: ignore[arg-type]
    page.get_by_role("button", name="Salvar & Voltar").click()
    expect(page.get_by_text("Clara demais")).to_be_visible()
    browser.shot(page, "brand-form")
    page.get_by_label("Cor principal").fill("#a51d2d")
    page.get_by_label("Domínio").fill("voz.serrana.example")
    page.get_by_label("Logotipo").set_input_files(logo)  # type: ignore[arg-type]
    page.get_by_role("button", name="Salvar & Voltar").click()
    expect(page.get_by_role("complementary").get_by_text("Voz Serrana")).to_be_visible()
    assert page.title().endswith("· Voz Serrana")
    button = page.get_by_role("link", name="Adicionar").first
    assert "165, 29, 45" in button.evaluate("one => getComputedStyle(one).backgroundColor")
    expect(page.locator("aside .brand-logo")).to_have_js_property("naturalWidth", 432)
    browser.shot(page, "brand")


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, False), (False, True)])
def test_sign_in_shows_the_brand_of_the_domain(
    world: World, browser: Browser, dark: bool, phone: bool
) -> None:
    brand_create(
        actor=SYSTEM, tenant_id=world.reseller_a.pk, name="Voz Serrana", color="#1d5c2e",
        domain="voz.serrana.localhost", logo=picture(),
    )  # fmt: skip
    page = browser.anonymous(viewport=PHONE if phone else None, dark=dark)
    # Browsers take such names for this machine.
    port = urlsplit(browser.address).port
    page.goto(f"http://voz.serrana.localhost:{port}{reverse('identity:sign_in')}")
    expect(page.get_by_text("Voz Serrana")).to_be_visible()
    expect(page.locator(".brand-logo")).to_have_js_property("naturalWidth", 432)
    browser.shot(page, f"sign-in-{dark}-{phone}")


def test_a_text_is_written_looked_at_and_sent(world: World, browser: Browser) -> None:
    brand_create(
        actor=SYSTEM, tenant_id=world.reseller_a.pk, name="Voz Serrana", color="#1d5c2e",
        logo=picture(),
    )  # fmt: skip
    user = make_user(world.reseller_a)
    page = browser.signed_in(user)
    page.goto(browser.url("mail:template_list"))
    browser.shot(page, "templates")
    page.get_by_label("Escrever “Te ligou” em Português").click()
    expect(page.get_by_label("Assunto")).to_have_value("{caller} te ligou")
    page.get_by_label("Assunto").fill("{quem} ligou para você")
    page.get_by_role("button", name="Prévia").click()
    expect(page.get_by_text("Não há {quem} neste tipo de e-mail")).to_be_visible()
    page.get_by_label("Assunto").fill("{caller} ligou para você")
    page.get_by_role("button", name="Prévia").click()
    expect(page.get_by_text("(11) 98888-7777 ligou para você")).to_be_visible()
    assert_both_looks(page)
    browser.shot(page, "template-preview")
    page.get_by_role("button", name="Salvar & Voltar").click()
    page.get_by_role("link", name="Te ligou", exact=True).click()
    assert_both_looks(page)
    browser.shot(page, "template")
    assert Template.objects.get().tenant == world.reseller_a
    facts = {"caller": "<script>1</script>", "line": "1133334444", "at": "20/11/2026 12:30"}
    email = notice_queue(
        tenant_id=world.customer_a.pk, kind="missed_call", facts=facts, recipient="a@b.example"
    )
    assert email is not None
    for name, viewport, dark in (
        ("wide", None, False),
        ("dark", None, True),
        ("phone", PHONE, False),
    ):
        page = browser.signed_in(user, viewport=viewport, dark=dark)
        page.goto(browser.url("mail:email_detail", email.pk))
        letter = page.frame_locator("iframe.letter")
        expect(letter.get_by_text("<script>1</script> ligou para")).to_be_visible()
        expect(letter.locator("img")).to_have_js_property("naturalWidth", 432)
        page.locator("iframe.letter").scroll_into_view_if_needed()
        browser.shot(page, f"email-{name}")


def assert_both_looks(page: Page) -> None:
    """A letter in its seller's looks: light, and dark on a telephone."""
    for css, dark in ((".letter:not(.letter-dark)", False), (".letter-dark", True)):
        letter = page.frame_locator(f"iframe{css}")
        expect(letter.get_by_text("Voz Serrana").first).to_be_visible()
        expect(letter.locator("img")).to_have_js_property("naturalWidth", 432)
        sheet = letter.locator(".sheet").first
        paper, mark = sheet.evaluate(
            "one => [getComputedStyle(one).backgroundColor, getComputedStyle(one).borderTopColor]"
        )
        assert paper == ("rgb(31, 41, 55)" if dark else "rgb(255, 255, 255)")
        assert mark == "rgb(29, 92, 46)"
    assert page.locator(".letter-dark").evaluate("one => one.clientWidth") <= 390


def test_their_screens_have_no_serious_finding(world: World, browser: Browser, axe: str) -> None:
    page = browser.signed_in(make_user(world.reseller_a))
    found = {}
    for name in (
        "mail:template_list",
        "mail:template_add",
        "mail:mailserver_add",
        "mail:notices_add",
        "branding:brand_add",
    ):
        page.goto(browser.url(name))
        for look in each_look(page):
            if serious := findings(page, axe):
                found[name, look] = serious
    assert found == {}
