"""Hears of changed configuration and of credits, over a connection of its own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import psycopg
from psycopg import AsyncConnection

from tronco.charging.notify import CONFIG, CREDIT

log = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S: Final = 5
_RETRY_S: Final = (0.2, 0.5, 1.0)
# A server that vanished without a word (power, cable) is noticed by asking now and then.
_SILENCE_S: Final = 10.0


class Listener:
    """Listens until cancelled, and connects again whenever the connection is lost.

    `on_connected` is awaited when it begins to hear, `on_lost` called when it no longer does.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        on_connected: Callable[[], Awaitable[None]],
        on_lost: Callable[[], None],
        on_config: Callable[[str], None],
        on_credit: Callable[[int], None],
    ) -> None:
        self._conninfo = conninfo
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._on_config = on_config
        self._on_credit = on_credit

    async def run(self) -> None:
        attempt = 0
        while True:
            try:
                connection = await AsyncConnection.connect(
                    self._conninfo, autocommit=True, connect_timeout=_CONNECT_TIMEOUT_S
                )
                async with connection:
                    await connection.execute(f"LISTEN {CONFIG}")
                    await connection.execute(f"LISTEN {CREDIT}")
                    await self._on_connected()
                    attempt = 0
                    await self._hear(connection)
            except (psycopg.OperationalError, TimeoutError) as error:
                log.warning("the database does not answer: %s", error)
            finally:
                self._on_lost()
            await asyncio.sleep(_RETRY_S[min(attempt, len(_RETRY_S) - 1)])
            attempt += 1

    async def _hear(self, connection: AsyncConnection) -> None:
        while True:
            async for notice in connection.notifies(timeout=_SILENCE_S):
                if notice.channel == CREDIT:
                    self._on_credit(int(notice.payload))
                else:
                    self._on_config(notice.payload)
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                await connection.execute("SELECT 1")
