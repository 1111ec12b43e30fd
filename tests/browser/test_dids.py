"""Numbers in the hands of a person: a range looked at first, the form by ways of working."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, Browser, browser
from tests.support.web import make_user
from tests.support.world import World, make_world
from tronco.dids.closed import Closed
from tronco.dids.models import Did, DidRegistration
from tronco.dids.ranges import range_create
from tronco.dids.services import did_create
from tronco.dids.states import did_reserve
from tronco.pbx.models import Menu, Schedule
from tronco.tenancy.access import SYSTEM

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def choose(page: Page, select: str, text: str) -> None:
    """Search and take one of a select that searches."""
    box = page.locator(f"#{select}-ts-control")
    box.click()
    box.press_sequentially(text)
    page.locator(f"#{select}-ts-dropdown .option", has_text=text).first.click()


def test_a_range_is_looked_at_before_it_is_made(world: World, browser: Browser) -> None:
    did_create(actor=SYSTEM, tenant_id=world.customer.pk, raw="551133334003")
    page = browser.signed_in(make_user(world.master))
    page.goto(browser.url("dids:numberrange_add"))
    choose(page, "id_tenant", "Operadora")
    page.get_by_label("Nome", exact=True).fill("Centro")
    page.get_by_label("DDI + DDD").fill("5511")
    page.get_by_label("Numeração inicial").fill("33334000")
    page.get_by_label("Numeração final").fill("33334009")
    page.get_by_role("button", name="Salvar & Voltar").click()
    expect(page.get_by_text("9 números serão criados")).to_be_visible()
    expect(page.get_by_text("551133334003")).to_be_visible()
    browser.shot(page, "range-preview")
    page.get_by_role("button", name="Criar 9 números").click()
    expect(page.get_by_text("9 números foram criados; 1 não.")).to_be_visible()
    assert Did.objects.filter(range__name="Centro").count() == 10
    browser.shot(page, "range")


def test_the_form_shows_what_the_way_of_working_needs(world: World, browser: Browser) -> None:
    circuit = world.circuit()
    Menu.objects.create(tenant=world.customer, name="Principal")
    schedule = Schedule.objects.create(tenant=world.customer, name="Comercial")
    did = did_create(
        actor=SYSTEM, tenant_id=world.customer.pk, raw="551133334000", circuit_id=circuit.pk,
        schedule_id=schedule.pk, closed=Closed("voicemail", circuit_id=circuit.pk),
    ).did  # fmt: skip
    page = browser.signed_in(make_user(world.master))
    page.goto(browser.url("dids:did_edit", did.pk))
    mode = page.get_by_label("Tipo de funcionamento")
    expect(page.locator("#id_closed_circuit-ts-control")).to_be_visible()
    expect(page.locator("#id_closed_queue-ts-control")).to_be_hidden()
    expect(page.get_by_label("Endereço de IP", exact=True)).to_be_hidden()
    mode.select_option("ip")
    expect(page.get_by_label("Endereço de IP", exact=True)).to_be_visible()
    mode.select_option("menu")
    expect(page.get_by_label("Endereço de IP", exact=True)).to_be_hidden()
    choose(page, "id_menu", "Principal")
    page.get_by_role("button", name="Salvar & Voltar").click()
    expect(page.get_by_text("Menu de Ramal (IVR)")).to_be_visible()
    did.refresh_from_db()
    assert (did.mode, did.menu and did.menu.name, did.circuit) == ("menu", "Principal", None)


def test_how_it_looks(world: World, browser: Browser) -> None:
    circuit = world.circuit()
    made, _plan = range_create(
        actor=SYSTEM, tenant_id=world.master.pk, name="Centro", area="5511", first="33334000",
        last="33334019", sent_as="digits", supplier="Vizinha",
    )  # fmt: skip
    did = did_create(
        actor=SYSTEM, tenant_id=world.customer.pk, raw="551140041234", circuit_id=circuit.pk,
        host="sip.vizinha.example", username="5511", password="segredo", registers=True,
        supplier="Vizinha", range_id=made.pk,
    ).did  # fmt: skip
    DidRegistration.objects.create(
        did=did, tenant=did.tenant, state="rejected", cause="refused", changed_at=did.created_at
    )
    portal = did_create(
        actor=SYSTEM, tenant_id=world.customer_a.pk, raw="551140041235", mode="portal"
    ).did
    stock = made.numbers.filter(state="available").first()
    assert stock is not None
    did_reserve(actor=SYSTEM, did_id=stock.pk, reserved_for="Padaria")
    user = make_user(world.master)
    for suffix, options in (("", {}), ("-dark-phone", {"dark": True, "viewport": PHONE})):
        page = browser.signed_in(user, **options)  # type: ignore[arg-type]
        for name, url in (
            ("dids", browser.url("dids:did_list")),
            ("did", browser.url("dids:did_detail", did.pk)),
            ("did-edit", browser.url("dids:did_edit", portal.pk)),
            ("did-add", browser.url("dids:did_add")),
            ("did-assign", browser.url("dids:did_do", stock.pk, "assign")),
            ("holders", browser.url("dids:tenure_list")),
            ("ranges", browser.url("dids:numberrange_list")),
            ("refused", browser.url("calls:refused_list")),
            ("number-route", browser.url("routing:number_route", did.pk)),
        ):
            page.goto(url)
            expect(page.locator("h1, .page-title").first).to_be_visible()
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= page.evaluate("window.innerWidth") + 1, f"{name} is too wide"
            browser.shot(page, name + suffix)
