"""Who guesses passwords is kept out within seconds; who lives behind a phone's address is not."""

from __future__ import annotations

import asyncio
import secrets
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore

from tests.asterisk.conftest import Town
from tests.support.asterisk import REALM, wait_until
from tests.support.page_phone import PageConnection
from tests.support.stage import dial
from tests.support.web import make_user
from tests.support.world import PASSWORD
from tronco.centrals.models import Ban
from tronco.circuits.digest import digests_of
from tronco.circuits.models import PagePhone
from tronco.circuits.page_phones import PREFIX, page_address
from tronco.demo.agent import Account, Agent
from tronco.identity.roles import Role
from tronco.sipcore.bans import MOST_FAILURES

pytestmark = pytest.mark.asterisk


def guess(town: Town, agent: Agent, times: int = MOST_FAILURES) -> list[int]:
    async def scene() -> list[int]:
        return [await agent.register() for _ in range(times)]

    return town.stage.play(scene())


def attacker(town: Town, address: str, user: str) -> Agent:
    agent = Agent(town.stage.server, Account(user, "123456"))
    town.stage.play(agent.open(address))
    return agent


def bans_of(address: str):  # type: ignore[no-untyped-def]
    return Ban.objects.filter(address=address)


def test_a_guesser_is_banned_within_seconds_and_returns_when_lifted(town: Town) -> None:
    victim = town.world.circuit()
    phone = town.stage.phone(victim)
    agent = attacker(town, "127.0.0.50", victim.number)

    assert set(guess(town, agent)) == {401}

    wait_until(lambda: guess(town, agent, 1) == [403], "it is kept out", timeout_s=3)
    ban = bans_of("127.0.0.50").get()
    assert (ban.last_user, ban.attempts) == (victim.number, MOST_FAILURES)
    assert ban.expires_at > datetime.now(UTC)
    # The phone next door calls as if nothing were.
    assert town.stage.play(phone.register()) == 200
    assert town.stage.play(dial(phone, "1133334444", talk_s=0.1)).status == 200

    bans_of("127.0.0.50").update(lifted_at=datetime.now(UTC), lifted_by="Ana")
    wait_until(lambda: guess(town, agent, 1) == [401], "it may try again", timeout_s=3)
    town.stage.play(agent.close())


def test_a_ban_ends_by_itself(town: Town) -> None:
    agent = attacker(town, "127.0.0.51", "qualquer")
    guess(town, agent)
    wait_until(bans_of("127.0.0.51").exists, "it is banned", timeout_s=3)

    bans_of("127.0.0.51").update(expires_at=datetime.now(UTC))

    wait_until(lambda: guess(town, agent, 1) == [401], "it may try again", timeout_s=8)
    town.stage.play(agent.close())


def test_an_address_of_a_registered_phone_is_never_banned(town: Town) -> None:
    phone = town.stage.phone(town.world.circuit(), address="127.0.0.52")
    agent = attacker(town, "127.0.0.52", "qualquer")

    assert set(guess(town, agent, 3 * MOST_FAILURES)) == {401}

    assert not bans_of("127.0.0.52").exists()
    assert town.stage.play(phone.register()) == 200
    town.stage.play(agent.close())


def test_a_carrier_s_address_is_never_banned(town: Town) -> None:
    agent = attacker(town, "127.0.0.2", "qualquer")

    guess(town, agent, 2 * MOST_FAILURES)

    assert not bans_of("127.0.0.2").exists()
    town.stage.play(agent.close())


def test_who_guesses_from_a_page_is_kept_out_and_other_pages_are_not(town: Town) -> None:
    """Although he is signed in and his own telephone is registered; the proxy has no ban."""
    guesser, neighbour = (page_of(town, f"{name}-{time.monotonic_ns()}") for name in "ab")
    victim = town.world.circuit()

    async def scene() -> None:
        own = await open_page(town, guesser)
        assert await own.register(guesser.name, PASSWORD) == 200
        guesses = [await own.register(victim.number, "123456") for _ in range(MOST_FAILURES)]
        assert set(guesses) == {401}
        async with asyncio.timeout(10):
            while await own.register(victim.number, "123456") != 403:
                await asyncio.sleep(0.1)
        again = await open_page(town, guesser)
        assert await again.register(guesser.name, PASSWORD) == 403, "another connection"
        other = await open_page(town, neighbour)
        assert await other.register(neighbour.name, PASSWORD) == 200
        for connection in (own, again, other):
            connection.close()

    town.stage.play(scene())
    ban = bans_of(page_address(guesser.user_id)).get()
    assert ban.last_user == f"{guesser.user.username} → {victim.number}"
    bans_of(ban.address).update(lifted_at=datetime.now(UTC))


def test_a_proxy_that_names_nobody_is_never_banned(town: Town) -> None:
    victim = town.world.circuit()

    async def scene() -> None:
        page = await PageConnection.open(town.exchange.settings.page_port, address="127.0.0.1")
        guesses = [await page.register(victim.number, "1") for _ in range(2 * MOST_FAILURES)]
        assert set(guesses) == {401}
        await asyncio.sleep(1)
        assert await page.register(victim.number, PASSWORD) == 200
        assert await page.register(victim.number, PASSWORD, expires_s=0) == 200
        page.close()

    town.stage.play(scene())
    assert not bans_of("127.0.0.1").exists()


async def open_page(town: Town, phone: PagePhone) -> PageConnection:
    """As the proxy does for whose telephone it is."""
    port = town.exchange.settings.page_port
    return await PageConnection.open(port, address=page_address(phone.user_id))


def page_of(town: Town, username: str) -> PagePhone:
    """The telephone of a page that somebody has open."""
    user = make_user(town.world.customer, Role.EXTENSION_USER, username=username)
    circuit = town.world.circuit(user=user)
    name = f"{PREFIX}{circuit.number}~{secrets.token_hex(6)}"
    session = SessionStore()
    session.create()
    return PagePhone.objects.create(
        name=name,
        circuit=circuit,
        tenant=circuit.tenant,
        user=user,
        session_id=str(session.session_key),
        ha1_md5=digests_of(name, PASSWORD, realm=REALM).ha1_md5,
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )
