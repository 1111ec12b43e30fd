"""The door itself: lock-out, what a session is worth, and what a browser is told."""

from __future__ import annotations

import runpy
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory
from django.utils import timezone

from config import settings as product_settings
from tests.support.web import WebClient, make_user, signed_in
from tests.support.world import PASSWORD, World, make_world
from tronco.identity import second_factor, tasks
from tronco.identity.models import User
from tronco.ui import security

SIGN_IN = "/identity/sign-in/"
LOCKED_OUT = 429


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def attempt(username: str, password: str, **headers: Any) -> int:
    typed = {"username": username, "password": password}
    return int(WebClient().post(SIGN_IN, typed, headers=headers).status_code)


@pytest.mark.parametrize("spelled", ["silvio", "SILVIO", "ſilvio", "sılvıo", " silvio "])
def test_no_spelling_of_a_name_passes_by_its_lock_out(world: World, spelled: str) -> None:
    make_user(world.master, username="Silvio")
    for _time in range(5):
        attempt("silvio", "errada")
    assert attempt(spelled, PASSWORD) in {LOCKED_OUT, 422}


def test_a_name_signs_in_whatever_its_case(world: World) -> None:
    make_user(world.master, username="Ângela")
    assert attempt("ÂNGELA", PASSWORD) == 302


def test_behind_a_proxy_the_lock_out_counts_by_the_clients_address(
    world: World, settings: Any
) -> None:
    settings.HTTPS = True
    make_user(world.master, username="ana")
    for _time in range(5):
        attempt("ana", "errada", X_Forwarded_For="198.51.100.1, 203.0.113.7")
    assert attempt("ana", PASSWORD, X_Forwarded_For="203.0.113.7") == LOCKED_OUT
    # What the client writes of himself does not help him: the proxy's own word is the last.
    invented = "198.51.100.99, 203.0.113.7"
    assert attempt("ana", PASSWORD, X_Forwarded_For=invented) == LOCKED_OUT
    assert attempt("ana", PASSWORD, X_Forwarded_For="203.0.113.8") == 302


@pytest.mark.parametrize(
    ("https", "forwarded", "address"),
    [
        (False, "203.0.113.7", "192.0.2.1"),
        (True, "203.0.113.7", "203.0.113.7"),
        (True, "10.0.0.1, 2001:db8::7", "2001:db8::7"),
        (True, "", "192.0.2.1"),
        (True, "unknown", "192.0.2.1"),
    ],
)
def test_whose_address_counts(settings: Any, https: bool, forwarded: str, address: str) -> None:
    settings.HTTPS = https
    request = RequestFactory(REMOTE_ADDR="192.0.2.1").get(
        "/", headers={"X-Forwarded-For": forwarded}
    )
    assert security.client_address(request) == address


@pytest.mark.parametrize(
    "elsewhere",
    [
        "//mal.example/",
        "https://mal.example/",
        r"\\mal.example",
        "javascript:alert(1)",
        "///x.example",
    ],
)
def test_signing_in_leads_to_pages_of_ours_only(world: World, elsewhere: str) -> None:
    make_user(world.master, username="ana")
    typed = {"username": "ana", "password": PASSWORD, "next": elsewhere}
    answer = WebClient().post(SIGN_IN, typed)
    assert (answer.status_code, answer["Location"]) == (302, "/")


@pytest.mark.parametrize("gone", ["deleted", "closed"])
def test_who_is_gone_between_password_and_code_stays_out(world: World, gone: str) -> None:
    user = make_user(world.master, username="ana")
    device = second_factor.enrolment_begin(user=user)
    type(device).objects.update(confirmed=True)
    client = WebClient()
    first = client.post(SIGN_IN, {"username": "ana", "password": PASSWORD})
    assert first["Location"] == "/identity/sign-in/code/"
    if gone == "deleted":
        user.delete()
    else:
        User.objects.update(is_active=False)
    answer = client.post("/identity/sign-in/code/", {"code": "123456"})
    assert (answer.status_code, answer["Location"]) == (302, SIGN_IN)


def test_a_session_lasts_a_working_day_and_is_then_forgotten(world: World) -> None:
    signed_in(make_user(world.master))
    session = Session.objects.get()
    assert session.expire_date - timezone.now() <= timedelta(hours=12)
    assert tasks.forget_sessions(timestamp=0) == 0
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert tasks.forget_sessions(timestamp=0) == 1


def test_what_browsers_are_told(world: World) -> None:
    page = signed_in(make_user(world.master)).get("/identity/profile/")
    assert "default-src 'none'" in page["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert page["X-Frame-Options"] == "DENY"
    assert page["X-Content-Type-Options"] == "nosniff"
    assert page["Referrer-Policy"] == "same-origin"
    assert page["Cross-Origin-Opener-Policy"] == "same-origin"
    assert page["Cache-Control"] == "private, no-cache"
    assert "Content-Security-Policy" in WebClient().get(SIGN_IN)


def test_the_sessions_cookie_is_not_for_scripts_nor_other_sites(world: World) -> None:
    make_user(world.master, username="ana")
    door = WebClient().post(SIGN_IN, {"username": "ana", "password": PASSWORD})
    cookie = door.cookies["sessionid"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert cookie["max-age"] == 12 * 3600


@pytest.mark.parametrize(("https", "seconds"), [("1", 31_536_000), ("", 0)])
def test_behind_tls_browsers_are_held_to_it(
    monkeypatch: pytest.MonkeyPatch, https: str, seconds: int
) -> None:
    monkeypatch.setenv("TRONCO_HTTPS", https)
    read = runpy.run_path(str(product_settings.__file__))
    assert read["SECURE_HSTS_SECONDS"] == seconds
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT"):
        assert read[name] is bool(https), name


def test_a_body_larger_than_any_file_of_ours_is_refused_unread() -> None:
    too_much = str(security.MOST_BODY_BYTES + 1)
    answer = Client().generic("POST", SIGN_IN, b"x", CONTENT_LENGTH=too_much)
    assert answer.status_code == 413
