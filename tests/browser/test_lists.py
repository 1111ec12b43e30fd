"""A list in the hands of a person: search, order, columns, selection, live columns."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.support.browser import Browser, browser
from tests.support.web import make_user
from tests.support.world import World, make_world
from tronco.circuits.models import Circuit, Registration
from tronco.identity.models import User
from tronco.tenancy import services
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    world = make_world()
    for name in ("Padaria Pão Quente", "Auto Peças São João", "Mercado Bom Preço"):
        services.tenant_create(actor=SYSTEM, parent_id=world.master.pk, kind="customer", name=name)
    return world


@pytest.fixture
def user(world: World) -> User:
    return make_user(world.master, username="ana")


@pytest.fixture
def page(user: User, browser: Browser) -> Page:
    page = browser.signed_in(user)
    page.goto(browser.url("tenancy:customer_list"))
    return page


def names(page: Page) -> list[str]:
    return page.locator("#list td[data-label=Cliente] a").all_inner_texts()


def test_search_waits_for_the_typing_and_stays_in_the_address(page: Page) -> None:
    page.get_by_role("searchbox", name="Pesquisar").press_sequentially("pao", delay=30)
    expect(page.locator("#list tbody tr")).to_have_count(1)
    assert names(page) == ["Padaria Pão Quente"]
    expect(page).to_have_url(re.compile(r"\?q=pao$"))
    expect(page.locator("#announcement")).to_have_text("1 resultado")
    page.go_back()
    expect(page.locator("#list tbody tr")).to_have_count(7)


def test_order_by_a_heading_keeps_the_search(page: Page) -> None:
    page.get_by_role("searchbox", name="Pesquisar").fill("cliente")
    expect(page.locator("#list tbody tr")).to_have_count(4)
    page.locator("th").get_by_role("link", name="Cliente").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Cliente")
    page.locator("th").get_by_role("link", name="Cliente").click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Cliente")
    assert names(page) == ["Cliente B", "Cliente A1", "Cliente A", "Cliente"]
    expect(page).to_have_url(re.compile("q=cliente"))


def test_filters_show_as_chips_that_can_be_taken_off(world: World, page: Page) -> None:
    Tenant.objects.filter(pk=world.customer_b.pk).update(status="inactive")
    page.get_by_role("button", name="Filtros").click()
    page.locator("#filter-panel").get_by_label("Status").select_option("inactive")
    page.get_by_role("button", name="Aplicar").click()
    expect(page.locator(".chip")).to_contain_text("Inativo")
    assert names(page) == ["Cliente B"]
    page.get_by_role("link", name=re.compile("Remover o filtro")).click()
    expect(page.locator(".chip")).to_have_count(0)


def test_columns_and_their_order_are_remembered(user: User, page: Page) -> None:
    page.get_by_role("button", name="Colunas").click()
    panel = page.locator("#columns-panel")
    panel.get_by_label("Telefone", exact=True).check()
    panel.get_by_label("E-mail", exact=True).uncheck()
    panel.get_by_role("button", name="Mover Status para cima").click()
    panel.get_by_role("button", name="Aplicar").click()
    headings = page.locator("#list th")
    expect(headings.filter(has_text="Telefone")).to_be_visible()
    expect(headings.filter(has_text="E-mail")).to_have_count(0)
    page.reload()
    expect(headings.filter(has_text="Telefone")).to_be_visible()


def test_a_selection_is_changed_with_its_reason(world: World, page: Page) -> None:
    bar = page.locator("[data-bulk-bar]")
    expect(bar).to_be_hidden()
    page.get_by_label("Selecionar Cliente A", exact=True).check()
    page.get_by_label("Selecionar Cliente B", exact=True).check()
    expect(bar).to_contain_text("2 selecionados")
    bar.get_by_role("button", name="Editar").click()
    page.get_by_label("Status", exact=True).select_option("inactive")
    expect(page.get_by_label("Alterar Status")).to_be_checked()  # touching a field ticks it
    page.get_by_label("Motivo").fill("inadimplência")
    page.get_by_role("button", name="Salvar").click()
    expect(page.get_by_text("2 linhas feitas.")).to_be_visible()
    inactive = Tenant.objects.filter(status="inactive").values_list("pk", flat=True)
    assert set(inactive) == {world.customer_a.pk, world.customer_b.pk}
    page.goto(f"{page.url.split('?')[0]}{world.customer_a.pk}/history/")
    expect(page.get_by_text("inadimplência").first).to_be_visible()


def test_a_form_says_what_is_wrong_beside_the_field(world: World, page: Page) -> None:
    page.get_by_role("link", name="Adicionar").click()
    page.get_by_label("Documento").fill("11.111.111/1111-11")
    page.get_by_role("button", name="Salvar & Voltar").click()
    expect(page.locator("#id_name.is-invalid")).to_be_visible()
    expect(page.get_by_text("Os dígitos verificadores estão errados.")).to_be_visible()
    expect(page.get_by_label("Documento")).to_have_value("11.111.111/1111-11")  # nothing is lost


def test_a_select_searches_as_one_types(world: World, page: Page) -> None:
    page.get_by_role("link", name="Adicionar").click()
    page.get_by_label("Cliente", exact=True).fill("Farmácia")
    select = page.locator(".ts-wrapper").first
    select.click()
    select.locator("input").press_sequentially("revenda b", delay=20)
    page.get_by_role("option", name=re.compile("Revenda B")).click()
    page.get_by_role("button", name="Salvar & Voltar").click()
    expect(page.get_by_text("Salvo: Farmácia.")).to_be_visible()
    assert Tenant.objects.get(name="Farmácia").parent == world.reseller_b


def test_what_is_live_refreshes_without_losing_the_selection(
    world: World, user: User, browser: Browser
) -> None:
    circuit = world.circuit(tenant=world.customer_a)
    page = browser.signed_in(user)
    page.goto(browser.url("circuits:circuit_list"))
    page.get_by_label(f"Selecionar {circuit.number}").check()
    status = page.locator('[data-live-cell="state"]')
    expect(status).to_contain_text("offline")
    register(circuit)
    expect(status).to_contain_text("online", timeout=10_000)
    expect(page.get_by_label(f"Selecionar {circuit.number}")).to_be_checked()


def register(circuit: Circuit) -> None:
    """As sipcore does when a phone appears."""
    Registration.objects.update_or_create(
        circuit=circuit,
        defaults={
            "tenant": circuit.tenant,
            "online": True,
            "address": "203.0.113.7",
            "rtt_us": 12_000,
            "changed_at": timezone.now(),
        },
    )
