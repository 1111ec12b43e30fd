"""The telephone in the page: Chromium calls and is called through a real Asterisk, and is heard."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import struct
import threading
import time
import wave
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, make_password
from django.db import connections
from playwright.sync_api import Page, expect, sync_playwright

from tests.asterisk.conftest import Town
from tests.support.asterisk import wait_until
from tests.support.web import make_user
from tests.support.world import PASSWORD
from tronco.calls.models import Cdr
from tronco.centrals.models import Central
from tronco.charging.models import LedgerEntry
from tronco.charging.services import ledger_post
from tronco.circuits.models import Circuit, PagePhone
from tronco.demo.agent import Account, Agent
from tronco.demo.call import Call
from tronco.identity.models import User
from tronco.identity.roles import Role
from tronco.runtime.assets import fetch_assets
from tronco.runtime.ports import choose_port
from tronco.runtime.tools import CHROMIUM, tool_path
from tronco.sipcore.outside import own_address
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.rls import WEB_ROLE

pytestmark = [pytest.mark.asterisk, pytest.mark.browser]
HERS_HZ, THEIRS_HZ = 700.0, 1100.0
SEEN_PAGE, SEEN_SWITCH = "198.51.100.77", "203.0.113.7"
WATCH = """
  window.made = [];
  const Plain = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Plain {
    constructor(...options) { super(...options); window.made.push(this); }
  };
"""
# The strongest frequency that the page hears now, in Hz.
HEARS = """async () => {
  const context = new AudioContext();
  const ears = context.createAnalyser();
  ears.fftSize = 8192;
  context.createMediaStreamSource(document.querySelector("[data-audio]").srcObject).connect(ears);
  await new Promise(done => setTimeout(done, 600));
  const found = new Float32Array(ears.frequencyBinCount);
  ears.getFloatFrequencyData(found);
  const best = found.indexOf(Math.max(...found));
  const hz = found[best] > -60 ? best * context.sampleRate / ears.fftSize : 0;
  context.close();
  return hz;
}"""


@pytest.fixture(scope="module")
def stun() -> Iterator[str]:
    """The operator's STUN server, at this machine's own address: browsers ask from no other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((own_address("198.51.100.1"), 0))

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    request, whose = server.recvfrom(2048)
                    server.sendto(stun_answer(request), whose)

        threading.Thread(target=serve, daemon=True).start()
        host, port = server.getsockname()
        yield f"{host}:{port}"


@pytest.fixture(scope="module")
def site(town: Town, stun: str) -> Iterator[str]:
    """The real web process over the exchange's database."""
    port = choose_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRONCO_STUN", stun)
        patch.setenv("TRONCO_ASSETS", str(fetch_assets()))
        patch.setenv("TRONCO_DB_ROLE", WEB_ROLE)
        process = town.exchange.spawn(
            "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4"
        )
    try:
        wait_until(lambda: serves(port), "the site answers", timeout_s=30)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(15)


