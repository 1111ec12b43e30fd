"""A request for credit in the hands of people: asked for on a telephone, approved at a desk."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.test_accessibility import axe, each_look, findings
from tests.calls.making import made
from tests.support.browser import PHONE, WIDE, Browser, browser
from tests.support.web import make_user
from tests.support.world import World, make_world
from tests.topups.making import a_photo, make_topup
from tronco.charging.models import Account
from tronco.charging.services import ledger_post
from tronco.core.money import MICRO
from tronco.identity.roles import Role
from tronco.tenancy.access import SYSTEM
from tronco.topups.models import TopUp

__all__ = ["axe", "browser"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def test_from_a_low_balance_to_the_credit(world: World, browser: Browser, axe: str) -> None:
    circuit = world.circuit(tenant=world.customer_a, number="1133334444", balance_u=MICRO)
    world.circuit(tenant=world.customer_a, number="1133335555")
    buyer = make_user(world.customer_a, Role.CUSTOMER_ADMINISTRATOR, username="compra")
    seller = make_user(world.reseller_a, Role.FINANCE, username="vende")

    page = browser.signed_in(buyer, viewport=PHONE)
    page.goto(browser.url("circuits:circuit_credit", circuit.pk))
    browser.shot(page, "topup-statement-phone")
    page.get_by_role("link", name="Pedir crédito").click()
    expect(page.get_by_label("Conta")).to_have_value(str(circuit.account_id))
    page.get_by_label("Valor").fill("0")
    page.get_by_role("button", name="Enviar o pedido").click()
    expect(page.get_by_text("Mais que zero.")).to_be_visible()
    page.get_by_label("Valor").fill("50,00")
    page.get_by_label("Observação").fill("Pix de hoje, 10h12")
    photo = a_photo(size=(600, 900))
    page.get_by_label("Comprovante").set_input_files(
        {"name": "IMG_1.jpg", "mimeType": "image/jpeg", "buffer": photo}
    )
    assert findings(page, axe) == []
    browser.shot(page, "topup-ask-phone")
    page.get_by_role("button", name="Enviar o pedido").click()
    expect(page.get_by_text("foi enviado")).to_be_visible()
    browser.shot(page, "topup-asked-phone")
    topup = TopUp.objects.get()

    desk = browser.signed_in(seller)
    desk.goto(browser.url("topups:topup_list"))
    menu = desk.get_by_role("link", name="Pedidos de crédito 1 esperando")
    expect(menu).to_be_visible()
    browser.shot(desk, "topup-list")
    desk.get_by_role("link", name=topup.number).click()
    # The picture is there, although it may only be downloaded.
    picture = desk.get_by_role("img", name="Comprovante")
    expect(picture).to_have_js_property("naturalWidth", 600)
    browser.shot(desk, "topup-page")
    desk.get_by_role("link", name="Aprovar ou recusar").click()
    desk.get_by_label("Crédito").fill("30,00")
    desk.get_by_role("button", name="Aprovar e creditar").click()
    expect(desk.get_by_text("Diga por que é menos")).to_be_visible()
    assert findings(desk, axe) == []
    browser.shot(desk, "topup-decide-refused")
    desk.get_by_label("Motivo").fill("O Pix foi de 30")
    desk.get_by_role("button", name="Aprovar e creditar").dblclick()
    expect(desk.get_by_text("Creditado: R$ 30,00.")).to_be_visible()
    expect(desk.get_by_role("link", name="Pedidos de crédito", exact=True).first).to_be_visible()
    assert Account.objects.get(pk=circuit.account_id).balance_u == 31 * MICRO
    browser.shot(desk, "topup-approved")

    page.goto(browser.url("circuits:circuit_credit", circuit.pk))
    page.get_by_role("link", name=f"Pedido de crédito nº {topup.pk}").click()
    expect(page.get_by_text("O Pix foi de 30")).to_be_visible()
    browser.shot(page, "topup-approved-phone")


def test_who_ends_his_reason_with_enter_has_decided_nothing(world: World, browser: Browser) -> None:
    topup = make_topup(world, world.circuit(tenant=world.customer_a).account)
    page = browser.signed_in(make_user(world.reseller_a, Role.FINANCE, username="vende"))
    page.goto(browser.url("topups:topup_decide", topup.pk))
    reason = page.get_by_label("Motivo")
    reason.fill("Pix não localizado")
    reason.press("Enter")
    page.get_by_role("button", name="Recusar").click()
    expect(page.get_by_text("Pix não localizado")).to_be_visible()
    topup.refresh_from_db()
    assert topup.status == "refused"


def test_what_a_customer_sees_of_his_money(world: World, browser: Browser, axe: str) -> None:
    """All of it from his menu, on a telephone and on a desk, in light and dark."""
    lines = [
        world.circuit(tenant=world.customer_a, number=number, balance_u=4 * MICRO)
        for number in ("1133334444", "1133335555")
    ]
    ledger_post(
        actor=SYSTEM, account_id=lines[0].account_id, kind="credit", amount_u=20 * MICRO,
        note="Pix", key="1",
    )  # fmt: skip
    made(world, lines[0])
    make_topup(world, lines[1].account)
    user = make_user(world.customer_a, Role.CUSTOMER_ADMINISTRATOR, username="compra")
    page = browser.signed_in(user)
    screens = {
        "Painel": "dashboard",
        "Circuitos": "circuits",
        "Extrato": "statement",
        "Pedidos de crédito": "topups",
        "Registro de Chamadas (CDR)": "calls",
    }
    for name, shot in screens.items():
        page.set_viewport_size(WIDE)  # type: ignore[arg-type]
        page.goto(browser.url("dashboard:home"))
        page.get_by_role("navigation", name="Telas").get_by_role("link", name=name).click()
        expect(page.locator(".page-title")).to_contain_text(name)
        found = [(name, look, *one) for look in each_look(page) for one in findings(page, axe)]
        assert found == []
        # The last look is a telephone's.
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        browser.shot(page, f"money-{shot}-phone")
    page.goto(browser.url("circuits:circuit_alert", lines[0].pk))
    page.get_by_label("Avisar abaixo de").fill("5,00")
    page.get_by_role("button", name="Salvar").click()
    expect(page.get_by_text("Você será avisado.")).to_be_visible()
    browser.shot(page, "money-alert-phone")
