"""Telephones that send what no telephone sends, to be taken for something else."""

from __future__ import annotations

import asyncio

import pytest

from tests.asterisk.conftest import Town
from tests.support.asterisk import wait_until
from tests.support.invariants import assert_invariants, open_calls
from tests.support.stage import answer, dial
from tronco.calls.models import Cdr
from tronco.circuits.models import Circuit
from tronco.core.errors import Unavailable
from tronco.demo.agent import Agent
from tronco.demo.call import Call
from tronco.demo.sip import Message
from tronco.sipcore.ami import Manager

pytestmark = pytest.mark.asterisk


def record_of(circuit: Circuit) -> Cdr:
    records = Cdr.objects.filter(circuit=circuit)
    wait_until(records.exists, f"a record of {circuit}'s call")
    return records.get()


def ordinary(agent: Agent, parameters: str = "") -> str:
    return f"<sip:{agent.account.username}@{agent.address}:{agent.port}{parameters}>"


@pytest.mark.parametrize(
    "dialled",
    [
        "1%3Awhisper,s,1",  # would listen to whoever is talking
        "1133334444%3Adial,1133334444,3",
        "1133334444,7",
        "1133334444%0A",
        "11%22%24%7BAMI%7D",
        # What follows `)` and a colon is an offset to Asterisk, and not looked at.
        "1)%3Awhisper,s,1",
        "1133334444)%0A%3A,phone",
    ],
)
def test_a_number_leads_nowhere_else_in_the_dialplan(town: Town, dialled: str) -> None:
    talking, hostile = town.world.circuit(), town.world.circuit()
    victim, phone = town.stage.phone(talking), town.stage.phone(hostile)

    async def scene() -> int:
        call = await victim.call("1133334444")
        assert await call.wait_answered()
        attempt = await dial(phone, dialled, talk_s=0)
        await call.hang_up()
        return attempt.status

    assert town.stage.play(scene()) == 484
    record = record_of(hostile)
    assert (record.outcome, record.reason, record.price_u) == ("refused", "invalid-number", 0)


@pytest.mark.parametrize(
    "line", ["agi_channel%3A%20PJSIP/{victim}-00000001", "agi_uniqueid%3A%20x"]
)
def test_a_caller_cannot_call_at_another_s_expense(town: Town, line: str) -> None:
    """What the From header says reaches sipcore as one line among others."""
    victim, thief = town.world.circuit(), town.world.circuit()
    phone = town.stage.phone(thief)
    caller = f"{thief.number}%0A{line.format(victim=victim.number)}"

    call = town.stage.play(dial(phone, "1133334444", talk_s=3.2, caller=caller))

    assert call.status == 200
    record = record_of(thief)
    assert (record.caller, record.price_u) == ("", 50_000)
    assert not Cdr.objects.filter(circuit=victim).exists()
    wait_until(lambda: not open_calls(), "no call is open")
    assert_invariants(town.exchange.settings.spool)


@pytest.mark.parametrize(
    "contact",
    [
        "<sip:x,60,gm@{address}:{port}>",  # options of Dial
        "<sip:x&PJSIP/trunk~{trunk}/sip:1133337777@{address}:{port}>",  # a second call
        "<sip:1133338888@{address}:{port};maddr=127.0.0.2>",  # the call goes to the carrier
        # A second call and other options, behind what looks like an offset.
        "<sip:h)&PJSIP/{number},60,m:0@{address}:{port}>",
        "<sip:h):0,60,U(whisper)@{address}:{port}>",
    ],
)
def test_a_registration_is_no_way_to_a_carrier(
    town: Town, monkeypatch: pytest.MonkeyPatch, contact: str
) -> None:
    caller, hostile = town.world.circuit(), town.world.circuit()
    phone = town.stage.phone(caller)
    other = town.stage.phone(hostile, registered=False)
    said = contact.format(
        address=other.address, port=other.port, trunk=town.world.trunk.pk, number=hostile.number
    )
    monkeypatch.setattr(
        Agent, "contact", property(lambda agent: said if agent is other else ordinary(agent))
    )
    assert town.stage.play(other.register()) == 200

    call = town.stage.play(dial(phone, hostile.number, talk_s=0))

    assert call.status == 480, "as if nobody were registered"
    assert record_of(caller).outcome == "failed"
    assert town.carrier.calls == []


