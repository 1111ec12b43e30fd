"""Screens of extensions: the seller's list (S3-23, S3-24), the customer's own, telephones."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone

from tests.extensions.making import allow, extension
from tests.support.web import WebClient, administrator, make_user, signed_in
from tests.support.world import World, make_world
from tests.ui.cases import ResourceCase
from tronco.circuits.models import Circuit, Registration
from tronco.circuits.phone_settings import PhoneSettings, list_phones, wave_account
from tronco.customers.models import Subscription
from tronco.dids.models import Did
from tronco.extensions.views import Extensions
from tronco.identity.roles import Role
from tronco.identity.visits import visit_begin
from tronco.pbx.models import LineService
from tronco.tenancy.models import Tenant

LIST, ADD = "/extensions/", "/extensions/add/"
TYPED = {
    "extension": "201",
    "description": "Sala 1",
    "allowed_classes": ["local_fixed"],
    "max_calls": "1",
}


class TestExtensions(ResourceCase):
    """In the customer's panel, where they are made."""

    resource = Extensions
    changes = {"description": "Portaria", "extension": "305"}

    @pytest.fixture
    def world(self) -> World:
        world = make_world()
        allow(world, 9, balance_u=0)
        return world

    @pytest.fixture
    def client(self, world: World) -> WebClient:
        return administrator(world, world.customer)

    def stranger(self, world: World) -> Tenant:
        return world.customer_b

    def make(self, world: World, name: str = "Primeiro") -> Circuit:
        return extension(world, str(200 + Circuit.objects.count()), description=name)

    def typed(self, world: World) -> dict[str, Any]:
        return TYPED

    def test_change_and_why_it_was(self, world: World, client: WebClient, screens: Any) -> None:
        one = self.make(world)
        typed = {**TYPED, **self.changes, "_reason": "pedido da portaria"}
        assert client.post(f"/extensions/{one.pk}/edit/", typed).status_code == 302
        history = client.get(f"/extensions/{one.pk}/history/").content.decode()
        for text in ("pedido da portaria", "Pessoa customer_admin", "305", "Portaria"):
            assert text in history, text


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> WebClient:
    return administrator(world, world.customer)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_list_has_the_manuals_columns_and_only_deletes(world: World) -> None:
    line = allow(world, 1, description="Recepção")
    LineService.objects.create(circuit=line, tenant=line.tenant, extension="20")
    Registration.objects.create(
        circuit=line, tenant=line.tenant, online=True, address="203.0.113.9",
        changed_at=timezone.now(),
    )  # fmt: skip
    seller = administrator(world)
    page = text_of(seller.get(LIST))
    for column in ("#", "Conta", "Proprietário", "Ramal", "Nome", "Terminal", "Endereço"):
        assert f">{column}<" in page or f"\n{column}\n" in page or column in page, column
    for value in (line.number, "Cliente", "20", "Recepção", "node1", "203.0.113.9"):
        assert value in page, value
    assert ADD not in page
    for url in (ADD, f"/extensions/{line.pk}/edit/", f"/extensions/{line.pk}/password/"):
        assert seller.get(url).status_code == 403
    assert seller.get(f"/extensions/{line.pk}/delete/").status_code == 200


def test_how_many_are_left_is_told(world: World, client: WebClient) -> None:
    page = text_of(client.get(LIST))
    assert "Operadora cria os seus ramais" in page
    assert client.get(ADD).status_code == 302
    allow(world, 2)
    assert "0 de 2" in text_of(client.get(LIST))
    assert ADD in text_of(client.get(LIST))
    Circuit.objects.update(status="suspended")
    page = text_of(client.get(LIST))
    assert "não há nenhuma: peça a Operadora" in page
    assert ADD not in page
    Circuit.objects.update(status="active")
    for number in ("201", "202"):
        extension(world, number)
    page = text_of(client.get(LIST))
    assert "2 de 2" in page
    assert ADD not in page
    assert client.get(ADD).status_code == 302
    assert "2 de 2" in text_of(administrator(world).get(f"/tenancy/customers/{world.customer.pk}/"))


def test_who_was_given_one_customer_stands_in_no_panel(world: World) -> None:
    allow(world, 2, world.customer_a)
    user = make_user(world.reseller_a, Role.SUPPORT)
    user.customers.set([world.customer_a])
    page = text_of(signed_in(user).get(LIST))
    assert "data-key=" in page
    assert "ramais próprios" not in page
    assert ADD not in page


