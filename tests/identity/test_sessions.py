"""Where somebody is signed in, and being signed out from afar."""

from __future__ import annotations

import pytest

from tests.support.web import WebClient, administrator, make_user
from tests.support.world import PASSWORD, World, make_world
from tronco.core.errors import NotAllowed, NotFound
from tronco.identity import sessions
from tronco.identity.models import User, UserSession
from tronco.identity.roles import Role

PROFILE = "/identity/profile/"
END = "/identity/sessions/end/"


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def user(world: World) -> User:
    return make_user(world.reseller_a, Role.READ_ONLY, username="ana")


def entered(browser: str) -> WebClient:
    client = WebClient(headers={"User-Agent": browser})
    client.post("/identity/sign-in/", {"username": "ana", "password": PASSWORD})
    return client


def is_in(client: WebClient) -> bool:
    return bool(client.get(PROFILE).status_code == 200)


def test_each_session_is_listed_where_it_was_begun(world: World, user: User) -> None:
    desk, _phone = entered("Mesa"), entered("Celular")
    page = desk.get(PROFILE).content.decode()
    assert "Mesa" in page
    assert "Celular" in page
    assert UserSession.objects.filter(user=user, address="127.0.0.1").count() == 2
    desk.post("/identity/sign-out/")
    assert UserSession.objects.get().browser == "Celular"


def test_an_administrator_reads_it_in_his_language(world: World, user: User) -> None:
    entered("Mesa")
    page = administrator(world).get(f"/identity/users/{user.pk}/").content.decode()
    assert "Entrou em" in page
    assert "Began at" not in page


def test_one_is_ended_from_another(world: World, user: User) -> None:
    desk, phone, tablet = entered("Mesa"), entered("Celular"), entered("Tablet")
    chosen = UserSession.objects.get(browser="Celular")
    desk.post(END, {"session": chosen.pk})
    assert [is_in(one) for one in (desk, phone, tablet)] == [True, False, True]
    desk.post(END)
    assert [is_in(one) for one in (desk, tablet)] == [True, False]


def test_nobody_ends_anothers(world: World, user: User) -> None:
    desk = entered("Mesa")
    other = administrator(world, world.reseller_b)
    other.post(END, {"session": UserSession.objects.get().pk})
    other.post(END, {"session": "²"})
    assert is_in(desk)
    with pytest.raises(NotFound):
        sessions.sessions_end(actor=world.actor(world.reseller_b), user_id=user.pk)
    with pytest.raises(NotAllowed):
        sessions.sessions_end(actor=world.actor(world.master, Role.SUPPORT), user_id=user.pk)
    assert is_in(desk)


def test_an_administrator_signs_a_user_out_everywhere(world: World, user: User) -> None:
    desk, phone = entered("Mesa"), entered("Celular")
    page = administrator(world).get(f"/identity/users/{user.pk}/").content.decode()
    assert "Celular" in page
    answer = administrator(world, world.reseller_a).post(f"/identity/users/{user.pk}/do/sign-out/")
    assert answer.status_code == 302
    assert [is_in(one) for one in (desk, phone)] == [False, False]


def test_a_changed_password_keeps_this_session_and_ends_the_others(
    world: World, user: User
) -> None:
    desk, phone = entered("Mesa"), entered("Celular")
    typed = {"old": PASSWORD, "password": "girafa-azul-77", "again": "girafa-azul-77"}
    desk.post("/identity/password/", typed)
    assert [is_in(one) for one in (desk, phone)] == [True, False]
    assert "Mesa" in [one.browser for one in UserSession.objects.filter(user=user)]
