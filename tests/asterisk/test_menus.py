"""IVR menus on real calls: what was heard, what rang, who paid."""

from __future__ import annotations

import asyncio

import pytest

from tests.asterisk.conftest import Town
from tests.asterisk.numbers import assert_settled, record_of
from tests.support.hearing import Ears
from tests.support.stage import answer
from tests.support.voice import (
    call_in,
    make_did,
    make_menu,
    ref,
    wait_for_configuration,
)
from tronco.demo.call import Call

pytestmark = pytest.mark.asterisk


@pytest.mark.parametrize("by_info", [False, True], ids=["rfc4733", "info"])
def test_a_key_rings_a_line(town: Town, ears: Ears, *, by_info: bool) -> None:
    line = town.world.circuit()
    menu = make_menu(line.tenant, {"1": {"action": "circuit", "circuit": line}})
    did = make_did("menu", tenant=line.tenant, menu=menu)
    rang: list[str] = []

    async def pick_up(call: Call) -> None:
        rang.append(call.caller)
        await answer(call)

    town.stage.phone(line, on_call=pick_up)
    wait_for_configuration(town.exchange)

    async def scene() -> Call:
        call = await call_in(town.carrier.agent, did.raw)
        assert await call.wait_answered(), call.status
        await ears.wait(call, ref(menu.greeting), start_s=0.3)
        await call.press("1", by_info=by_info)
        await asyncio.sleep(2.5)
        await call.hang_up()
        return call

    call = town.stage.play(scene())

    assert rang == ["1140028922"]
    arrived = record_of(did, direction="in")
    assert (arrived.outcome, arrived.price_u, arrived.reason) == ("answered", 0, "")
    assert abs(arrived.duration_ms - call.seconds * 1000) < 300
    rung = record_of(did, direction="internal")
    assert (rung.outcome, rung.circuit_id, rung.price_u) == ("answered", line.pk, 0)
    assert rung.explanation["linked"] == arrived.call_id
    assert_settled(town)
