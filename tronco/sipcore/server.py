"""The FastAGI server: one short conversation a call, always bounded in time.

Asterisk waits for the end of the conversation and for nothing else: a caller's hang-up does not
free it. So every request has a limit, after which the call is told nothing and the dialplan goes
its own way: emergency calls leave, others are refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from tronco.core.errors import TroncoError
from tronco.sipcore.agi import (
    MOST_BYTES,
    MOST_LINES,
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
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", self._port, limit=MOST_BYTES, backlog=1024
        )

    async def stop(self) -> None:
        """Take no more requests, and end those that are there."""
        if self._server:
            self._server.close()
        if self._running:
            await asyncio.wait(self._running, timeout=STOP_TIMEOUT_S)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        self._running.add(task)
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                await self._serve(reader, writer)
        except TimeoutError:
            logger.error("a call was not answered within %s s", REQUEST_TIMEOUT_S)
        except (OSError, asyncio.IncompleteReadError, ValueError) as problem:
            logger.warning("a call went away while it was being answered: %s", problem)
        except TroncoError as problem:
            logger.error("a call could not be answered: %s", problem)
        except Exception:
            # Its call is refused by the dialplan; the others must not suffer.
            logger.exception("a call could not be answered")
        finally:
            self._running.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines: list[str] = []
        while (line := (await reader.readline()).decode("utf-8", "replace").strip()) != "":
            lines.append(line)
            if len(lines) > MOST_LINES:
                logger.warning("not a FastAGI request: too many lines")
                return

        if not lines:
            return  # somebody looked whether we are there

        async def ask(expression: str) -> str:
            writer.write(get_variable(expression).encode())
            return parse_answer((await reader.readline()).decode("utf-8", "replace"))

        variables = await self._decide(parse_request(lines), ask)
        if variables:
            writer.write(set_variables(variables).encode())
            parse_answer((await reader.readline()).decode("utf-8", "replace"))
