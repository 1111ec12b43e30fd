"""Who guesses too often, and what is remembered of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.web import make_user
from tests.support.world import make_world
from tronco.centrals.models import Ban
from tronco.circuits.page_phones import page_address
from tronco.identity.roles import Role
from tronco.sipcore.bans import (
    FIRST_BAN,
    LONGEST_BAN,
    MOST_FAILURES,
    WINDOW_S,
    Guesser,
    Guesses,
    address_of,
    list_banned,
    store_bans,
)


def failure(address: str = "192.0.2.1", user: str = "1001") -> dict[str, str]:
    return {"RemoteAddress": f"IPV4/UDP/{address}/5060", "AccountID": user}


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("IPV4/UDP/192.0.2.1/5060", "192.0.2.1"),
        ("IPV6/TCP/2001:db8::1/5060", "2001:db8::1"),
        ("IPV4/UDP/nonsense/1", ""),
        # The proxy itself, and somebody's pages behind it.
        ("IPV4/WS/127.0.0.1/40000", ""),
        ("IPV4/WS/127.64.0.7/40000", "127.64.0.7"),
        ("", ""),
    ],
)
def test_addresses(remote: str, address: str) -> None:
    assert address_of(remote) == address


def test_one_too_many_within_a_minute() -> None:
    guesses = Guesses()
    said = [guesses.note(failure(user="x"), now=n * 0.1) for n in range(MOST_FAILURES)]
    assert said[:-1] == [None] * (MOST_FAILURES - 1)
    assert said[-1] == Guesser("192.0.2.1", MOST_FAILURES, "x")
    assert guesses.note(failure(), now=99) is None, "it begins to count anew"


def test_a_phone_with_a_wrong_password_is_not_a_guesser() -> None:
    guesses = Guesses()
    every_s = WINDOW_S / (MOST_FAILURES - 2)
    assert all(guesses.note(failure(), now=n * every_s) is None for n in range(100))


def test_addresses_are_counted_each_for_itself() -> None:
    guesses = Guesses()
    for n in range(MOST_FAILURES - 1):
        assert guesses.note(failure("192.0.2.1"), now=n) is None
        assert guesses.note(failure("192.0.2.2"), now=n) is None


def test_an_unknown_user_is_not_named() -> None:
    guesses = Guesses()
    found = [guesses.note(failure(user="<unknown>"), now=0) for _ in range(MOST_FAILURES)][-1]
    assert found is not None
    assert found.last_user == ""


@pytest.mark.django_db
def test_who_guesses_from_his_page_is_named() -> None:
    world = make_world()
    user = make_user(world.customer, Role.EXTENSION_USER, username="ana")
    guesser = Guesser(page_address(user.pk), 10, "1002")
    store_bans(central=world.central.name, guessers=[guesser])
    assert Ban.objects.get().last_user == "ana → 1002"


@pytest.mark.django_db
def test_bans_are_stored_once_and_grow() -> None:
    world = make_world()
    guesser = Guesser("192.0.2.1", 10, "1001")
    name = world.central.name

    store_bans(central=name, guessers=[guesser])
    store_bans(central=name, guessers=[guesser])

    ban = Ban.objects.get()
    assert list_banned(central=name) == {"192.0.2.1"}
    assert list_banned(central="other") == set()
    assert abs(ban.expires_at - datetime.now(UTC) - FIRST_BAN) < timedelta(minutes=1)

    Ban.objects.update(lifted_at=datetime.now(UTC))
    assert list_banned(central=name) == set()
    for _ in range(12):
        Ban.objects.update(expires_at=datetime.now(UTC))
        store_bans(central=name, guessers=[guesser])
    assert list_banned(central=name) == {"192.0.2.1"}
    latest = Ban.objects.latest("expires_at")
    assert abs(latest.expires_at - datetime.now(UTC) - LONGEST_BAN) < timedelta(minutes=1)