def test_the_seller_says_how_many(world: World, client: WebClient) -> None:
    allow(world, 1)
    seller = administrator(world)
    url = f"/tenancy/customers/{world.customer.pk}/edit/"
    form = seller.get(url).context["form"]
    typed = {name: form[name].value() for name in form.fields if form[name].value()}
    assert typed["max_extensions"] == 1, "who changes something else leaves it"
    for most, status, kept in (("7", 302, 7), ("-1", 422, 7), ("10000", 422, 7), ("", 302, None)):
        assert seller.post(url, {**typed, "max_extensions": most}).status_code == status
        assert Subscription.objects.get(tenant=world.customer).max_extensions == kept


def test_the_password_is_told_once_with_its_qr_code(world: World, client: WebClient) -> None:
    allow(world, 1)
    answer = client.post(ADD, TYPED)
    page = text_of(answer)
    assert answer["Cache-Control"] == "no-store"
    one = Circuit.objects.get(line__isnull=False)
    password = page.split("data-password>")[1].split("<")[0]
    assert "Senha" in page
    picture = base64.b64decode(page.split("data:image/svg+xml;base64,")[1].split('"')[0])
    assert b"<svg" in picture
    for url in (
        f"/extensions/{one.pk}/", f"/extensions/{one.pk}/setup/", f"/extensions/{one.pk}/history/",
        f"/extensions/{one.pk}/edit/", f"/circuits/{one.pk}/setup/",
    ):  # fmt: skip
        again = client.get(url)
        assert again.status_code == 200
        assert password not in text_of(again)
    new = client.post(f"/extensions/{one.pk}/password/")
    assert "data-password>" in text_of(new)
    assert new["Cache-Control"] == "no-store"
    assert password not in text_of(new)
    assert all(password not in str(one.get_decoded()) for one in Session.objects.all())


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"extension": "2"}, "2 a 6 dígitos"),
        ({"extension": "2x"}, "2 a 6 dígitos"),
        ({"extension": "20"}, "20"),
        ({"extension": "192"}, "192 é um número de emergência"),
        ({"description": ""}, "obrigatório"),
        ({"allowed_classes": ["ldi"]}, "ldi"),
        ({"max_calls": "3"}, "2"),
        ({"max_calls": ""}, "obrigatório"),
        ({"max_calls": "-1"}, "0"),
        ({"shown": "999999"}, "disponíve"),
        ({"user": "999999"}, "disponíve"),
    ],
)
def test_bad_input_is_told_beside_its_field(
    world: World, client: WebClient, typed: dict[str, Any], said: str
) -> None:
    allow(world, 5, allowed_classes=["local_fixed", "ldn_fixed"], max_calls=2)
    extension(world, "20")
    answer = client.post(ADD, {**TYPED, **typed})
    assert answer.status_code == 422
    page = text_of(answer)
    assert "invalid-feedback" in page or "alert-danger" in page
    assert said in page
    assert Circuit.objects.filter(line__isnull=False).count() == 1


def test_what_money_says_is_not_read(world: World, client: WebClient) -> None:
    line = allow(world, 1)
    other = world.plan(world.master, "postpaid")
    client.post(
        ADD,
        {
            **TYPED,
            "plan": other.pk,
            "limit_u": "999",
            "central": "0",
            "line": "0",
            "codecs": "g729",
        },
    )
    one = Circuit.objects.get(line__isnull=False)
    assert (one.account, one.account.plan, one.line) == (line.account, line.account.plan, line)
    assert one.codecs == line.codecs


def test_a_sellers_line_is_named_but_not_widened(world: World, client: WebClient) -> None:
    line = allow(world, 1, allowed_classes=["local_fixed"], max_calls=1)
    url = f"/extensions/{line.pk}/edit/"
    assert "allowed_classes" not in text_of(client.get(url))
    typed = {"extension": "10", "description": "Recepção", "allowed_classes": ["ldi"]}
    assert client.post(url, {**typed, "max_calls": "50"}).status_code == 302
    line.refresh_from_db()
    assert (line.description, line.allowed_classes, line.max_calls) == (
        "Recepção",
        ["local_fixed"],
        1,
    )