def serves(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("HEAD", "/", headers={"Host": "localhost"})
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()


@pytest.fixture
def chromium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A browser whose microphone hears a steady tone."""
    voice = tmp_path / "voice.wav"
    samples = (9000 * np.sin(2 * np.pi * HERS_HZ * np.arange(48_000) / 48_000)).astype("<i2")
    with wave.open(str(voice), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=tool_path(CHROMIUM),
            args=[
                "--no-sandbox",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                f"--use-file-for-fake-audio-capture={voice}",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        yield browser
        browser.close()
        # Beside an event loop, Django gave this thread a second connection.
        connections.close_all()


@pytest.fixture
def line(town: Town) -> Circuit:
    """A circuit somebody uses."""
    user = make_user(
        town.world.customer, Role.EXTENSION_USER, username=f"ramal-{time.monotonic_ns()}"
    )
    # As the real site keeps it, not as tests do.
    user.password = make_password(PASSWORD, hasher=Argon2PasswordHasher())
    user.save(update_fields=["password"])
    return town.world.circuit(user=user)


def open_phone(chromium: Any, site: str, user: User, *, watch: bool = False) -> Page:
    """Sign in, and wait until its telephone is ready; `watch`: `made` has the connections."""
    page: Page = chromium.new_context(locale="pt-BR").new_page()
    if watch:
        page.add_init_script(WATCH)
    page.set_default_timeout(20_000)
    page.goto(f"{site}/circuits/phone/")
    page.get_by_label("Nome de usuário").fill(user.username)
    page.get_by_label("Senha").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()
    expect(page.locator("[data-status]")).to_have_text("Pronto", timeout=20_000)
    return page


def heard_hz(call: Call) -> float:
    assert call.audio is not None
    return float(np.median([sound.hz for sound in call.audio.sounds[-25:]] or [0]))


def test_she_calls_is_heard_presses_keys_and_is_charged(
    town: Town, site: str, chromium: Any, line: Circuit
) -> None:
    async def speak(call: Call) -> None:
        call.ring()
        await asyncio.sleep(0.3)
        await call.accept(tone_hz=THEIRS_HZ)

    town.carrier.by_number["551133334444"] = speak
    assert line.user is not None
    page = open_phone(chromium, site, line.user)
    wait_until(lambda: is_online(line), "the list shows the extension online")
    page.get_by_label("Número ou ramal").fill("1133334444")
    page.keyboard.press("Enter")
    status = page.locator("[data-status]")
    expect(status).to_have_text("Em ligação com (11) 3333-4444")
    (call,) = town.carrier.calls
    wait_until(lambda: abs(heard_hz(call) - HERS_HZ) < 60, "the carrier hears her")
    wait_until(lambda: abs(page.evaluate(HEARS) - THEIRS_HZ) < 60, "she hears the carrier")

    page.get_by_role("button", name="5", exact=True).click()
    page.get_by_role("button", name="Desligar", exact=True).focus()
    page.keyboard.press("#")
    wait_until(lambda: call.audio is not None and call.audio.digits == "5#", "the keys arrive")

    page.get_by_role("button", name="Silenciar").click()
    expect(status).to_have_text("Em ligação com (11) 3333-4444 · Microfone desligado")
    assert call.audio is not None
    time.sleep(0.5)
    before = len(call.audio.sounds)
    time.sleep(0.6)
    assert len(call.audio.sounds) - before < 5
    page.get_by_role("button", name="Reativar").click()
    sounds = call.audio.sounds
    wait_until(lambda: len(sounds) > before + 20, "she is heard again")

    page.get_by_role("button", name="Espera").click()
    expect(status).to_have_text("(11) 3333-4444 está em espera")
    page.get_by_role("button", name="Retomar").click()
    expect(status).to_have_text("Em ligação com (11) 3333-4444")

    page.get_by_role("button", name="Desligar", exact=True).click()
    expect(status).to_have_text("Ligação encerrada")
    wait_until(Cdr.objects.filter(circuit=line).exists, "the call is on record")
    record = Cdr.objects.get(circuit=line)
    assert (record.outcome, record.called) == ("answered", "+551133334444")
    # 30 s at R$ 0,10 a minute.
    assert (record.price_u, record.billed_ms) == (50_000, 30_000)
    entry = LedgerEntry.objects.get(account=line.account, kind="call")
    assert entry.amount_u == -50_000


def test_both_sides_tell_under_which_addresses_others_see_them(
    town: Town, site: str, chromium: Any, line: Circuit
) -> None:
    """She, what the operator's STUN server sees; the switch, what its central's screen says."""
    central = Central.objects.filter(pk=town.world.central.pk)
    assert line.user is not None
    page = open_phone(chromium, site, line.user, watch=True)
    central.update(external_address=SEEN_SWITCH)
    wait_until(lambda: SEEN_SWITCH in told_of(town, "pjsip show transport udp"), "it is known")
    page.get_by_label("Número ou ramal").fill("1133334444")
    page.keyboard.press("Enter")
    expect(page.locator("[data-status]")).to_have_text("Em ligação com (11) 3333-4444")
    hers, theirs = page.evaluate(
        "() => [made.at(-1).localDescription.sdp, made.at(-1).remoteDescription.sdp]"
    )
    assert f" {SEEN_PAGE} " in hers
    assert f" {SEEN_SWITCH} " in theirs
    page.get_by_role("button", name="Desligar", exact=True).click()
    central.update(external_address=None)
    wait_until(lambda: SEEN_SWITCH not in told_of(town, "pjsip show transport udp"), "it is gone")


def told_of(town: Town, what: str) -> str:
    return town.exchange.node.rx(what)


def stun_answer(request: bytes) -> bytes:
    """Of a server (RFC 8489) to which everybody seems to come from SEEN_PAGE."""
    port, address = 40_000 ^ 0x2112, int(ip_address(SEEN_PAGE)) ^ 0x2112A442
    mapped = struct.pack("!HHBBHI", 0x0020, 8, 0, 1, port, address)
    return struct.pack("!HH", 0x0101, len(mapped)) + request[4:20] + mapped


def test_a_call_rings_the_telephone_and_the_page(
    town: Town, site: str, chromium: Any, line: Circuit
) -> None:
    rung: list[Call] = []

    async def let_ring(call: Call) -> None:
        call.ring()
        rung.append(call)

    town.stage.phone(line, on_call=let_ring)
    colleague = town.stage.phone(town.world.circuit())
    assert line.user is not None
    page = open_phone(chromium, site, line.user)

    call = town.stage.play(colleague.call(line.number, tone_hz=THEIRS_HZ))
    expect(page.get_by_role("alertdialog")).to_be_visible()
    expect(page.get_by_role("button", name="Atender")).to_be_focused()
    assert len(rung) == 1
    page.keyboard.press("Enter")
    assert town.stage.play(call.wait_answered())
    wait_until(lambda: abs(heard_hz(call) - HERS_HZ) < 60, "the colleague hears her")
    wait_until(lambda: abs(page.evaluate(HEARS) - THEIRS_HZ) < 60, "she hears the colleague")
    wait_until(lambda: rung[0].ended_at is not None, "the telephone stops ringing")
    town.stage.play(call.hang_up())
    expect(page.locator("[data-status]")).to_have_text("Ligação encerrada")


def test_without_credit_she_is_told(town: Town, site: str, chromium: Any, line: Circuit) -> None:
    line.account.refresh_from_db()
    left_u = line.account.balance_u
    ledger_post(
        actor=SYSTEM, account_id=line.account_id, kind="debit", amount_u=-left_u, key="empty"
    )
    assert line.user is not None
    page = open_phone(chromium, site, line.user)
    page.get_by_label("Número ou ramal").fill("1133334444")
    page.get_by_role("button", name="Ligar", exact=True).click()
    expect(page.locator("[data-status]")).to_have_text("Sem crédito para esta ligação")


def test_who_signed_out_or_was_closed_out_cannot_register(
    town: Town, site: str, chromium: Any, line: Circuit
) -> None:
    """With the very name and password that the page had; and never as another."""
    assert line.user is not None
    page = open_phone(chromium, site, line.user)
    given = page.evaluate(
        """async () => {
          const place = document.querySelector("[data-phone]");
          const body = new FormData();
          const token = "csrfmiddlewaretoken";
          body.append(token, place.querySelector(`[name=${token}]`).value);
          return (await fetch(place.dataset.open, {method: "POST", body})).json();
        }"""
    )
    other = town.world.circuit()

    def register(name: str, to: str = "") -> int:
        agent = Agent(town.exchange.server, Account(name, given["password"]))
        town.stage.play(agent.open())
        try:
            return town.stage.play(agent.register())
        finally:
            town.stage.play(agent.close())

    assert register(given["name"]) == 200
    assert register(other.number) == 401
    assert register(f"web~{other.number}~{given['name'].rpartition('~')[2]}") == 401
    page.get_by_role("button", name="Pessoa").click()
    page.get_by_role("button", name="Sair").click()
    expect(page.get_by_label("Senha")).to_be_visible()
    assert not PagePhone.objects.filter(circuit=line).exists()
    wait_until(lambda: register(given["name"]) == 401, "the switch has forgotten it")


def is_online(line: Circuit) -> bool:
    return bool(Circuit.objects.get(pk=line.pk).is_online)
