"""E-mails on their way, over a real socket to a real mail server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from tests.support.smtp import Server, own_mail_server
from tests.support.web import WebClient, administrator
from tests.support.world import World, make_world
from tests.ui.cases import ResourceCase
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tronco.identity.roles import Role
from tronco.mail import services
from tronco.mail.models import Email
from tronco.mail.smtp import Relay, parse_relay
from tronco.mail.tasks import deliver, deliver_due
from tronco.mail.views import Emails
from tronco.runtime.ports import choose_port
from tronco.tenancy.access import SYSTEM

WAV = b"RIFF\x00\x01binary\xff"


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    with own_mail_server(settings) as server:
        yield server


def queued(world: World, **fields: Any) -> Email:
    return services.email_queue(
        **{
            "tenant_id": world.customer_a.pk,
            "kind": Email.Kind.VOICEMAIL,
            "recipient": "ana@cliente.example",
            "subject": "Recado de 11 3333-4444",
            "text": "Olá, há um recado novo.",
            **fields,
        }
    )


def attempt(one: Email, *, after: timedelta = timedelta(seconds=1)) -> Email:
    at = max(datetime.now(UTC), one.next_at or datetime.now(UTC)) + after
    services.email_deliver(email_id=one.pk, at=at)
    one.refresh_from_db()
    return one


def test_a_message_arrives_in_the_seller_s_name_with_its_sound(
    world: World, server: Server
) -> None:
    one = queued(world, attachment=WAV, attachment_name="recado.wav", html="<p>Olá</p>")
    assert one.state == Email.State.QUEUED
    deliver(one.pk)
    one.refresh_from_db()
    assert (one.state, one.attempts, one.error) == (Email.State.SENT, 1, "")
    assert one.sent_at and one.attachment is None and one.attachment_name == "recado.wav"
    [message] = server.taken
    assert message["From"] == "Revenda A <avisos@operadora.example>"
    assert message["To"] == "ana@cliente.example"
    assert message["Subject"] == "Recado de 11 3333-4444"
    assert message["Message-ID"] == f"<tronco-{one.pk}@operadora.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert "há um recado" in message.get_body(("plain",)).get_content()
    assert "<p>Olá</p>" in message.get_body(("html",)).get_content()
    [sound] = message.iter_attachments()
    assert sound.get_filename() == "recado.wav" and sound.get_content_maintype() == "audio"
    assert sound.get_content() == WAV


def test_it_is_sent_once(world: World, server: Server) -> None:
    one = attempt(queued(world))
    attempt(one)
    deliver(one.pk)
    deliver_due(0)
    assert len(server.taken) == 1


def test_a_name_cannot_become_a_header(world: World, server: Server) -> None:
    attempt(queued(world, subject="Oi\r\nBcc: todos@cliente.example"))
    [message] = server.taken
    assert message["Bcc"] is None and message["Subject"] == "Oi Bcc: todos@cliente.example"


def test_an_address_that_is_none_is_refused(world: World) -> None:
    with pytest.raises(InvalidInput) as told:
        queued(world, recipient="ninguém")
    assert told.value.field == "recipient"


def test_a_server_that_is_away_is_tried_again_and_then_given_up(
    world: World, server: Server, settings: Any
) -> None:
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, choose_port()
    one = queued(world)
    for failures, wait in enumerate(services.RETRY_AFTER, start=1):
        before = one.next_at
        attempt(one)
        assert (one.state, one.attempts) == (Email.State.QUEUED, failures)
        assert "refused" in one.error
        assert before and one.next_at and one.next_at - before >= wait
    attempt(one)
    assert (one.state, one.next_at) == (Email.State.FAILED, None)
    settings.EMAIL_PORT = port
    assert attempt(one).state == Email.State.FAILED
    services.email_resend(actor=SYSTEM, email_id=one.pk)
    one.refresh_from_db()
    assert attempt(one).state == Email.State.SENT
    assert len(server.taken) == 1


def test_what_is_not_due_is_not_tried(world: World, server: Server) -> None:
    one = queued(world)
    services.email_deliver(email_id=one.pk, at=one.created_at - timedelta(hours=1))
    assert not server.taken


@pytest.mark.parametrize(
    ("recipient", "data", "state"),
    [
        ("550 no such user", "250 OK", Email.State.FAILED),
        ("451 try later", "250 OK", Email.State.QUEUED),
        ("250 OK", "554 looks like spam", Email.State.FAILED),
        ("250 OK", "452 disk full", Email.State.QUEUED),
    ],
)
def test_a_refusal_is_for_good_or_for_now(
    world: World, server: Server, recipient: str, data: str, state: str
) -> None:
    server.recipient_reply, server.data_reply = recipient, data
    one = attempt(queued(world, attachment=WAV, attachment_name="recado.wav"))
    assert one.state == state
    said = recipient if not recipient.startswith("250") else data
    assert said in one.error or said.replace(" ", ": ", 1) in one.error
    assert one.attachment is not None, "it is kept for another try"


def test_without_a_server_mail_waits_until_there_is_one(
    world: World, server: Server, settings: Any
) -> None:
    host, settings.EMAIL_HOST = settings.EMAIL_HOST, ""
    one = queued(world)
    deliver(one.pk)
    one.refresh_from_db()
    assert (one.state, one.attempts) == (Email.State.QUEUED, 0)
    settings.EMAIL_HOST = host
    assert deliver_due(0) == 1
    assert len(server.taken) == 1


def test_only_a_failed_message_is_sent_again_and_only_by_whom_may(
    world: World, server: Server
) -> None:
    one = queued(world)
    with pytest.raises(Conflict):
        services.email_resend(actor=SYSTEM, email_id=one.pk)
    Email.objects.filter(pk=one.pk).update(state=Email.State.FAILED)
    with pytest.raises(NotFound):
        services.email_resend(actor=world.actor(world.reseller_b), email_id=one.pk)
    with pytest.raises(NotAllowed):
        services.email_resend(actor=world.actor(world.reseller_a, Role.READ_ONLY), email_id=one.pk)
    services.email_resend(actor=world.actor(world.reseller_a), email_id=one.pk)


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("", Relay()),
        ("smtp://relay", Relay("relay", 25)),
        ("smtp+tls://a:b%40c@relay", Relay("relay", 587, "a", "b@c", starttls=True)),
        ("smtps://relay:4650", Relay("relay", 4650, tls=True)),
    ],
)
def test_the_setting_names_the_way_out(url: str, relay: Relay) -> None:
    assert parse_relay(url) == relay


@pytest.mark.parametrize("url", ["relay", "http://relay", "smtp://", "smtp://relay:99999999"])
def test_a_wrong_setting_is_named_with_an_example(url: str) -> None:
    with pytest.raises(InvalidInput, match=r"TRONCO_SMTP_URL must be .*as in smtp"):
        parse_relay(url)


class TestEmails(ResourceCase):
    resource = Emails

    def make(self, world: World, name: str = "Primeiro") -> Email:
        return queued(world, subject=name)

    def test_the_list_shows_what_the_manual_says_and_only_looks(
        self, world: World, client: WebClient
    ) -> None:
        one = self.make(world)
        page = client.get(reverse("mail:email_list")).content.decode()
        for heading in ("De", "Para", "Assunto", "Data/hora", "Status"):
            assert f">{heading}<" in page.replace("\n", "").replace(" <", "<").replace("> ", ">")
        assert "Na fila" in page and "Visualizar" in page
        assert not [url for url in (f"{one.pk}/edit/", f"{one.pk}/delete/", "/add/") if url in page]

    def test_markup_in_a_message_is_shown_as_text(self, world: World, client: WebClient) -> None:
        one = queued(world, text="<script>alert(1)</script>\nlinha 2")
        page = client.get(reverse("mail:email_detail", args=[one.pk])).content.decode()
        assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>linha 2" in page

    def test_a_message_s_html_is_shown_in_a_frame_in_which_nothing_runs(
        self, world: World, client: WebClient
    ) -> None:
        one = queued(world, html="<script>alert(1)</script><p>Olá</p>")
        letter = reverse("mail:email_letter", args=[one.pk])
        page = client.get(reverse("mail:email_detail", args=[one.pk])).content.decode()
        assert f'src="{letter}"' in page and " sandbox " in page and "alert" not in page
        answer = client.get(letter)
        policy = answer["Content-Security-Policy"]
        assert policy.startswith("sandbox;") and "default-src 'none'" in policy
        assert "script-src" not in policy and "frame-ancestors 'self'" in policy
        assert answer["X-Frame-Options"] == "SAMEORIGIN"
        plain = queued(world)
        assert client.get(reverse("mail:email_letter", args=[plain.pk])).status_code == 404

    def test_a_failed_message_is_sent_again_from_its_page(
        self, world: World, client: WebClient
    ) -> None:
        one = self.make(world)
        url = reverse("mail:email_do", args=[one.pk, "resend"])
        assert (
            "resend" not in client.get(reverse("mail:email_detail", args=[one.pk])).content.decode()
        )
        Email.objects.filter(pk=one.pk).update(state=Email.State.FAILED)
        assert url in client.get(reverse("mail:email_detail", args=[one.pk])).content.decode()
        client.post(url)
        one.refresh_from_db()
        assert one.state == Email.State.QUEUED

    def test_a_customer_sees_none(self, world: World) -> None:
        self.make(world)
        url = reverse("mail:email_list")
        assert administrator(world, world.customer_a).get(url).status_code == 404
        assert administrator(world, world.reseller_a).get(url).status_code == 200