def test_the_number_shown_stays_unless_another_is_chosen(world: World, client: WebClient) -> None:
    allow(world, 1)
    Did.objects.create(
        tenant=world.customer, raw="1130001000", e164="+551130001000", state="in_use"
    )
    one = extension(world, caller_number="+551130001000")
    url = f"/extensions/{one.pk}/edit/"
    form = client.get(url).context["form"]
    typed = {name: form[name].value() for name in form.fields if form[name].value()}
    for shown, kept in ((typed["shown"], "+551130001000"), ("", "")):
        assert client.post(url, {**typed, "shown": shown}).status_code == 302
        one.refresh_from_db()
        assert one.caller_number == kept


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["10", "201"]),
        ("online=true", ["10"]),
        ("online=false", ["201"]),
        ("own=true", ["201"]),
        ("own=false", ["10"]),
        ("q=201", ["201"]),
    ],
)
def test_the_list_is_filtered(
    world: World, client: WebClient, query: str, found: list[str]
) -> None:
    line = allow(world, 1)
    LineService.objects.create(circuit=line, tenant=line.tenant, extension="10")
    now = timezone.now()
    Registration.objects.create(circuit=line, tenant=line.tenant, online=True, changed_at=now)
    extension(world, "201")
    rows = client.get(f"{LIST}?{query}").context["table"].rows
    assert sorted(row.record.service.extension for row in rows) == found


def test_suspended_and_resumed_in_the_panel(world: World, client: WebClient) -> None:
    allow(world, 1)
    one = extension(world)
    assert client.post(f"/extensions/{one.pk}/do/suspend/").status_code == 302
    one.refresh_from_db()
    assert (one.status, one.is_paused) == ("suspended", True)
    assert client.post(f"/extensions/{one.pk}/do/resume/").status_code == 302
    one.refresh_from_db()
    assert (one.status, one.is_paused) == ("active", False)
    Circuit.objects.filter(pk=one.pk).update(status="suspended")
    assert client.post(f"/extensions/{one.pk}/do/resume/").status_code == 403


def test_deleting_names_what_is_lost(world: World, client: WebClient) -> None:
    allow(world, 1)
    one = extension(world)
    Did.objects.create(tenant=world.customer, raw="1130001000", e164="+551130001000", circuit=one)
    page = text_of(client.get(f"/extensions/{one.pk}/delete/"))
    for text in ("Números que deixam de tocar", "Ramal, siga-me e correio de voz"):
        assert text in page, text
    assert client.post(f"/extensions/{one.pk}/delete/").status_code == 302
    assert not Circuit.objects.filter(pk=one.pk).exists()


def test_who_enters_the_panel_makes_them_there(world: World) -> None:
    """The manual's way: the administrator goes to the customer's panel (S3-24)."""
    allow(world, 2, world.customer_a)
    user = make_user(world.reseller_a, Role.SUPPORT)
    browser = signed_in(user)
    assert browser.get(ADD).status_code == 403
    assert browser.post(f"/tenancy/customers/{world.customer_a.pk}/panel/").status_code == 302
    assert "0 de 2" in text_of(browser.get(LIST))
    assert "data-password>" in text_of(browser.post(ADD, TYPED))
    reader = make_user(world.reseller_a, Role.READ_ONLY)
    with pytest.raises(Exception, match="permission"):
        visit_begin(actor=reader.actor, tenant_id=world.customer_a.pk)


def test_an_extensions_user_sees_how_to_set_up_his_telephone(world: World) -> None:
    allow(world, 1)
    user = make_user(world.customer, Role.EXTENSION_USER)
    browser = signed_in(user)
    assert "Você ainda não tem um ramal" in text_of(browser.get(reverse("circuits:phone_setup")))
    one = extension(world, user=user)
    page = text_of(browser.get(reverse("circuits:phone_setup")))
    for text in (one.number, "127.0.0.1", "5060", "Linphone", "Yealink", "RFC 2833"):
        assert text in page, text
    assert browser.get(LIST).status_code == 404


TOLD = PhoneSettings("voz.exemplo.com.br", 5070, "47-12345", ("alaw", "g722"))


def test_every_telephone_is_told_all_it_needs() -> None:
    for phone in list_phones(TOLD):
        values = [setting.value for setting in phone.settings]
        assert "47-12345" in values, phone.name
        assert values.count("") == 1, f"{phone.name}: one place for the password"
        assert "voz.exemplo.com.br:5070" in values or {"voz.exemplo.com.br", "5070"} <= set(values)
    assert TOLD.codec_names == ["G.711 A-law (PCMA)", "G.722"]


def test_the_qr_code_holds_the_account_for_grandstream_wave() -> None:
    import xml.etree.ElementTree as ET

    account = ET.fromstring(wave_account(TOLD, 'a<&>"b').encode())[0]
    found = {field.tag: field.text for field in account}
    assert (found["RegisterServer"], found["UserID"], found["AuthPass"]) == (
        "voz.exemplo.com.br:5070",
        "47-12345",
        'a<&>"b',
    )
