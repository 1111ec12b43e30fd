"""The demonstration's mail server and its mailbox: taken over a real socket, refused, and read."""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from tests.support.web import WebClient, administrator, make_user, signed_in
from tests.support.world import World, make_world
from tronco.core.errors import NotFound
from tronco.demo import letters
from tronco.demo.mail_server import ADDRESS, reply_to
from tronco.identity.roles import Role
from tronco.mail import services
from tronco.mail.models import Email
from tronco.runtime.paths import CHECKOUT
from tronco.runtime.ports import choose_port

SAMPLE = 1_700_000_000_000_000_000


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def place(settings: Any, tmp_path: Path) -> Path:
    settings.TRONCO_DEMO_MAILBOX = str(tmp_path)
    return tmp_path


@pytest.fixture
def server(settings: Any, place: Path) -> Iterator[Path]:
    """The server in its own process, to which the product's settings lead."""
    port = choose_port()
    argv = [sys.executable, "-m", "tronco.demo.mail_server", str(place), "--port", str(port)]
    process = subprocess.Popen(argv, cwd=CHECKOUT)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                smtplib.SMTP(ADDRESS, port, timeout=5).close()
                break
            except OSError:
                assert time.monotonic() < deadline and process.poll() is None
                time.sleep(0.05)
        settings.EMAIL_HOST, settings.EMAIL_PORT = ADDRESS, port
        yield place
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def sent_to(world: World, recipient: str) -> Email:
    email = services.email_queue(
        tenant_id=world.customer_a.pk, kind="voicemail", recipient=recipient,
        subject="Recado de José", text="Olá", html="<p>Olá</p>",
        attachment=b"RIFF", attachment_name="recado.wav",
    )  # fmt: skip
    services.email_deliver(email_id=email.pk, at=datetime.now(UTC) + timedelta(seconds=1))
    email.refresh_from_db()
    return email


@pytest.mark.parametrize(
    ("recipient", "state", "words"),
    [
        ("ana@padaria.example.com.br", "sent", ""),
        ("cheia@padaria.example.com.br", "failed", "552 5.2.2 Mailbox full"),
        ("ana@padaria.invalid", "failed", "550 5.1.2 Unknown domain"),
        ("adiada@padaria.example.com.br", "queued", "451 4.7.1 Try again later"),
    ],
)
def test_what_the_product_sends_arrives_or_is_refused(
    world: World, server: Path, recipient: str, state: str, words: str
) -> None:
    email = sent_to(world, recipient)
    assert email.state == state and words in email.error
    found = [letters.get_letter(server, key) for key in letters.list_keys(server)]
    assert [letter.recipient for letter in found] == ([recipient] if state == "sent" else [])
    for letter in found:
        assert letter.subject == "Recado de José" and "<p>Olá</p>" in letter.html
        assert letter.attachments == [letters.Attachment("recado.wav", b"RIFF")]
        assert abs(letter.at - datetime.now(UTC)) < timedelta(minutes=1)


def test_names_are_compared_without_their_case() -> None:
    assert reply_to("CHEIA@Padaria.example").startswith("552")
    assert reply_to("ana@PADARIA.INVALID").startswith("550")
    assert reply_to("cheia.demais@padaria.example") == "250 OK"


def test_the_oldest_go(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "MOST_LETTERS", 3)
    keys = [letters.letter_keep(place, f"Subject: {n}\n\n".encode()) for n in range(5)]
    heads = letters.list_heads(place, letters.list_keys(place))
    assert [letter.subject for letter in heads] == ["4", "3", "2"]
    assert len(list(place.iterdir())) == 3
    assert {path.stat().st_mode & 0o777 for path in place.iterdir()} == {0o600}
    for gone in (keys[0], -1, 10**400):
        with pytest.raises(NotFound):
            letters.get_letter(place, gone)


