"""NAT on either side: the central's address as others see it, and telephones behind routers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.asterisk.conftest import Town
from tests.support.asterisk import wait_until
from tests.support.stage import answer
from tests.support.world import PASSWORD
from tronco.centrals.models import Central
from tronco.centrals.services import central_change
from tronco.demo.agent import Account, Agent
from tronco.demo.call import Call
from tronco.tenancy.access import SYSTEM

pytestmark = pytest.mark.asterisk
SEEN = "203.0.113.7"


@pytest.fixture(autouse=True)
def as_before(town: Town) -> Iterator[None]:
    yield
    see_as(town, None)


def see_as(town: Town, address: str | None) -> None:
    central = Central.objects.get(pk=town.world.central.pk)
    central_change(
        actor=SYSTEM,
        central_id=central.pk,
        host=central.host,
        sip_port=central.sip_port,
        external_address=address,
        description=central.description,
        is_active=True,
    )
    wait_until(
        lambda: (
            (SEEN in town.exchange.node.rx("pjsip show transport udp")) is (address is not None)
        ),
        "the switch has heard of it",
    )


def test_a_telephone_behind_a_router_calls_is_called_and_hears(town: Town) -> None:
    """All that it says of its address is what nobody reaches; its packets tell where it is."""
    line = town.world.circuit()
    hidden = Agent(town.stage.server, Account(line.number, PASSWORD), on_call=answer)
    hidden.claimed = "192.168.77.9"
    town.stage.play(hidden.open())
    assert town.stage.play(hidden.register()) == 200
    neighbour = town.stage.phone(town.world.circuit())
    town.carrier.otherwise = speak

    async def scene() -> None:
        out = await hidden.call("1133334444", tone_hz=700)
        assert await out.wait_answered(), out.status
        (far,) = town.carrier.calls
        await asyncio.sleep(1.5)
        assert out.audio is not None and far.audio is not None
        assert len(out.audio.sounds) > 25 and len(far.audio.sounds) > 25, "both are heard"
        await far.hang_up()
        await out.wait_ended(5)
        arriving = await neighbour.call(line.number)
        assert await arriving.wait_answered(), arriving.status
        await asyncio.sleep(1)
        assert arriving.audio is not None and arriving.audio.packets_in > 25
        await arriving.hang_up()

    try:
        town.stage.play(scene())
    finally:
        town.stage.play(hidden.close())


async def speak(call: Call) -> None:
    call.ring()
    await asyncio.sleep(0.1)
    await call.accept(tone_hz=1100)


def test_a_change_counts_at_once_and_ends_no_call(town: Town) -> None:
    phone = town.stage.phone(town.world.circuit())

    async def begin() -> Call:
        call = await phone.call("1133334444")
        assert await call.wait_answered(), call.status
        return call

    call = town.stage.play(begin())
    see_as(town, SEEN)
    told = town.exchange.node.rx("pjsip show transport tcp")
    assert "external_signaling_address" in told and SEEN in told

    async def end() -> None:
        await asyncio.sleep(1)
        assert call.ended_at is None and call.audio is not None
        before = call.audio.packets_in
        await asyncio.sleep(1)
        assert call.audio.packets_in - before > 30, "it is heard as before"
        await call.hang_up()

    town.stage.play(end())
    # Whoever is near is told the address that is near.
    near = town.stage.play(begin())
    assert SEEN not in near.remote_uri
    town.stage.play(near.hang_up())
