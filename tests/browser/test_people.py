"""Customers and users in the hands of people: the invitation, the panel, the file."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.browser.test_accessibility import axe, findings
from tests.identity.making import CHOSEN, address
from tests.support.browser import PHONE, Browser, browser
from tests.support.web import make_user
from tests.support.world import PASSWORD, World, make_world
from tronco.circuits.models import Circuit
from tronco.customers.services import customer_create
from tronco.identity.models import User, Visit
from tronco.identity.roles import Role
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant

__all__ = ["axe", "browser"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
EMAIL = "dona@padaria.example.com.br"


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def choose(page: Page, select: str, text: str) -> None:
    """Search and take one of a select that searches."""
    box = page.locator(f"#{select}-ts-control")
    box.click()
    box.press_sequentially(text)
    page.locator(f"#{select}-ts-dropdown .option", has_text=text).first.click()


def padaria(world: World, **changes: object) -> Tenant:
    facts: dict[str, object] = {
        "parent_id": world.master.pk,
        "name": "Padaria Trigo",
        "email": EMAIL,
        "document": "12ABC34501DE35",
        "city": "Campinas",
        "uf": "SP",
        "plan_id": world.plan(world.master).pk,
    }
    return customer_create(actor=SYSTEM, **{**facts, **changes})  # type: ignore[arg-type]


def test_from_the_form_to_the_customers_own_panel(world: World, browser: Browser) -> None:
    page = browser.signed_in(make_user(world.master, username="ana"))
    page.goto(browser.url("tenancy:customer_add"))
    page.get_by_label("Cliente", exact=True).fill("Padaria Trigo")
    page.get_by_label("Documento (CNPJ ou CPF)").fill("12.ABC.345/01DE-36")
    page.get_by_label("E-mail", exact=True).fill(EMAIL)
    browser.shot(page, "customer-form")
    page.get_by_role("tab", name="Contato").click()
    page.get_by_label("CEP").fill("1310")
    browser.shot(page, "customer-form-contact")
    page.get_by_role("tab", name="Financeiro").click()
    choose(page, "id_plan", "Varejo prepaid")
    browser.shot(page, "customer-form-financial")
    page.get_by_role("button", name="Salvar & Voltar").click()
    # Both mistakes are shown, the first one's tab open.
    expect(page.get_by_text("Os dígitos verificadores estão errados.")).to_be_visible()
    page.get_by_role("tab", name="Contato tem um erro").click()
    expect(page.get_by_text("Oito dígitos, como em 01310-100.")).to_be_visible()
    page.get_by_label("CEP").fill("01310-100")
    page.get_by_role("tab", name="Cadastro").click()
    browser.shot(page, "customer-form-refused")
    page.get_by_label("Documento (CNPJ ou CPF)").fill("12.ABC.345/01DE-35")
    page.get_by_role("button", name="Salvar & Voltar").click()
    page.get_by_role("link", name="Padaria Trigo").click()
    expect(page.get_by_text("convidado", exact=True)).to_be_visible()
    expect(page.locator(".page-title")).to_contain_text("Pendente")
    browser.shot(page, "customer-invited")

    dona = browser.anonymous()
    dona.goto(browser.address + address())
    expect(dona.get_by_role("heading", name="Conclua seu cadastro")).to_be_visible()
    dona.get_by_label("Seu nome").fill("Sônia Arruda")
    dona.get_by_label("Telefone").fill("1135550100")
    dona.get_by_label("Nova senha", exact=True).fill("12345678901")
    dona.get_by_label("Nova senha, de novo").fill("12345678901")
    dona.get_by_role("button", name="Concluir e entrar").click()
    expect(dona.locator(".invalid-feedback").first).to_be_visible()
    for label in ("Nova senha", "Nova senha, de novo"):
        dona.get_by_label(label, exact=True).fill(CHOSEN)
    browser.shot(dona, "registration")
    dona.get_by_role("button", name="Concluir e entrar").click()
    expect(dona.get_by_text("Boas-vindas!")).to_be_visible()
    assert Tenant.objects.get(name="Padaria Trigo").status == "active"

    late = browser.anonymous()
    browser.problems.clear()
    late.goto(browser.address + address())
    expect(late.get_by_role("heading", name="Este link já não vale")).to_be_visible()
    browser.shot(late, "link-over")
    # Chromium notes the 404 of the page itself.
    assert [one for one in browser.problems if "404" not in one] == []
    browser.problems.clear()


def test_into_a_customers_panel_and_out_again(world: World, browser: Browser) -> None:
    customer = padaria(world, status="active", invite=False)
    circuit = world.circuit(tenant=customer)
    user = make_user(world.master, Role.SUPPORT, username="ana")
    page = browser.signed_in(user)
    page.goto(browser.url("tenancy:customer_list"))
    browser.shot(page, "customers")
    page.get_by_role("button", name="Ações de Padaria Trigo").click()
    page.get_by_role("link", name="Painel do usuário").click()
    browser.shot(page, "panel-asked")
    page.get_by_role("button", name="Entrar no painel").click()
    banner = page.get_by_role("region", name="Painel do usuário")
    expect(banner).to_contain_text("Pessoa ana, você está no painel de Padaria Trigo até às ")
    page.goto(browser.url("circuits:circuit_list"))
    expect(page.get_by_role("link", name=circuit.number)).to_be_visible()
    expect(banner).to_be_visible()
    browser.shot(page, "panel")
    page.get_by_role("button", name="Sua conta").click()
    expect(page.get_by_role("link", name="Trocar senha")).to_have_count(0)
    page.keyboard.press("Escape")
    banner.get_by_role("button", name="Sair do painel").click()
    expect(page.get_by_text("Você saiu do painel de Padaria Trigo.")).to_be_visible()
    expect(banner).to_have_count(0)
    page.get_by_role("link", name="Histórico").click()
    expect(page.get_by_text("Visita ao painel").first).to_be_visible()
    browser.shot(page, "panel-history")
    assert Visit.objects.get().ended_at is not None


def test_an_open_page_tells_that_the_visit_is_over(world: World, browser: Browser) -> None:
    customer = padaria(world, status="active", invite=False)
    page = browser.signed_in(make_user(world.master, Role.SUPPORT, username="ana"))
    page.goto(browser.url("tenancy:customer_panel", customer.pk))
    page.get_by_role("button", name="Entrar no painel").click()
    banner = page.get_by_role("region", name="Painel do usuário")
    expect(banner).to_be_visible()
    Visit.objects.update(began_at=timezone.now() - timedelta(hours=3))
    # What the page asks for by itself, sooner.
    page.get_by_role("button", name="Atualizar").click()
    expect(page.get_by_text("Sua visita ao painel do cliente terminou.")).to_be_visible()
    expect(banner).to_have_count(0)


def test_removing_names_what_goes(world: World, browser: Browser) -> None:
    customer = padaria(world)
    world.circuit(tenant=customer)
    page = browser.signed_in(make_user(world.master, username="ana"))
    page.goto(browser.url("tenancy:customer_delete", customer.pk))
    expect(page.get_by_text("Linhas desativadas: 1")).to_be_visible()
    browser.shot(page, "customer-delete")
    page.get_by_label("Digite Padaria Trigo para confirmar").fill("Padaria Trigo")
    page.get_by_role("button", name="Apagar").click()
    expect(page).to_have_url(browser.url("tenancy:customer_list"))
    page.goto(browser.url("tenancy:customer_detail", customer.pk))
    page.get_by_role("link", name="Restaurar").first.click()
    page.get_by_role("button", name="Restaurar").click()
    expect(page.locator(".page-title")).to_contain_text("Inativo")


def test_a_file_with_lines_is_looked_at_first(world: World, browser: Browser) -> None:
    page = browser.signed_in(make_user(world.master, username="ana"))
    page.goto(browser.url("tenancy:customer_import"))
    rows = (
        "cliente;vendido por;e-mail;plano;linha;número\n"
        f"Padaria;Operadora;{EMAIL};#{world.plan(world.master).pk};2001;1133334444\n"
        "Padaria;;;;2002;1133334445\n"
    )
    page.get_by_label("Ou cole as linhas aqui").fill(rows)
    page.get_by_role("button", name="Prévia").click()
    expect(page.get_by_text("1 linha atualizada")).to_be_visible()
    browser.shot(page, "customer-import")
    assert not Circuit.objects.exists()
    page.get_by_role("button", name="Importar 2 linhas").click()
    expect(page.get_by_text("2 linhas importadas.")).to_be_visible()
    assert Circuit.objects.filter(tenant__name="Padaria").count() == 2


def test_a_forgotten_password_and_a_session_ended_from_afar(world: World, browser: Browser) -> None:
    make_user(world.master, username="ana", email="ana@exemplo.com.br")
    desk, phone = browser.anonymous(), browser.anonymous(viewport=PHONE)
    for page in (desk, phone):
        page.goto(browser.url("identity:sign_in") + "?next=/identity/profile/")
        page.get_by_label("Nome de usuário").fill("ana")
        page.get_by_label("Senha").fill(PASSWORD)
        page.get_by_role("button", name="Entrar").click()
        expect(page.get_by_role("heading", name="Perfil")).to_be_visible()
    desk.reload()
    browser.shot(desk, "sessions")
    browser.shot(phone, "sessions-phone")
    desk.get_by_role("button", name="Encerrar sessão").click()
    expect(desk.get_by_text("Sessão encerrada.")).to_be_visible()
    phone.reload()
    expect(phone).to_have_url(re.compile("/identity/sign-in/"))
    browser.shot(phone, "sign-in-phone")
    phone.get_by_role("link", name="Esqueceu sua senha?").click()
    phone.get_by_label("Nome de usuário ou e-mail").fill("ana@exemplo.com.br")
    phone.get_by_role("button", name="Enviar o link").click()
    expect(phone.get_by_text("Se existir um usuário assim")).to_be_visible()
    browser.shot(phone, "forgotten-phone")
    phone.goto(browser.address + address())
    for label in ("Nova senha", "Nova senha, de novo"):
        phone.get_by_label(label, exact=True).fill(CHOSEN)
    phone.get_by_role("button", name="Escolher esta senha").click()
    expect(phone.get_by_text("Boas-vindas!")).to_be_visible()
    assert User.objects.get(username="ana").check_password(CHOSEN)
    desk.reload()
    expect(desk).to_have_url(re.compile("/identity/sign-in/"))


@pytest.mark.parametrize(
    ("phone", "dark"),
    [(False, False), (False, True), (True, False)],
    ids=["desktop", "desktop-dark", "phone"],
)
def test_none_of_these_screens_has_a_serious_finding(
    world: World, browser: Browser, axe: str, phone: bool, dark: bool
) -> None:
    customer = padaria(world)
    look = {"viewport": PHONE if phone else None, "dark": dark}
    found = {}
    stranger = browser.anonymous(**look)  # type: ignore[arg-type]
    for path in (address(), "/identity/forgotten/"):
        stranger.goto(browser.address + path)
        if serious := findings(stranger, axe):
            found[path] = serious
    page = browser.signed_in(make_user(world.master, username="ana"), **look)  # type: ignore[arg-type]
    own = f"/tenancy/customers/{customer.pk}/"
    screens = (
        "/tenancy/customers/add/",
        own,
        f"{own}edit/",
        f"{own}panel/",
        "/identity/users/add/",
    )
    for path in screens:
        page.goto(browser.address + path)
        if serious := findings(page, axe):
            found[path] = serious
    page.goto(f"{browser.address}{own}edit/")
    browser.shot(page, f"customer-edit-{phone}-{dark}")
    page.goto(f"{browser.address}{own}panel/")
    page.get_by_role("button", name="Entrar no painel").click()
    page.get_by_role("region", name="Painel do usuário").wait_for()
    if serious := findings(page, axe):
        found["panel"] = serious
    browser.shot(page, f"panel-{phone}-{dark}")
    assert found == {}
