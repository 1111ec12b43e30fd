"""The FastAGI server on a socket: every conversation ends, in time, whatever comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import pytest

from tronco.core.errors import Unavailable
from tronco.runtime.ports import choose_port
from tronco.sipcore import server as module
from tronco.sipcore.agi import AgiRequest
from tronco.sipcore.server import AgiServer, Ask

HEAD = (
    b"agi_request: agi://x/outgoing\nagi_channel: PJSIP/1001-1\n"
    b"agi_uniqueid: node1-1.1\nagi_extension: 190\n\n"
)


async def answer(request: AgiRequest, ask: Ask) -> Mapping[str, str]:
    return {"CALL": request.call_id, "VERDICT": "dial"}


async def ask_first(request: AgiRequest, ask: Ask) -> Mapping[str, str]:
    return {"VERDICT": await ask("WHO")}


async def hang(request: AgiRequest, ask: Ask) -> Mapping[str, str]:
    await asyncio.sleep(60)
    return {}


async def fail(request: AgiRequest, ask: Ask) -> Mapping[str, str]:
    raise RuntimeError("a mistake of ours")


async def refuse(request: AgiRequest, ask: Ask) -> Mapping[str, str]:
    raise Unavailable("not now")


def talk(decide: module.Decide, *said: bytes) -> list[bytes]:
    """What the server says to what Asterisk says, line by line, until it closes."""

    async def scene() -> list[bytes]:
        port = choose_port()
        server = AgiServer(decide, port=port)
        await server.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        heard = []
        for part in said:
            writer.write(part)
            if part.endswith(b"\n"):
                heard.append(await reader.readline())
        heard.append(await reader.read())
        writer.close()
        await server.stop()
        return heard

    return asyncio.run(asyncio.wait_for(scene(), 10))


def test_a_call_is_told_its_verdict() -> None:
    assert talk(answer, HEAD, b"200 result=0\n") == [
        b'EXEC MSet "CALL=node1-1.1,VERDICT=dial"\n',
        b"",
        b"",
    ]


def test_a_request_may_come_in_pieces() -> None:
    assert talk(answer, HEAD[:20], HEAD[20:])[0].startswith(b"EXEC MSet")


def test_a_variable_can_be_asked_for() -> None:
    assert talk(ask_first, HEAD, b"200 result=1 (dial)\n", b"200 result=0\n") == [
        b'GET FULL VARIABLE "${WHO}"\n',
        b'EXEC MSet "VERDICT=dial"\n',
        b"",
        b"",
    ]


@pytest.mark.parametrize("decide", [fail, refuse])
def test_who_cannot_decide_says_nothing(decide: module.Decide) -> None:
    assert talk(decide, HEAD) == [b"", b""]


def test_a_request_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REQUEST_TIMEOUT_S", 0.3)
    began = time.monotonic()
    assert talk(hang, HEAD) == [b"", b""]
    assert time.monotonic() - began < 3


def test_what_is_not_agi_is_thrown_out() -> None:
    assert talk(answer, b"x" * 40_000) == [b""]


def test_silence_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REQUEST_TIMEOUT_S", 0.3)
    assert talk(answer, b"agi_request: agi://x/outgoing") == [b""]
