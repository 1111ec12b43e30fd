"""Invitations and forgotten passwords: a link opens once, in time, for its user, or not at all."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.identity.making import CHOSEN, address, choose
from tests.support.web import WebClient, administrator, make_user, signed_in
from tests.support.world import PASSWORD, World, make_world
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tronco.identity import links, services
from tronco.identity.models import User, UserLink
from tronco.identity.roles import Role
from tronco.mail.models import Email
from tronco.tenancy.models import Tenant

ASK = "/identity/forgotten/"


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def invited(world: World, tenant: Tenant | None = None) -> User:
    """Somebody without password who was sent an invitation."""
    owner = tenant or world.customer_a
    is_customer = owner.kind == Tenant.Kind.CUSTOMER
    user = services.user_create(
        actor=world.actor(world.master),
        username="joana@exemplo.com.br",
        name="Joana",
        tenant_id=owner.pk,
        role=Role.CUSTOMER_ADMINISTRATOR if is_customer else Role.SUPPORT,
        email="joana@exemplo.com.br",
    )
    links.invitation_send(actor=world.actor(world.master), user_id=user.pk)
    return user


def test_an_invitation_finishes_the_registration(world: World) -> None:
    Tenant.objects.filter(pk=world.customer_a.pk).update(status="pending")
    user = invited(world)
    email = Email.objects.get()
    assert (email.kind, email.recipient, email.tenant) == (
        "invitation",
        "joana@exemplo.com.br",
        world.customer_a,
    )
    client = WebClient()
    page = client.get(address()).content.decode()
    assert "joana@exemplo.com.br" in page
    assert "Cliente A" in page
    answer = choose(address(), client, phone="1133334444", document="12.ABC.345/01DE-35")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    user.refresh_from_db()
    assert user.check_password(CHOSEN)
    assert not user.must_change_password
    world.customer_a.refresh_from_db()
    assert world.customer_a.status == "active"
    assert world.customer_a.phone == "1133334444"
    assert world.customer_a.document == "12ABC34501DE35"
    assert client.get("/identity/profile/").status_code == 200  # and is signed in


def test_who_uses_an_extension_says_nothing_of_the_company(world: World) -> None:
    Tenant.objects.filter(pk=world.customer_a.pk).update(status="pending", contact="Dona Rosa")
    user = services.user_create(
        actor=world.actor(world.customer_a, Role.CUSTOMER_ADMINISTRATOR),
        username="joana",
        name="Joana",
        tenant_id=world.customer_a.pk,
        role=Role.EXTENSION_USER,
        email="joana@exemplo.com.br",
    )
    links.invitation_send(actor=world.actor(world.master), user_id=user.pk)
    assert choose(address(), phone="1199", document="12.ABC.345/01DE-35").status_code == 302
    user.refresh_from_db()
    world.customer_a.refresh_from_db()
    assert user.name == "Joana Prado"
    customer = world.customer_a
    assert (customer.status, customer.contact) == ("pending", "Dona Rosa")
    assert (customer.phone, customer.document) == ("", "")


def test_a_link_is_used_once(world: World) -> None:
    invited(world)
    path = address()
    assert WebClient().get(path).status_code == 200
    assert WebClient().get(path).status_code == 200  # looking does not use it up
    assert choose(path).status_code == 302
    assert WebClient().get(path).status_code == 404
    assert choose(path, password="outra-girafa-9", again="outra-girafa-9").status_code == 404
    assert User.objects.get(name="Joana Prado").check_password(CHOSEN)
    with pytest.raises(Conflict):
        links.link_use(token=path.split("/")[-2], password="outra-girafa-9")


@pytest.mark.parametrize(("kind", "hours"), [("invitation", 7 * 24), ("password", 2)])
def test_a_link_is_used_in_time(world: World, kind: str, hours: int) -> None:
    user = invited(world)
    if kind == "password":
        services.user_set_password(
            actor=world.actor(world.master), user_id=user.pk, password=PASSWORD
        )
        links.password_link_send(actor=world.actor(world.master), user_id=user.pk)
    link = UserLink.objects.get()
    assert (link.kind, link.expires_at - link.created_at <= timedelta(hours=hours)) == (kind, True)
    UserLink.objects.update(expires_at=timezone.now() + timedelta(seconds=5))
    assert WebClient().get(address()).status_code == 200
    UserLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert WebClient().get(address()).status_code == 404
    assert choose(address()).status_code == 404


def test_a_link_is_not_guessed(world: World) -> None:
    invited(world)
    token = address().split("/")[-2]
    assert len(token) >= 43  # 256 bits
    link = UserLink.objects.get()
    kept = link.token_hash
    assert token not in kept
    for guess in (kept, token[:-1], token.swapcase(), "x" * 43, "%00", "²"):
        assert WebClient().get(f"/identity/link/{guess}/").status_code == 404
    # Another's link is another token.
    make_user(world.master, username="ana", email="ana@exemplo.com.br")
    links.password_ask(name="ana")
    assert UserLink.objects.exclude(pk=link.pk).get().token_hash != kept


@pytest.mark.parametrize("after", ["newer link", "password", "e-mail", "closed", "tenant closed"])
def test_what_ends_a_link(world: World, after: str) -> None:
    actor = world.actor(world.master)
    user = invited(world)
    path = address()
    if after == "newer link":
        links.invitation_send(actor=actor, user_id=user.pk)
    elif after == "password":
        services.user_set_password(actor=actor, user_id=user.pk, password=PASSWORD)
    elif after == "e-mail":
        services.user_change(
            actor=actor,
            user_id=user.pk,
            username="joana",
            name="Joana",
            role=user.role,
            email="o@o.br",
        )
    elif after == "closed":
        User.objects.filter(pk=user.pk).update(is_active=False)
    else:
        Tenant.objects.filter(pk=world.reseller_a.pk).update(status="inactive")
    assert WebClient().get(path).status_code == 404
    assert choose(path).status_code == 404


@pytest.mark.parametrize("typed", ["12345678901", "curta", "joana@exemplo.com.br"])
def test_a_weak_password_does_not_use_the_link_up(world: World, typed: str) -> None:
    invited(world)
    answer = choose(address(), password=typed, again=typed)
    assert answer.status_code == 422
    assert "invalid-feedback" in answer.content.decode()
    assert choose(address(), again="diferente-77").status_code == 422
    assert choose(address()).status_code == 302


def test_a_password_forgotten(world: World) -> None:
    user = make_user(world.reseller_a, username="ana", email="ana@exemplo.com.br")
    elsewhere = signed_in(user)
    answer = WebClient().post(ASK, {"name": "ANA@exemplo.com.br"})
    assert answer.status_code == 200
    assert Email.objects.get().kind == "password"
    assert choose(address()).status_code == 302
    user.refresh_from_db()
    assert user.check_password(CHOSEN)
    assert user.name != "Joana Prado"  # only the password is chosen by such a link
    assert "/sign-in/" in elsewhere.get("/identity/profile/")["Location"]


def test_nobody_learns_who_exists_nor_fills_a_mailbox(world: World) -> None:
    make_user(world.master, username="ana", email="ana@exemplo.com.br")
    make_user(world.master, username="bia")
    answers = [
        WebClient().post(ASK, {"name": name}).content.decode()
        for name in ("ana", "ana", "bia", "ninguem")
    ]
    assert len({re.sub(r'value="\w{64}"', "", page) for page in answers}) == 1
    assert Email.objects.count() == 1


def test_the_second_factor_is_asked_after_a_forgotten_password(world: World) -> None:
    from tronco.identity import second_factor

    user = make_user(world.master, username="ana", email="ana@exemplo.com.br")
    device = second_factor.enrolment_begin(user=user)
    type(device).objects.update(confirmed=True)
    links.password_ask(name="ana")
    client = WebClient()
    answer = choose(address(), client)
    assert answer["Location"] == "/identity/sign-in/"
    assert client.get("/identity/profile/").status_code == 302


def test_who_may_send_them(world: World) -> None:
    user = invited(world)
    with pytest.raises(NotAllowed):
        links.invitation_send(actor=world.actor(world.master, Role.SUPPORT), user_id=user.pk)
    with pytest.raises(NotFound):
        links.invitation_send(actor=world.actor(world.reseller_b), user_id=user.pk)
    with pytest.raises(Conflict):
        done = make_user(world.master, username="ana", email="ana@exemplo.com.br")
        links.invitation_send(actor=world.actor(world.master), user_id=done.pk)
    with pytest.raises(InvalidInput):
        silent = make_user(world.master, username="bia")
        links.password_link_send(actor=world.actor(world.master), user_id=silent.pk)


def test_a_user_without_first_password_is_invited(world: World) -> None:
    client = administrator(world)
    typed = {
        "username": "caio",
        "name": "Caio",
        "tenant": world.reseller_a.pk,
        "role": "support",
        "is_active": "on",
    }
    assert client.post("/identity/users/add/", typed).status_code == 422
    answer = client.post("/identity/users/add/", {**typed, "email": "caio@exemplo.com.br"})
    assert answer.status_code == 302
    user = User.objects.get(username="caio")
    assert not user.has_usable_password()
    assert choose(address()).status_code == 302
    user.refresh_from_db()
    assert user.name == "Joana Prado"
    world.reseller_a.refresh_from_db()
    assert world.reseller_a.contact == ""  # only a customer registers himself
