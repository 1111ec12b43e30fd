"""A central behind NAT: its address as others see it, changed while it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.asterisk.conftest import Town
from tests.support.asterisk import wait_until
from tronco.centrals.models import Central
from tronco.centrals.services import central_change
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