def test_a_list_does_not_read_what_came_along(world: World, server: Path) -> None:
    sound = bytes(range(256)) * 4000
    email = services.email_queue(
        tenant_id=world.customer_a.pk, kind="voicemail", recipient="ana@padaria.example",
        subject="Recado", text="Olá", html="<p>Olá</p>", attachment=sound,
        attachment_name="recado.wav",
    )  # fmt: skip
    services.email_deliver(email_id=email.pk, at=datetime.now(UTC) + timedelta(seconds=1))
    [head] = letters.list_heads(server, letters.list_keys(server, words="olá"))
    assert head.has_attachment and head.text.strip() == "Olá"
    assert len(head.attachments[0].data) < letters.HEAD_BYTES
    assert letters.get_letter(server, head.key).attachments[0].data == sound


def test_it_is_searched_read_and_kept(world: World) -> None:
    """The letter of tests/demo/letters."""
    client = administrator(world)
    url = reverse("demo:letters")
    assert "Recado de José" in client.get(url).content.decode()
    assert "Recado de José" in client.get(url, {"q": "ouvir"}).content.decode()
    empty = client.get(url, {"q": "nada disso"}, headers={"HX-Request": "true"})
    assert "<html" not in empty.content.decode() and "Recado" not in empty.content.decode()
    page = client.get(reverse("demo:letter", args=[SAMPLE])).content.decode()
    assert "contato@padaria.example.com.br" in page and "recado.wav" in page
    assert 'href="https://voz.example/ouvir"' in page
    file = client.get(reverse("demo:letter_attachment", args=[SAMPLE, 0]))
    assert file.content.startswith(b"RIFF") and file["Content-Type"] == "application/octet-stream"
    assert file["Content-Disposition"] == 'attachment; filename="recado.wav"'
    assert client.get(reverse("demo:letter_attachment", args=[SAMPLE, 1])).status_code == 404
    assert client.get(reverse("demo:letter", args=[10**30])).status_code == 404


def test_nothing_in_it_runs_or_is_loaded_but_links_open(world: World) -> None:
    answer = administrator(world).get(reverse("demo:letter_html", args=[SAMPLE]))
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'n")
    assert "script-src" not in policy and "allow-scripts" not in policy
    html = answer.content.decode()
    assert '<base target="_blank">' in html and 'src="data:image/png;base64,iVBOR' in html


def test_an_empty_mailbox_says_what_to_do(world: World, place: Path) -> None:
    assert (
        "Nenhum e-mail ainda" in administrator(world).get(reverse("demo:letters")).content.decode()
    )


@pytest.mark.parametrize(
    ("who", "role", "status"),
    [
        ("master", Role.ADMINISTRATOR, 200),
        ("master", Role.SUPPORT, 403),
        ("master", Role.READ_ONLY, 403),
        ("reseller_a", Role.ADMINISTRATOR, 404),
        ("customer_a", Role.CUSTOMER_ADMINISTRATOR, 404),
    ],
)
def test_letters_with_links_that_sign_in_are_the_administrator_s(
    world: World, who: str, role: Role, status: int
) -> None:
    client: WebClient = signed_in(make_user(getattr(world, who), role))
    for name, args in (("letters", []), ("letter", [SAMPLE]), ("letter_html", [SAMPLE])):
        assert client.get(reverse(f"demo:{name}", args=args)).status_code == status


def test_outside_of_the_demonstration_there_is_none() -> None:
    """Neither address nor menu entry, in the settings that `tronco up` alone makes."""
    code = (
        "import django; django.setup()\n"
        "from django.urls import get_resolver, reverse\n"
        "from config.menu import MENU\n"
        "reverse('mail:email_list')\n"
        "assert 'demo' not in get_resolver().namespace_dict\n"
        "assert not [i for s in MENU for i in s.items if i.permission.startswith('demo.')]\n"
    )
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": "postgresql://nobody:nothing@127.0.0.1:9/none",
        "TRONCO_SECRET_KEY": "only-for-tests",
    }
    environment.pop("TRONCO_DEMO_MAILBOX", None)
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=CHECKOUT, check=True)
