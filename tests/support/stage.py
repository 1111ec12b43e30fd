"""Telephones and carriers for tests, played on an event loop of their own.

The tests themselves stay plain functions, which may use Django's database between the lines.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.support.world import PASSWORD
from tronco.circuits.models import Circuit
from tronco.demo.agent import Account, Agent
from tronco.demo.call import Call

T = TypeVar("T")
Behaviour = Callable[[Call], Coroutine[Any, Any, None]]


async def answer(call: Call) -> None:
    """Ring a moment, then answer and listen, until the other side hangs up."""
    call.ring()
    await asyncio.sleep(0.05)
    await call.accept()


async def answer_without_audio(call: Call) -> None:
    call.ring()
    await asyncio.sleep(0.05)
    await call.accept(media=False)


async def ring(call: Call) -> None:
    """Ring until the other side gives up."""
    call.ring()


def refuse(status: int, *, cause: int = 0, ring_first: bool = False) -> Behaviour:
    """Turn the call down."""

    async def behaviour(call: Call) -> None:
        if ring_first:
            call.ring()
            await asyncio.sleep(0.05)
        call.refuse(status, cause=cause)

    return behaviour


@dataclass
class Carrier:
    """A carrier's switch at an address of its own; what it was called with is kept."""

    agent: Agent
    by_number: dict[str, Behaviour] = field(default_factory=dict)
    otherwise: Behaviour = answer
    calls: list[Call] = field(default_factory=list)

    async def take(self, call: Call) -> None:
        self.calls.append(call)
        await self.by_number.get(call.dialled, self.otherwise)(call)

    def called(self, dialled: str) -> list[Call]:
        return [call for call in self.calls if call.dialled == dialled]

    async def talk(self, dialled: str, seconds: float) -> Call:
        """Wait until a number was reached and answered, and let them talk."""
        deadline = asyncio.get_running_loop().time() + 20
        while not self.called(dialled):
            assert asyncio.get_running_loop().time() < deadline, f"{dialled} was not called"
            await asyncio.sleep(0.05)
        call = self.called(dialled)[-1]
        assert await call.wait_answered(), call.status
        await asyncio.sleep(seconds)
        return call


class Stage:
    """The loop and everybody on it. `play` runs a scene and returns what it returns."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.server = server
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._agents: list[Agent] = []

    def play(self, scene: Coroutine[Any, Any, T], *, timeout_s: float = 120) -> T:
        return asyncio.run_coroutine_threadsafe(scene, self._loop).result(timeout_s)

    def phone(
        self,
        circuit: Circuit,
        *,
        registered: bool = True,
        password: str = PASSWORD,
        address: str = "127.0.0.1",
        on_call: Behaviour | None = None,
    ) -> Agent:
        """A telephone with a circuit's name and password."""
        agent = Agent(self.server, Account(circuit.number, password), on_call=on_call)
        self._open(agent, address)
        if registered:
            status = self.play(agent.register())
            assert status == 200, f"{circuit.number} could not register: {status}"
        return agent

    def carrier(self, address: str, port: int) -> Carrier:
        agent = Agent(self.server)
        carrier = Carrier(agent)
        agent.on_call = carrier.take
        self._open(agent, address, port)
        return carrier

    def hang_up_all(self) -> None:
        """Leave no call behind, whatever a scene came to."""

        async def scene() -> None:
            with suppress(TimeoutError):  # a switch that was killed does not answer
                async with asyncio.timeout(3):
                    await asyncio.gather(*(agent.hang_up_all() for agent in self._agents))

        self.play(scene())

    def close(self) -> None:
        for agent in self._agents:
            self.play(agent.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _open(self, agent: Agent, address: str, port: int = 0) -> None:
        self.play(agent.open(address, port))
        self._agents.append(agent)


async def dial(phone: Agent, number: str, *, talk_s: float | None = None, **options: Any) -> Call:
    """Call, and hang up after `talk_s` of conversation (None: never); return when it is over."""
    call = await phone.call(number, **options)
    if await call.wait_answered() and talk_s is not None:
        await asyncio.sleep(talk_s)
        await call.hang_up()
    await call.wait_ended(60)
    return call


async def together(*scenes: Awaitable[T]) -> list[T]:
    return list(await asyncio.gather(*scenes))
