"""Recordings in a browser: heard, sought in, kept; every screen in light, dark and on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.test_accessibility import LOOKS, axe, each_look, findings
from tests.recordings.making import allow, make_recording, make_rule, tone
from tests.support.browser import Browser, browser
from tests.support.web import make_user
from tests.support.world import World, make_world
from tronco.identity.roles import Role
from tronco.recordings import services
from tronco.recordings.models import Listening, Policy, Recording

__all__ = ["axe", "browser"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PLAY = """async (player) => {
  player.muted = true;
  await player.play();
  player.currentTime = 20;
  await new Promise((done) => player.addEventListener("seeked", done, {once: true}));
  while (player.currentTime <= 20) {
    await new Promise((done) => player.addEventListener("timeupdate", done, {once: true}));
  }
  player.pause();
  return [player.currentTime, player.duration];
}"""


@pytest.fixture
def world(transactional_db: None, settings: Any, tmp_path: Path) -> World:
    settings.TRONCO_HOME = tmp_path
    return make_world()


def test_a_recording_is_heard_sought_in_and_kept(world: World, browser: Browser) -> None:
    recording = make_recording(world.circuit(), sound=tone(30))
    services.recordings_compress()
    page = browser.signed_in(make_user(world.customer, Role.CUSTOMER_ADMINISTRATOR))
    page.goto(browser.url("recordings:recording_list"))
    at, lasts = page.locator("audio").evaluate(PLAY)
    assert at > 20 and lasts == pytest.approx(30, abs=0.3)
    assert Listening.objects.filter(recording=recording, downloaded=False).count() == 1
    with page.expect_download() as download:
        page.get_by_role("link", name="Baixar").click()
    assert download.value.suggested_filename.endswith(".mp3")
    page.get_by_role("link", name="20/11/2026").click()
    expect(page.get_by_role("heading", name="Quem ouviu")).to_be_visible()
    page.get_by_role("link", name="Guardar").click()
    page.get_by_label("Motivo").fill("processo 123")
    page.get_by_role("button", name="Guardar").click()
    expect(page.get_by_text("até ser liberada")).to_be_visible()
    assert Recording.objects.get().is_kept


def test_a_customer_says_whom_and_how(world: World, browser: Browser) -> None:
    allow(world.customer)
    line = world.circuit(number="ramal-7")
    page = browser.signed_in(make_user(world.customer, Role.CUSTOMER_ADMINISTRATOR))
    page.goto(browser.url("recordings:recording_list"))
    page.get_by_role("link", name="Quem gravar").click()
    page.get_by_role("link", name="Adicionar").first.click()
    expect(page.locator("#id_queue-ts-control")).to_be_hidden()
    page.locator("[name=target]").select_option("did")
    expect(page.locator("[name=direction]")).to_be_hidden()
    page.locator("[name=target]").select_option("circuit")
    page.locator("#id_circuit-ts-control").fill("ramal")
    page.get_by_role("option", name="ramal-7").click()
    page.locator("[name=direction]").select_option("in")
    page.get_by_role("button", name="Salvar & voltar").click()
    expect(page.get_by_role("link", name="ramal-7")).to_be_visible()
    assert line.recording_rule.direction == "in"
    page.goto(browser.url("recordings:manner"))
    page.get_by_label("avisar os dois lados").uncheck()
    page.get_by_role("button", name="Salvar").click()
    expect(page.get_by_text("Salvo")).to_be_visible()
    assert not Policy.objects.get().announces


def test_no_screen_has_a_serious_finding(world: World, browser: Browser, axe: str) -> None:
    user = make_user(world.customer, Role.CUSTOMER_ADMINISTRATOR)
    line = world.circuit(user=make_user(world.customer, Role.EXTENSION_USER))
    allow(world.customer, max_mb=1, own_listen=True)
    recordings = [make_recording(line, sound=tone(29)) for _ in range(2)]
    Recording.objects.filter(pk=recordings[1].pk).update(is_kept=True)
    rule = make_rule(line)
    actor = user.actor
    services.listening_note(actor=actor, recording=recordings[0], downloaded=True)
    assert line.user is not None
    screens = [
        (user, "list", "recordings:recording_list", ()),
        (user, "page", "recordings:recording_detail", (recordings[0].pk,)),
        (user, "delete", "recordings:recording_delete", (recordings[0].pk,)),
        (user, "rules", "recordings:rule_list", ()),
        (user, "rule", "recordings:rule_add", ()),
        (user, "rule-edit", "recordings:rule_edit", (rule.pk,)),
        (user, "manner", "recordings:manner", ()),
        (line.user, "own", "recordings:own_list", ()),
        (make_user(world.master), "allowance", "recordings:allowance", (world.customer.pk,)),
    ]
    for who, name, url, arguments in screens:
        page = browser.signed_in(who)
        page.goto(browser.url(url, *arguments))
        for look in each_look(page):
            assert findings(page, axe) == [], (name, look)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= LOOKS[look][0]["width"], (name, look)
            browser.shot(page, f"recordings-{name}-{look}")
