"""What e-mails say: the nearest seller's words, their places, and that nothing in them runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import translation

from tests.support.smtp import Server, own_mail_server
from tests.support.web import WebClient, administrator
from tests.support.world import World, make_tenant, make_world
from tests.ui.cases import ResourceCase
from tronco.core.errors import Conflict, InvalidInput
from tronco.mail import services, setup_services
from tronco.mail.kinds import KINDS
from tronco.mail.models import Email, Language, Notices, Template
from tronco.mail.setup_views import CustomerNotices, Templates
from tronco.mail.texts import check_text, fill
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant

PLACES = ("customer", "caller")


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def server(settings: Any) -> Iterator[Server]:
    with own_mail_server(settings) as server:
        yield server


def template(seller: Tenant, subject: str, **fields: Any) -> Template:
    values = {"kind": "missed_call", "language": "pt-br", "text": "{caller}", **fields}
    return setup_services.template_create(
        actor=SYSTEM, tenant_id=seller.pk, subject=subject, **values
    )


def told(tenant: Tenant, **options: Any) -> Email:
    facts = {"caller": "(11) 98888-7777", "line": "1133334444", "at": "20/11/2026 12:30"}
    email = services.notice_queue(
        tenant_id=tenant.pk,
        kind=options.pop("kind", "missed_call"),
        facts=options.pop("facts", facts),
        recipient="ana@cliente.example",
        **options,
    )
    assert email is not None
    return email


# Places.


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Olá, {customer}: {caller} ligou", ""),
        ("R$ 10 e 5% de {customer}", ""),
        ("{nobody}", "unknown-place"),
        ("{customer.__class__.__mro__}", "unknown-place"),
        ("{customer!r:>99999999}", "unknown-place"),
        ("{0}", "unknown-place"),
        ("{}", "unknown-place"),
        ("{{ customer }}", "unknown-place"),
        ("{% load static %}", "unknown-place"),
        ("{customer", "lone-brace"),
        ("customer}", "lone-brace"),
        ("{{customer}}", "lone-brace"),
        ("${customer}", ""),
        ("%(customer)s", ""),
    ],
)
def test_a_text_has_places_and_nothing_else(text: str, code: str) -> None:
    if not code:
        check_text(text, PLACES, field="subject")
        return
    with pytest.raises(InvalidInput) as refused:
        check_text(text, PLACES, field="subject")
    assert (refused.value.code, refused.value.field) == (code, "subject")


def test_a_fact_is_put_in_once_and_never_looked_at() -> None:
    assert fill("{a} {b}", {"a": "{b}", "b": "{a.__class__}"}) == "{b} {a.__class__}"


@pytest.mark.parametrize("language", Language.values)
@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_the_product_s_own_words_have_only_places_that_are_there(kind: Any, language: str) -> None:
    with translation.override(language):
        for text in (kind.subject, kind.text):
            check_text(str(text), kind.places, field="text")
    with translation.override("en"):
        english = str(kind.text)
    with translation.override("pt-br"):
        assert str(kind.text) != english, "both languages have their own"


# Whose words.


@pytest.mark.parametrize(
    ("written_by", "says"),
    [
        ((), "(11) 98888-7777 te ligou"),
        (("master",), "master"),
        (("master", "reseller_a"), "reseller_a"),
        (("master", "reseller_a", "reseller_a1"), "reseller_a1"),
        (("reseller_b",), "(11) 98888-7777 te ligou"),
    ],
)
def test_the_nearest_seller_s_words_count(
    world: World, written_by: tuple[str, ...], says: str
) -> None:
    for name in written_by:
        template(getattr(world, name), name)
    assert told(world.customer_a1).subject == says


def test_a_language_is_the_customer_s_or_the_reader_s(world: World) -> None:
    template(world.reseller_a, "Ligaram")
    assert told(world.customer_a).subject == "Ligaram"
    assert told(world.customer_a, language="en").subject == "(11) 98888-7777 called you"
    Notices.objects.create(tenant=world.customer_a, language="en")
    assert told(world.customer_a).subject == "(11) 98888-7777 called you"


def test_one_reference_is_told_once(world: World) -> None:
    told(world.customer_a, reference="call-1")
    again = services.notice_queue(
        tenant_id=world.customer_a.pk,
        kind="missed_call",
        facts={},
        recipient="ana@cliente.example",
        reference="call-1",
    )
    assert again is None and Email.objects.count() == 1


def test_it_goes_where_the_customer_wants(world: World) -> None:
    def recipient() -> str:
        email = services.notice_queue(tenant_id=world.customer_a.pk, kind="blocked", facts={})
        return email.recipient if email else ""

    assert recipient() == ""
    Tenant.objects.filter(pk=world.customer_a.pk).update(email="cadastro@a.example")
    assert recipient() == "cadastro@a.example"
    Notices.objects.create(tenant=world.customer_a, address="avisos@a.example")
    assert recipient() == "avisos@a.example"


def test_one_template_a_kind_and_language(world: World) -> None:
    template(world.reseller_a, "Um")
    with pytest.raises((Conflict, InvalidInput)):
        template(world.reseller_a, "Dois")
    with pytest.raises(InvalidInput, match="cliente"):
        template(world.customer_a, "Cliente não vende")


# What arrives.


@pytest.mark.parametrize("language", Language.values)
@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_arrives(world: World, server: Server, kind: Any, language: str) -> None:
    facts = kind.examples()
    one = told(world.customer_a, kind=kind.name, facts=facts, language=language)
    services.email_deliver(email_id=one.pk, at=datetime.now(UTC) + timedelta(seconds=1))
    [message] = server.taken
    plain = message.get_body(("plain",)).get_content()
    html = message.get_body(("html",)).get_content()
    with translation.override(language):
        own = {**facts, "customer": "Cliente A", "seller": "Revenda A"}
        assert message["Subject"] == fill(str(kind.subject), own)
        assert fill(str(kind.text), own).split() == plain.split()
    assert "{" not in plain and "Revenda A" in html and message["From"].startswith("Revenda A <")


@pytest.mark.parametrize(
    ("language", "subject"),
    [("pt-br", "Teste do servidor de e-mail"), ("en", "Test of the mail server")],
)
def test_a_test_arrives(world: World, server: Server, language: str, subject: str) -> None:
    one = setup_services.server_create(
        actor=SYSTEM, tenant_id=world.master.pk, host="127.0.0.1", port=server.port,
        security="none", sender="avisos@operadora.example",
    )  # fmt: skip
    with translation.override(language):
        services.server_test(actor=SYSTEM, server_id=one.pk, recipient="ana@cliente.example")
    [message] = server.taken
    assert message["Subject"] == subject and "127.0.0.1" in message.get_content()


def test_every_kind_there_is_has_arrived_above() -> None:
    assert set(Email.Kind.values) == {*KINDS, "test"}


def test_nothing_of_a_text_or_of_a_fact_is_markup(world: World) -> None:
    template(world.reseller_a, "x", text="<script>alert(1)</script> {caller} <b>")
    html = told(world.customer_a, facts={"caller": "<img src=x onerror=alert(2)>"}).html
    assert "<script" not in html and "<img" not in html and "<b>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    for link in ("javascript:alert(1)", "data:text/html,x"):
        assert f'href="{link[:5]}' not in told(world.customer_a, facts={"caller": link}).html


def test_a_link_that_signs_in_is_not_in_the_log(world: World, server: Server) -> None:
    link = "https://voz.example/identity/link/segredo-xyz"
    facts = {**KINDS["password"].examples(), "link": link}
    one = told(world.customer_a, kind="password", facts=facts)
    kept = str(Email.objects.filter(pk=one.pk).values().get())
    assert "segredo" not in kept and "{link}" in one.text
    services.email_deliver(email_id=one.pk, at=datetime.now(UTC) + timedelta(seconds=1))
    [message] = server.taken
    assert link in message.get_body(("plain",)).get_content()
    assert f'href="{link}"' in message.get_body(("html",)).get_content()
    one.refresh_from_db()
    assert not one.hidden_encrypted and "segredo" not in one.text + one.html


# Screens.


class TestTemplates(ResourceCase):
    resource = Templates
    changes = {"subject": "Outro de {customer}"}

    def make(self, world: World, name: str = "Primeiro") -> Template:
        kind = list(KINDS)[Template.objects.count()]
        return Template.objects.create(
            tenant=world.master, kind=kind, language="pt-br", subject=name, text="{customer}"
        )

    def typed(self, world: World) -> dict[str, Any]:
        return {
            "tenant": world.reseller_a.pk,
            "kind": "missed_call",
            "language": "pt-br",
            "subject": "{caller} ligou",
            "text": "Ligue de volta para {caller}.",
        }

    def test_a_new_one_begins_with_the_words_that_are_sent_now(
        self, world: World, client: WebClient
    ) -> None:
        url = reverse("mail:template_add")
        page = client.get(url, {"kind": "missed_call", "language": "en"}).content.decode()
        assert "{caller} called you" in page and "<code>{caller}</code>" in page
        reseller = administrator(world, world.reseller_a)
        template(world.master, "Da operadora")
        page = reseller.get(url, {"kind": "missed_call", "language": "pt-br"}).content.decode()
        assert "Da operadora" in page

    def test_a_preview_saves_nothing(self, world: World, client: WebClient) -> None:
        url = reverse("mail:template_add")
        page = client.post(url, {**self.typed(world), "preview": "1"}).content.decode()
        assert "(11) 98888-7777 ligou" in page and not Template.objects.exists()

    def test_an_unknown_place_is_named_at_its_field(self, world: World, client: WebClient) -> None:
        typed = {**self.typed(world), "text": "Olá, {nome}"}
        answer = client.post(reverse("mail:template_add"), typed)
        assert answer.status_code == 422
        errors = answer.context["form"].errors
        assert "{nome}" in errors["text"][0] and "{caller}" in errors["text"][0]

    def test_what_it_looks_like(self, world: World, client: WebClient) -> None:
        one = template(world.reseller_a, "x", text="{caller} ligou <b>")
        answer = client.get(reverse("mail:template_letter", args=[one.pk]))
        assert "98888-7777 ligou &lt;b&gt;" in answer.content.decode()
        assert answer["Content-Security-Policy"].startswith("sandbox;")


class TestNotices(ResourceCase):
    resource = CustomerNotices
    changes = {"address": "novo@a.example"}

    def make(self, world: World, name: str = "Primeiro") -> Notices:
        return Notices.objects.create(tenant=make_tenant(world.reseller_a, "customer", name))

    def typed(self, world: World) -> dict[str, Any]:
        return {"tenant": world.customer_b.pk, "language": "en", "missed_calls": "on"}
