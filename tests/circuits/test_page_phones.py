"""The telephone in the page: whose it is, how long it lasts, and that nobody else gets one."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from tests.support.web import WebClient, make_user, signed_in
from tests.support.world import World, make_world
from tronco.circuits import page_phones, services
from tronco.circuits.models import Circuit, PagePhone
from tronco.core.errors import Conflict, InvalidInput, NotAllowed
from tronco.identity.models import User
from tronco.identity.roles import Role
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant

pytestmark = pytest.mark.django_db
OPEN = "circuits:phone_open"


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def user(world: World) -> User:
    return make_user(world.customer, Role.EXTENSION_USER)


@pytest.fixture
def circuit(world: World, user: User) -> Circuit:
    return world.circuit(user=user)


def opened(client: WebClient) -> dict[str, Any]:
    answer = client.post(reverse(OPEN))
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    found: dict[str, Any] = answer.json()
    return found


def test_a_page_gets_a_name_and_a_password_kept_as_a_digest(user: User, circuit: Circuit) -> None:
    given = opened(signed_in(user))
    phone = PagePhone.objects.get(circuit=circuit)
    secret = f"{given['name']}:{settings.TRONCO_SIP_REALM}:{given['password']}".encode()
    assert phone.name == given["name"]
    assert phone.ha1_md5 == hashlib.md5(secret).hexdigest()
    assert page_phones.line_of(phone.name) == circuit.number
    assert given["lasts_s"] <= page_phones.LASTS.total_seconds()
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(p::text, '') FROM circuits_pagephone p")
        assert given["password"] not in cursor.fetchone()[0]


@pytest.mark.parametrize("how", ["sign out", "delete the session"])
def test_it_ends_with_the_session_however_that_ends(user: User, circuit: Circuit, how: str) -> None:
    client = signed_in(user)
    opened(client)
    if how == "sign out":
        client.post(reverse("identity:sign_out"))
    else:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_session")
    assert not PagePhone.objects.exists()
    assert how != "sign out" or not Session.objects.exists()


@pytest.mark.parametrize("what", ["time", "access", "another's", "nobody's", "nothing"])
def test_those_that_are_over_are_taken_away(
    world: World, user: User, circuit: Circuit, what: str
) -> None:
    opened(signed_in(user))
    now = timezone.now()
    if what == "time":
        now += page_phones.LASTS + timedelta(seconds=1)
    elif what == "access":
        User.objects.filter(pk=user.pk).update(is_active=False)
    elif what == "another's":
        Circuit.objects.update(user=make_user(world.customer, Role.CUSTOMER_ADMINISTRATOR))
    elif what == "nobody's":
        Circuit.objects.update(user=None)
    assert page_phones.page_phones_forget(now=now) == (0 if what == "nothing" else 1)


def test_a_page_that_is_left_takes_its_own_away_and_no_other(
    world: World, user: User, circuit: Circuit
) -> None:
    other = make_user(world.customer, Role.EXTENSION_USER, username="outro")
    world.circuit(user=other)
    client, theirs = signed_in(user), opened(signed_in(other))
    mine = opened(client)
    for name in (mine["name"], theirs["name"], "web~x~y"):
        assert client.post(reverse("circuits:phone_close"), {"name": name}).status_code == 200
    assert PagePhone.objects.get().name == theirs["name"]


def test_so_many_pages_at_a_time_and_the_oldest_gives_way(user: User, circuit: Circuit) -> None:
    client = signed_in(user)
    names = [opened(client)["name"] for _ in range(page_phones.MOST_PAGES + 1)]
    kept = PagePhone.objects.order_by("pk").values_list("name", flat=True)
    assert list(kept) == names[1:]


def test_who_has_no_extension_is_told_so(user: User) -> None:
    client = signed_in(user)
    answer = client.post(reverse(OPEN))
    assert (answer.status_code, PagePhone.objects.count()) == (422, 0)
    assert "Você ainda não tem um ramal" in client.get(reverse("circuits:phone")).content.decode()
    with pytest.raises(Conflict):
        page_phones.page_phone_open(actor=user.actor, session_key="x")


def test_whoever_serves_the_customer_has_no_telephone_of_his(
    world: World, circuit: Circuit
) -> None:
    master = make_user(world.master)
    with pytest.raises(NotAllowed):
        page_phones.page_phone_open(actor=master.actor, session_key="x")


def test_the_door_opens_to_sessions_with_a_telephone(user: User, circuit: Circuit) -> None:
    client, elsewhere = signed_in(user), signed_in(user)
    door = reverse("circuits:phone_door")
    assert client.get(door).status_code == 422
    opened(client)
    answer = client.get(door)
    assert (answer.status_code, elsewhere.get(door).status_code) == (200, 422)
    assert WebClient().get(door).status_code == 302
    address = answer["X-Phone-Address"]
    assert address.startswith("127.64.") and page_phones.find_page_user(address) == user.pk


def test_pages_ask_the_operator_s_servers_and_no_stranger_s(
    user: User, circuit: Circuit, settings: Any
) -> None:
    client = signed_in(user)
    assert opened(client)["ice"] == []
    settings.TRONCO_STUN = settings.TRONCO_TURN = "nat.example.com.br:3478"
    settings.TRONCO_TURN_SECRET = "segredo"
    given = opened(client)
    stun, turn = given["ice"]
    assert stun == {"urls": "stun:nat.example.com.br:3478"}
    ends_at, _, name = turn["username"].partition(":")
    phone = PagePhone.objects.get(name=given["name"])
    assert (int(ends_at), name) == (int(phone.expires_at.timestamp()), phone.name)
    # As a TURN server computes it (draft-uberti-behave-turn-rest).
    wanted = hmac.digest(b"segredo", turn["username"].encode(), "sha1")
    assert base64.b64decode(turn["credential"]) == wanted


@pytest.mark.parametrize("address", ["127.0.0.1", "127.63.255.255", "127.128.0.0", "2001:db8::1"])
def test_other_addresses_are_nobody_s_pages(address: str) -> None:
    assert page_phones.find_page_user(address) is None


def test_the_page_alone_may_reach_the_switch_and_the_microphone(
    user: User, circuit: Circuit, settings: Any
) -> None:
    client = signed_in(user)
    settings.HTTPS, settings.TRONCO_HOSTS = True, ["*"]
    page = client.get(reverse("circuits:phone"), HTTP_HOST="voz.example.com.br", secure=True)
    assert "connect-src 'self' wss://voz.example.com.br;" in page["Content-Security-Policy"]
    assert "wss://voz.example.com.br/phone/node1" in page.content.decode()
    assert "microphone=(self)" in page["Permissions-Policy"]
    other = client.get(reverse("dashboard:home"), HTTP_HOST="voz.example.com.br", secure=True)
    assert "wss:" not in other["Content-Security-Policy"]
    assert "microphone=()" in other["Permissions-Policy"]


def test_an_extension_is_used_by_one_of_its_customers_people(world: World, user: User) -> None:
    mine, other = world.circuit(), world.circuit(tenant=world.customer_a)
    services.circuit_change(actor=SYSTEM, circuit_id=mine.pk, user=user)
    with pytest.raises(InvalidInput) as refused:
        services.circuit_change(actor=SYSTEM, circuit_id=other.pk, user=user)
    assert (refused.value.field, refused.value.code) == ("user", "user-of-another")


def rows(view: str) -> dict[str, dict[str, Any]]:
    """What Asterisk sees."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL application_name = 'node1'")
        cursor.execute("SET LOCAL ROLE tronco_asterisk")
        cursor.execute(f"SELECT * FROM ast.{view}")
        names = [column.name for column in cursor.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        cursor.execute("RESET ROLE")
    return {row["id"]: row for row in found}


@pytest.mark.parametrize(
    ("change", "is_there"),
    [
        ({}, True),
        ({"phone": {"expires_at": timezone.now() - timedelta(seconds=1)}}, False),
        ({"circuit": {"status": Circuit.Status.SUSPENDED}}, True),
        ({"circuit": {"status": Circuit.Status.DISABLED}}, False),
        ({"tenant": {"status": Tenant.Status.REMOVED}}, False),
    ],
    ids=["open", "its time is over", "suspended", "disabled", "removed"],
)
def test_the_switch_sees_one_more_telephone_of_the_circuit(
    user: User, circuit: Circuit, change: dict[str, dict[str, Any]], is_there: bool
) -> None:
    name = opened(signed_in(user))["name"]
    PagePhone.objects.update(**change.get("phone", {"circuit": circuit}))
    Circuit.objects.filter(pk=circuit.pk).update(**change.get("circuit", {"user": user}))
    Tenant.objects.filter(pk=circuit.tenant_id).update(**change.get("tenant", {"name": "Nome"}))
    for view in ("ps_endpoints", "ps_auths", "ps_aors"):
        assert (name in rows(view)) is is_there, view
    if is_there:
        endpoint = rows("ps_endpoints")[name]
        assert (endpoint["webrtc"], endpoint["accountcode"]) == ("yes", circuit.number)
        assert rows("ps_endpoints")[circuit.number]["webrtc"] == "no"
