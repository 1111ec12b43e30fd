"""Signing in as people do it."""

from __future__ import annotations

import re
import time

import pytest
from django_otp.oath import TOTP
from playwright.sync_api import Page, expect

from tests.support.browser import Browser, browser
from tests.support.web import make_user
from tests.support.world import PASSWORD, World, make_world
from tronco.identity.models import Authenticator

__all__ = ["browser"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(transactional_db: None) -> World:
    return make_world()


def sign_in(browser: Browser, page: Page, username: str, password: str) -> None:
    page.goto(browser.url("identity:sign_in") + "?next=/identity/profile/")
    page.get_by_label("Nome de usuário").fill(username)
    page.get_by_label("Senha").fill(password)
    page.get_by_role("button", name="Entrar").click()


def code_of(device: Authenticator, *, ahead: int = 0) -> str:
    totp = TOTP(device.secret)
    totp.time = time.time() + ahead
    return f"{totp.token():06}"


def test_in_and_out(world: World, browser: Browser) -> None:
    make_user(world.master, username="ana")
    page = browser.anonymous()
    page.goto(browser.url("tenancy:customer_list"))
    expect(page).to_have_url(re.compile("/identity/sign-in/"))
    sign_in(browser, page, "ANA", PASSWORD)
    expect(page.get_by_role("heading", name="Perfil")).to_be_visible()
    page.get_by_role("button", name="Sua conta").click()
    page.get_by_role("button", name="Sair").click()
    expect(page).to_have_url(re.compile("/identity/sign-in/"))
    page.go_back()
    page.reload()
    expect(page).to_have_url(re.compile("/identity/sign-in/"))


def test_five_wrong_passwords_lock_even_the_right_one_out(world: World, browser: Browser) -> None:
    make_user(world.master, username="ana")
    page = browser.anonymous()
    for name in ("ana", "Ana", "ANA", "ana"):
        sign_in(browser, page, name, "errada")
        expect(page.get_by_role("alert")).to_contain_text("incorretos")
    sign_in(browser, page, "ana", "errada")
    expect(page.get_by_role("heading", name="Acesso bloqueado")).to_be_visible()
    sign_in(browser, page, "ana", PASSWORD)
    expect(page.get_by_role("heading", name="Acesso bloqueado")).to_be_visible()


def test_a_second_factor_from_enrolment_to_recovery(world: World, browser: Browser) -> None:
    user = make_user(world.master, username="ana")
    page = browser.signed_in(user)
    page.goto(browser.url("identity:second_factor"))
    page.get_by_role("button", name="Começar").click()
    expect(page.get_by_role("img", name=re.compile("QR"))).to_be_visible()
    device = Authenticator.objects.get(user=user)
    page.get_by_label("Código", exact=True).fill("000000")
    page.get_by_role("button", name="Ligar").click()
    expect(page.locator(".invalid-feedback")).to_contain_text("não confere")
    # A wrong code makes the next one wait.
    Authenticator.objects.update(throttling_failure_count=0)
    page.get_by_label("Código", exact=True).fill(code_of(device))
    page.get_by_role("button", name="Ligar").click()
    listed = page.locator(".recovery-codes li")
    expect(listed).to_have_count(10)
    codes = listed.all_inner_texts()

    other = browser.anonymous()
    sign_in(browser, other, "ana", PASSWORD)
    expect(other.get_by_role("heading", name="Segundo fator")).to_be_visible()
    other.goto(browser.url("tenancy:customer_list"))
    expect(other).to_have_url(re.compile("/identity/sign-in/"))  # the password alone is not enough
    sign_in(browser, other, "ana", PASSWORD)
    other.get_by_label("Código").fill(codes[0].upper())
    other.get_by_role("button", name="Entrar").click()
    expect(other.get_by_role("heading", name="Perfil")).to_be_visible()

    third = browser.anonymous()
    sign_in(browser, third, "ana", PASSWORD)
    third.get_by_label("Código").fill(codes[0])
    third.get_by_role("button", name="Entrar").click()
    expect(third.locator(".invalid-feedback")).to_be_visible()  # each is good for once


def test_a_given_password_must_be_changed_before_anything_else(
    world: World, browser: Browser
) -> None:
    make_user(world.master, username="ana", must_change_password=True)
    page = browser.anonymous()
    sign_in(browser, page, "ana", PASSWORD)
    expect(page).to_have_url(re.compile("/identity/password/"))
    page.goto(browser.url("tenancy:customer_list"))
    expect(page).to_have_url(re.compile("/identity/password/"))
    page.get_by_label("Senha atual").fill(PASSWORD)
    page.get_by_label("Nova senha", exact=True).fill("12345678901")
    page.get_by_label("Nova senha, de novo").fill("12345678901")
    page.get_by_role("button", name="Trocar senha").click()
    expect(page.locator(".invalid-feedback").first).to_be_visible()
    for label, text in (
        ("Senha atual", PASSWORD),
        ("Nova senha", "girafa-azul-77"),
        ("Nova senha, de novo", "girafa-azul-77"),
    ):
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_role("button", name="Trocar senha").click()
    expect(page.get_by_text("Sua senha foi trocada.")).to_be_visible()
    page.goto(browser.url("tenancy:customer_list"))
    expect(page.get_by_role("heading", name="Clientes")).to_be_visible()
