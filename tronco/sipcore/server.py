"""The FastAGI server: one short conversation a call, always bounded in time.

Asterisk waits for the end of the conversation and for nothing else: a caller's hang-up does not
free it. So every request has a limit, after which the call is told nothing and the dialplan goes
its own way: emergency calls leave, others are refused.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from tronco.core.errors import TroncoError, Unavailable
from tronco.sipcore.agi import (
    MOST_BYTES,
    AgiRequest,
    get_variable,
    parse_answer,
    parse_request,
    set_variables,
)

logger = logging.getLogger(__name__)
REQUEST_TIMEOUT_S = 4.0
# A stop lets requests that are being answered end.
STOP_TIMEOUT_S = 2.0
Ask = Callable[[str], Awaitable[str]]
Decide = Callable[[AgiRequest, Ask], Awaitable[Mapping[str, str]]]


class AgiServer:
    """Hands each request to `decide` and tells Asterisk the variables it returns."""

    def __init__(self, decide: Decide, *, port: int) -> None:
        self._decide = decide
        self._port = port
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Conversation(self._answer), "127.0.0.1", self._port, backlog=1024
        )

    async def stop(self) -> None:
        """Take no more requests, and end those that are there."""
        if self._server:
            self._server.close()
        if self._running:
            await asyncio.wait(self._running, timeout=STOP_TIMEOUT_S)

    def _answer(self, conversation: _Conversation, lines: list[str]) -> asyncio.Task[None]:
        task = asyncio.create_task(self._converse(conversation, lines))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _converse(self, conversation: _Conversation, lines: list[str]) -> None:
        async def ask(expression: str) -> str:
            return await conversation.command(get_variable(expression))

        try:
            variables = await self._decide(parse_request(lines), ask)
            if variables:
                await conversation.command(set_variables(variables))
        except TroncoError as problem:
            logger.warning("a call could not be answered: %s", problem)
        except Exception:
            # Its call is refused by the dialplan; the others must not suffer.
            logger.exception("a call could not be answered")
        finally:
            conversation.close()


class _Conversation(asyncio.Protocol):
    """One connection. Written close to the socket: it is the way of every call."""

    def __init__(self, begin: Callable[[_Conversation, list[str]], asyncio.Task[None]]) -> None:
        self._begin = begin
        self._task: asyncio.Task[None] | None = None
        self._received = b""
        self._answer: asyncio.Future[str] | None = None

    async def command(self, line: str) -> str:
        """Send a command and return the value in its answer; Unavailable when none comes."""
        if self._transport.is_closing():
            raise Unavailable("the call went away", code="call-gone")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(line.encode())
        return parse_answer(await self._answer)

    def close(self) -> None:
        self._limit.cancel()
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        loop = asyncio.get_running_loop()
        self._limit = loop.call_later(REQUEST_TIMEOUT_S, self._give_up)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) > MOST_BYTES:
            logger.warning("not a FastAGI request: too long")
            self._transport.abort()
        elif self._task is None:
            head, end, rest = self._received.partition(b"\n\n")
            if end:
                self._received = rest
                self._task = self._begin(self, head.decode("utf-8", "replace").splitlines())
        elif b"\n" in self._received and self._answer and not self._answer.done():
            line, _, self._received = self._received.partition(b"\n")
            self._answer.set_result(line.decode("utf-8", "replace"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._limit.cancel()
        if self._answer and not self._answer.done():
            self._answer.set_exception(Unavailable("the call went away", code="call-gone"))

    def _give_up(self) -> None:
        logger.error("a call was not answered within %s s", REQUEST_TIMEOUT_S)
        if self._task:
            self._task.cancel()
        self._transport.abort()
