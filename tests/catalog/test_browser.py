"""The catalogue in a real browser: a price list from a bad file and a good one to a price."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, Browser, browser
from tests.support.web import make_user
from tests.support.world import World
from tronco.catalog.models import Tariff
from tronco.catalog.services import tariff_create

__all__ = ["browser"]
pytestmark = pytest.mark.browser

GOOD = "5511;SÃO PAULO;F;0,10;30;6;3;1\n55119;SÃO PAULO;C;0,30;30;6;3;1\n5521;RIO;F;0,12;30;6;3;1\n"
BAD = GOOD.replace("0,30", "trinta") + "5511;SÃO PAULO;F;0,11;30;6;3;1\n"


def send(page: Page, path: Path) -> None:
    """Choose the file and go on to the preview."""
    page.get_by_label("Arquivo CSV", exact=True).set_input_files(path)
    page.get_by_role("button", name="Continuar").click()


def test_import_with_a_bad_file_then_a_good_one(
    browser: Browser, transactional_db: None, world: World, tmp_path: Path
) -> None:
    actor = world.actor(world.master)
    tariff = tariff_create(actor=actor, tenant_id=world.master.pk, name="Varejo Novo")
    bad, good, none = tmp_path / "ruim.csv", tmp_path / "boa.csv", tmp_path / "planilha.csv"
    bad.write_bytes(BAD.encode("cp1252"))
    good.write_text(GOOD)
    none.write_bytes(b"PK\x03\x04")
    page = browser.signed_in(make_user(world.master))

    page.goto(browser.url("catalog:tariff_detail", tariff.pk))
    page.get_by_role("link", name="Novos preços").click()
    send(page, none)
    expect(page.get_by_text("Isto é uma planilha, não um arquivo CSV")).to_be_visible()
    browser.shot(page, "import-refused")

    send(page, bad)
    expect(page.get_by_text("'trinta' não é um preço")).to_be_visible()
    expect(page.get_by_text(re.compile("dá a 5511 um preço diferente"))).to_have_count(2)
    with page.expect_download() as download:
        page.get_by_role("link", name="Baixar todos os problemas").click()
    assert "trinta" in Path(download.value.path()).read_text("utf-8-sig")
    browser.shot(page, "import-with-errors")
    page.goto(browser.url("catalog:version_delete", tariff.versions.get().pk))
    page.get_by_role("button", name="Apagar").click()
    page.wait_for_url(browser.url("catalog:version_list"))

    page.goto(browser.url("catalog:tariff_prices", tariff.pk))
    send(page, good)
    expect(page.get_by_text("3 preços aproveitados")).to_be_visible()
    browser.shot(page, "import-good")
    page.get_by_role("link", name="Publicar").click()
    browser.shot(page, "publish")
    page.get_by_role("button", name="Publicar").click()
    expect(page.get_by_text("Publicada: Varejo Novo v")).to_be_visible()
    assert Tariff.objects.get(pk=tariff.pk).versions.get().status == "published"


def test_a_price_by_the_hour_is_written_without_json(
    browser: Browser, transactional_db: None, world: World
) -> None:
    actor = world.actor(world.master)
    tariff = tariff_create(actor=actor, tenant_id=world.master.pk, name="Varejo Novo")
    page = browser.signed_in(make_user(world.master))
    page.goto(browser.url("catalog:tariff_prices", tariff.pk))
    page.get_by_label("Nada", exact=True).check()
    page.get_by_role("button", name="Continuar").click()
    page.get_by_role("link", name="Adicionar").click()
    page.get_by_label("Prefixo", exact=True).fill("5511")
    page.get_by_label("é outro em alguns horários").check()
    page.get_by_label("Preço por minuto").first.fill("0,60")
    for _ in range(2):
        page.get_by_role("button", name="Adicionar horário").click()
    night, sunday = page.locator("[data-window-row]").all()
    night.get_by_label("Até").fill("07:00")
    night.get_by_label("Preço por minuto").fill("0,42")
    sunday.get_by_label("Dom").check()
    sunday.get_by_label("Feriados nacionais").check()
    sunday.get_by_label("Preço por minuto").fill("0,40")
    sunday.get_by_role("button", name="Subir").click()
    browser.shot(page, "rate-by-the-hour")
    page.get_by_role("button", name="Salvar", exact=False).first.click()
    page.get_by_role("link", name="5511").click()
    expect(page.get_by_role("cell", name="feriados nacionais")).to_be_visible()
    browser.shot(page, "rate")
    rate = tariff.versions.get().rates.get()
    assert [(w["priority"], w.get("to")) for w in rate.windows or ()] == [
        (2, "24:00:00"),
        (2, "24:00:00"),
        (1, "07:00:00"),
        (0, None),
    ]


def test_what_a_call_costs_on_a_phone(
    browser: Browser, transactional_db: None, world: World
) -> None:
    plan = world.plan(world.master)
    page = browser.signed_in(make_user(world.master), viewport=PHONE)
    page.goto(
        browser.url("catalog:quote")
        + f"?plan={plan.pk}&number=33334444&own_ddd=11&start=2026-11-25T10:00&minutes=1&seconds=1"
    )
    expect(page.locator("#quote .h1")).to_have_text(re.compile("R\\$\\s0,11"))
    browser.shot(page, "quote-phone")
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
