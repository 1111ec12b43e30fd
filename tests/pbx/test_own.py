"""Whoever uses an extension: his own calls, messages and follow-me, nothing of anybody else's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import reverse

from tests.calls.making import made
from tests.pbx.making import make_voicemail
from tests.support.web import WebClient, make_user, signed_in
from tests.support.world import World, make_world
from tronco.circuits.models import Circuit
from tronco.core.errors import NotAllowed
from tronco.dids.services import did_create
from tronco.identity.models import User
from tronco.identity.roles import Role
from tronco.pbx.line_services import line_change
from tronco.pbx.models import LineService, Voicemail
from tronco.tenancy.access import SYSTEM

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 15, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def user(world: World) -> User:
    return make_user(world.customer, Role.EXTENSION_USER, username="bia")


@pytest.fixture
def mine(world: World, user: User) -> Circuit:
    return world.circuit(number="mesa-1", user=user)


@pytest.fixture
def theirs(world: World) -> Circuit:
    return world.circuit(number="mesa-2")


@pytest.fixture
def client(user: User, mine: Circuit) -> WebClient:
    return signed_in(user)


def test_he_begins_at_his_telephone(client: WebClient) -> None:
    answer = client.get(reverse("dashboard:home"))
    assert (answer.status_code, answer["Location"]) == (302, reverse("circuits:phone"))
    menu = client.get(reverse("circuits:phone")).content.decode()
    for text in ("Telefone", "Minhas ligações", "Meus recados", "Meu siga-me"):
        assert text in menu
    for url in ("circuits:circuit_list", "calls:cdr_list", "pbx:voicemail_list", "dids:did_list"):
        assert f'href="{reverse(url)}"' not in menu
        assert client.get(reverse(url)).status_code == 404


def test_he_sees_his_own_calls_without_prices(
    world: World, client: WebClient, mine: Circuit, theirs: Circuit
) -> None:
    made(world, mine, "1133330001", at=AT)
    made(world, theirs, "1133330002", at=AT)
    page = client.get(reverse("calls:own_list")).content.decode()
    assert "(11) 3333-0001" in page
    assert "(11) 3333-0002" not in page
    assert "R$" not in page
    assert client.get(reverse("calls:own_export")).status_code in (403, 404)


def test_he_hears_and_deletes_his_own_messages(
    client: WebClient, mine: Circuit, theirs: Circuit
) -> None:
    own, other = make_voicemail(mine), make_voicemail(theirs, "+551144445555")
    page = client.get(reverse("pbx:own_message_list")).content.decode()
    assert reverse("pbx:own_message_sound", args=[own.pk]) in page
    assert "4444-5555" not in page
    assert client.get(reverse("pbx:own_message_sound", args=[own.pk])).status_code == 200
    assert client.post(reverse("pbx:own_message_heard", args=[own.pk])).status_code == 200
    own.refresh_from_db()
    assert own.heard_at is not None
    for name in ("own_message_sound", "own_message_heard", "voicemail_sound"):
        url = reverse(f"pbx:{name}", args=[other.pk])
        assert {client.get(url).status_code, client.post(url).status_code} <= {404, 405}
    for message in (own, other):
        client.post(reverse("pbx:own_message_do", args=[message.pk, "delete"]))
    assert Voicemail.objects.get() == other


def test_he_says_where_his_calls_go(client: WebClient, mine: Circuit) -> None:
    typed = {"ring_s": "20", "no_answer": "11987654321", "voicemail": "on", "extension": "99"}
    assert client.post(reverse("pbx:own_line"), typed).status_code == 302
    service = LineService.objects.get(circuit=mine)
    assert (service.ring_s, service.no_answer, service.voicemail) == (20, "11987654321", True)
    assert service.extension == ""
    wrong = client.post(reverse("pbx:own_line"), {"ring_s": "20", "always": "190"})
    assert wrong.status_code == 422
    assert "emergência" in wrong.content.decode()


@pytest.mark.parametrize(
    ("fields", "is_his", "may"),
    [
        ({"always": "1133334444"}, True, True),
        ({"always": "1133334444"}, False, False),
        ({"extension": "12"}, True, False),
        ({"always": "1133334444", "pickup_group": "vendas"}, True, False),
    ],
)
def test_what_he_may_say_of_a_line(
    user: User,
    mine: Circuit,
    theirs: Circuit,
    fields: dict[str, Any],
    is_his: bool,
    may: bool,
) -> None:
    line = mine if is_his else theirs
    if may:
        line_change(actor=user.actor, circuit_id=line.pk, **fields)
        assert LineService.objects.filter(circuit=line).exists()
        return
    with pytest.raises(NotAllowed):
        line_change(actor=user.actor, circuit_id=line.pk, **fields)


def test_without_an_extension_there_is_nothing(user: User) -> None:
    client = signed_in(user)
    for name in ("calls:own_list", "pbx:own_message_list", "pbx:own_line", "circuits:phone"):
        assert client.get(reverse(name)).status_code == 200
    assert client.post(reverse("pbx:own_line"), {"ring_s": "20"}).status_code == 422


def test_a_customer_arranges_what_answers_but_buys_nothing(world: World, mine: Circuit) -> None:
    boss = make_user(world.customer, Role.CUSTOMER_ADMINISTRATOR, username="chefe")
    client = signed_in(boss)
    for name in ("menu_add", "queue_add", "schedule_add", "prompt_add"):
        assert client.get(reverse(f"pbx:{name}")).status_code == 200, name
    for url in (
        reverse("circuits:circuit_add"),
        reverse("circuits:circuit_edit", args=[mine.pk]),
        reverse("dids:did_add"),
        reverse("dids:numberrange_add"),
    ):
        assert client.get(url).status_code in (403, 404), url
    credit = reverse("circuits:circuit_credit", args=[mine.pk])
    assert client.get(credit).status_code == 200
    assert client.post(credit, {"direction": "credit", "amount_u": "10"}).status_code in (403, 404)


def test_a_customer_does_not_see_from_whom_his_numbers_come(world: World) -> None:
    did = did_create(
        actor=SYSTEM, tenant_id=world.customer.pk, raw="1133334444", supplier="Atacadista"
    ).did
    boss = signed_in(make_user(world.customer, Role.CUSTOMER_ADMINISTRATOR, username="chefe"))
    seller = signed_in(make_user(world.master, username="ana"))
    columns = {"columns": ["e164", "supplier", "host"]}
    for client, sees in ((boss, False), (seller, True)):
        client.post(reverse("dids:did_columns"), columns)
        page = client.get(reverse("dids:did_list")).content.decode()
        assert ("Atacadista" in page, "3333-4444" in page) == (sees, True)
        found = client.get(f"{reverse('dids:did_options')}?q=Atacadista").json()["items"]
        assert bool(found) is sees
        own = client.get(reverse("dids:did_detail", args=[did.pk])).content.decode()
        assert ("Atacadista" in own) is sees
        assert (reverse("dids:numberrange_list") in page) is sees
