"""From an empty list to an explained call, as a person sees it; and how the screens look."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.calls.making import authorised, ended, made
from tests.support.browser import PHONE, WIDE, Browser, browser
from tests.support.web import make_user
from tests.support.world import PASSWORD, World, make_world
from tronco.calls.addresses import call_url
from tronco.calls.models import Cdr
from tronco.calls.services import record_ingest
from tronco.charging.models import Authorization
from tronco.circuits.models import Circuit

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def choose(page: Page, label: str, text: str) -> None:
    """Search and choose in one of the selects that search."""
    box = page.get_by_role("combobox", name=re.compile(label))
    box.click()
    box.press_sequentially(text, delay=20)
    page.get_by_role("option", name=text, exact=False).first.click()


def post(page: Page, direction: str, amount: str, note: str) -> None:
    page.get_by_label(direction, exact=True).check()
    page.get_by_label("Valor", exact=True).fill(amount)
    page.get_by_label("Observação").fill(note)
    page.get_by_role("button", name="Lançar").click()


def test_a_circuit_its_balance_and_a_call(world: World, browser: Browser) -> None:
    make_user(world.master, username="ana")
    page = browser.anonymous()
    page.goto(browser.url("circuits:circuit_list"))
    page.get_by_label("Nome de usuário").fill("ana")
    page.get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()

    # Cadastro › Circuitos: a new one.
    expect(page.get_by_role("heading", name="Circuitos")).to_be_visible()
    page.get_by_role("link", name="Adicionar").first.click()
    choose(page, "Cliente", "Cliente")
    page.get_by_label("Circuito", exact=True).fill("1140010001")
    page.get_by_label("Central", exact=True).select_option(label="node1")
    choose(page, "Plano Nacional", "Varejo prepaid")
    page.get_by_label("Crédito inicial").fill("5,00")
    page.get_by_role("button", name="Salvar & Voltar").click()

    # Its password, once.
    password = page.locator("[data-password]").inner_text()
    assert len(password) == 16
    page.get_by_role("link", name=re.compile("Anotada|continuar", re.I)).click()
    page.get_by_role("link", name="1140010001").click()
    expect(page.get_by_role("heading", name="1140010001")).to_be_visible()
    expect(page.get_by_text(password)).to_have_count(0)
    circuit = Circuit.objects.get(number="1140010001")

    # Histórico de Crédito: a credit, then a debit below zero.
    page.goto(browser.url("circuits:circuit_credit", circuit.pk))
    expect(page.locator("[data-balance]")).to_have_text("R$ 5,00")
    post(page, "Crédito", "10,00", "Recarga")
    expect(page.locator("[data-balance]")).to_have_text("R$ 15,00")
    post(page, "Débito", "20,00", "Estorno")
    expect(page.get_by_text("-R$ 5,00").first).to_be_visible()
    page.get_by_role("button", name="Sim, lançar o débito").click()
    expect(page.locator("[data-balance]")).to_have_text("-R$ 5,00")
    row = page.locator("tbody tr").first
    expect(row).to_contain_text("R$ 15,00")
    expect(row).to_contain_text("-R$ 20,00")
    expect(row).to_contain_text("Estorno")
    expect(row).to_contain_text("Pessoa ana")
    post(page, "Crédito", "30,00", "Acerto")

    # A call, live; then its record and why it cost what it cost.
    call = authorised(world, circuit, at=timezone.now() - timedelta(seconds=65))
    Authorization.objects.update(answered_at=timezone.now() - timedelta(seconds=61))
    page.goto(browser.url("calls:live_list"))
    expect(page.get_by_role("link", name="1140010001")).to_be_visible()
    expect(page.get_by_text("(11) 3333-4444")).to_be_visible()
    record_ingest(ends=[ended(call, world, talks_s=61)])
    expect(page.get_by_text("(11) 3333-4444")).to_have_count(0, timeout=10_000)

    page.goto(browser.url("circuits:circuit_credit", circuit.pk))
    expect(page.locator("[data-balance]")).to_have_text("R$ 24,89")
    page.get_by_role("link", name="(11) 3333-4444").click()
    expect(page).to_have_url(browser.address + call_url(Cdr.objects.get(call_id=call.call_id)))
    story = (
        page.get_by_role("heading", name="Por que custou o que custou").locator("..").locator("..")
    )
    expect(story).to_contain_text("6 × 6 s")
    expect(story).to_contain_text("R$ 0,11")
    expect(story).to_contain_text("R$ 0,033")


def test_another_tenants_page_is_not_found(world: World, browser: Browser) -> None:
    circuit = world.circuit(tenant=world.customer_a)
    call = made(world, circuit)
    page = browser.signed_in(make_user(world.reseller_b))
    for url in (
        browser.url("circuits:circuit_detail", circuit.pk),
        browser.url("circuits:circuit_credit", circuit.pk),
        browser.address + call_url(call),
    ):
        answer = page.goto(url)
        assert answer is not None
        assert answer.status == 404
    # A page that is not found is an error to the console, and here what was wanted.
    assert len(browser.problems) == 3
    browser.problems.clear()


def test_an_open_list_shows_a_phone_come_online(world: World, browser: Browser) -> None:
    from tronco.circuits.models import Registration

    circuit = world.circuit()
    page = browser.signed_in(make_user(world.master))
    page.goto(browser.url("circuits:circuit_list"))
    row = page.locator(f'tr[data-key="{circuit.pk}"]')
    expect(row).to_contain_text("offline")
    Registration.objects.create(
        circuit=circuit, tenant=circuit.tenant, online=True, address="203.0.113.9",
        rtt_us=23_000, changed_at=timezone.now(),
    )  # fmt: skip
    expect(row).to_contain_text("online", timeout=8_000)
    expect(row).to_contain_text("23 ms")
    expect(row).to_contain_text("203.0.113.9")


@pytest.mark.parametrize("width", ["wide", "phone"])
def test_nothing_is_wider_than_the_screen(world: World, browser: Browser, width: str) -> None:
    circuit = world.circuit(tenant=world.customer_a1, balance_u=12_340_000)
    call = made(world, circuit, at=timezone.now() - timedelta(hours=1))
    authorised(world, circuit, at=timezone.now() - timedelta(seconds=9))
    viewport = WIDE if width == "wide" else PHONE
    user = make_user(world.master)
    for dark in (False, True):
        page = browser.signed_in(user, viewport=viewport, dark=dark)
        for name, url in (
            ("home", browser.url("dashboard:home")),
            ("circuits", browser.url("circuits:circuit_list")),
            ("circuit", browser.url("circuits:circuit_detail", circuit.pk)),
            ("credit", browser.url("circuits:circuit_credit", circuit.pk)),
            ("add", browser.url("circuits:circuit_add")),
            ("calls", browser.url("calls:cdr_list")),
            ("call", browser.address + call_url(call)),
            ("live", browser.url("calls:live_list")),
            ("route", browser.url("routing:route_edit", world.route.pk)),
            ("trunks", browser.url("routing:trunk_list")),
            ("centrals", browser.url("centrals:central_list")),
            ("dids", browser.url("dids:did_list")),
        ):
            page.goto(url)
            page.wait_for_load_state("networkidle")
            browser.shot(page, f"{name}-{width}-{'dark' if dark else 'light'}")
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{name} scrolls sideways by {wide} px"