@pytest.mark.parametrize("target", ["1133337777", "190", "{victim}", "1%3Awhisper,s,1"])
def test_a_phone_that_redirects_a_call_does_not_place_one(
    town: Town, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    caller, redirecting, victim = (town.world.circuit() for _ in range(3))
    phone = town.stage.phone(caller)
    user = target.format(victim=victim.number)

    async def redirect(call: Call) -> None:
        monkeypatch.setattr(
            Agent, "contact", property(lambda agent: f"<sip:{user}@{agent.server[0]}>")
        )
        call.refuse(302)

    town.stage.phone(redirecting, on_call=redirect)

    call = town.stage.play(dial(phone, redirecting.number, talk_s=0))

    assert call.status >= 400
    assert town.carrier.calls == []
    assert record_of(caller).price_u == 0
    wait_until(lambda: not open_calls(), "no call is open")


def test_an_ordinary_registration_with_parameters_rings(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller, called = town.world.circuit(), town.world.circuit()
    phone = town.stage.phone(caller)
    monkeypatch.setattr(
        Agent, "contact", property(lambda agent: ordinary(agent, ";transport=udp;rinstance=a1;ob"))
    )
    town.stage.phone(called, on_call=answer)
    call = town.stage.play(dial(phone, called.number, talk_s=0.2))
    assert call.status == 200


@pytest.mark.parametrize("number", ["1", "aaaaaaaaaa)%3A1%3A1("])
def test_a_diversion_header_does_not_speak_for_the_dialplan(
    town: Town, monkeypatch: pytest.MonkeyPatch, number: str
) -> None:
    victim, thief = town.world.circuit(), town.world.circuit()
    phone = town.stage.phone(thief)
    forged = f"{number}%0Aagi_arg_1%3A%20x%0Aagi_extension%3A%20{victim.number}"
    plain = Call._request

    def request(call: Call, method: str, extra: list[tuple[str, str]] | None = None) -> Message:
        return plain(call, method, [*(extra or []), ("diversion", f"<sip:{forged}@x>")])

    monkeypatch.setattr(Call, "_request", request)

    call = town.stage.play(dial(phone, "1133334444", talk_s=0.2))

    assert call.status == 200
    assert record_of(thief).called == "+551133334444"
    assert [taken.dialled for taken in town.carrier.calls] == ["551133334444"]


LINES = "%0D%0AUniqueid%3A%20forged%0D%0A%0D%0AEvent%3A%20Forged%0D%0AUptime%3A%200"


def test_a_caller_writes_no_line_of_the_switch_s_lists(town: Town) -> None:
    """Asterisk decodes what stands in an address, and lists it while the call is new."""
    phone = town.stage.phone(town.world.circuit())
    node = town.exchange.settings
    rows, events = [], []

    async def listen(manager: Manager) -> None:
        async for event in manager.events():
            events.append(event["Event"])

    async def look(manager: Manager) -> None:
        while True:
            try:
                rows.extend(await manager.list_of("CoreShowChannels"))
            except Unavailable as problem:
                if problem.code != "ami-spoilt":
                    raise

    async def scene() -> None:
        manager = await Manager.connect(port=node.ami_port, user="tronco", secret=node.ami_secret)
        watching = [asyncio.create_task(one(manager)) for one in (listen, look)]
        for _number in range(30):
            call = await phone.call(f"11{LINES}", caller=f"{phone.account.username}{LINES}")
            await call.wait_ended(10)
        call = await phone.call("1133334444")
        assert await call.wait_answered()
        await asyncio.sleep(0.2)
        await call.hang_up()
        for task in watching:
            task.cancel()
        await manager.close()

    town.stage.play(scene())
    assert {row["Uniqueid"].partition("-")[0] for row in rows} == {"node1"}
    assert "Forged" not in events
