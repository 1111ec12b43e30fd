"""Authenticators and recovery codes: what opens, how often, and what is kept of them."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django_otp.oath import TOTP

from tests.support.web import WebClient, make_user, signed_in
from tests.support.world import PASSWORD, World, make_world
from tronco.core.secrets import decrypt
from tronco.identity import second_factor
from tronco.identity.models import Authenticator, User

PAGE = "/identity/second-factor/"


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def user(world: World) -> User:
    return make_user(world.master, username="ana")


def code_of(device: Authenticator, *, steps: int = 0) -> str:
    clock = TOTP(device.secret)
    clock.time = time.time() + steps * 30
    return f"{clock.token():06}"


def enrolled(user: User) -> Authenticator:
    device = second_factor.enrolment_begin(user=user)
    second_factor.enrolment_confirm(user=user, code=code_of(device, steps=-1))
    device.refresh_from_db()
    return device


def test_of_the_secret_only_a_cipher_is_kept(user: User) -> None:
    device = enrolled(user)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(a)::text FROM identity_authenticator a")
        (row,) = cursor.fetchone()
    told = second_factor.enrolment_secret(device).replace(" ", "")
    for readable in (device.secret.hex(), told):
        assert readable.lower() not in row.lower()
    assert decrypt(device.secret_encrypted, key=settings.SECRET_KEY) == device.secret.hex()
    assert len(device.secret) == 20


def test_a_code_counts_once_and_wrong_ones_make_wait(user: User) -> None:
    device = enrolled(user)
    code = code_of(device)
    assert second_factor.code_verify(user=user, code=code) == device
    assert second_factor.code_verify(user=user, code=code) is None
    # Even the right one, for a second.
    assert second_factor.code_verify(user=user, code=code_of(device, steps=1)) is None
    Authenticator.objects.update(throttling_failure_count=0)
    assert second_factor.code_verify(user=user, code=code_of(device, steps=1)) == device


@pytest.mark.parametrize("code", ["", "٣٣٣٣٣٣", "²²²²²²", "12345678901234567890", "abc"])
def test_what_is_no_code_is_no_error(user: User, code: str) -> None:
    enrolled(user)
    assert second_factor.code_verify(user=user, code=code) is None


def test_the_picture_says_whose_account_it_is(user: User) -> None:
    device = second_factor.enrolment_begin(user=user)
    secret = second_factor.enrolment_secret(device).replace(" ", "")
    address = f"otpauth://totp/Tronco%3Aana?secret={secret}&issuer=Tronco"
    assert second_factor.enrolment_address(device) == address


def test_the_secret_is_shown_until_the_first_code_and_no_longer(user: User) -> None:
    device = second_factor.enrolment_begin(user=user)
    secret = second_factor.enrolment_secret(device)
    client = signed_in(user)
    assert secret in client.get(PAGE).content.decode()
    confirmed = client.post(PAGE, {"step": "confirm", "code": code_of(device)})
    for page in (confirmed, client.get(PAGE)):
        assert page.status_code == 200
        assert secret not in page.content.decode()


def test_with_another_key_the_door_says_so(user: User, settings: Any) -> None:
    enrolled(user)
    Authenticator.objects.update(secret_encrypted=Authenticator(user=user).secret_encrypted[:-9])
    client = WebClient()
    client.post("/identity/sign-in/", {"username": "ana", "password": PASSWORD})
    answer = client.post("/identity/sign-in/code/", {"code": "123456"})
    assert answer.status_code == 503
    assert "TRONCO_SECRET_KEY" in answer.content.decode()
