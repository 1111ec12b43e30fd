"""Who guesses passwords is kept out within seconds; who lives behind a phone's address is not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.asterisk.conftest import Town
from tests.support.asterisk import wait_until
from tests.support.stage import dial
from tronco.centrals.models import Ban
from tronco.demo.agent import Account, Agent
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
