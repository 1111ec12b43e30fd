"""Call control's own way to the database: questions in passing, and notices of what changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import psycopg
from django.conf import settings
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tronco.core.errors import Unavailable

logger = logging.getLogger(__name__)
# A call waits for these answers.
PATIENCE_S = 1.0
RETRY_S = 0.3
# A server that vanished without a word is noticed by asking now and then.
SILENCE_S = 5.0
_UNREACHABLE = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, TimeoutError)


def conninfo() -> str:
    """The database of Django's settings."""
    database: dict[str, Any] = settings.DATABASES["default"]
    return make_conninfo(
        host=database["HOST"],
        port=database["PORT"],
        user=database["USER"],
        password=database["PASSWORD"],
        dbname=database["NAME"],
        connect_timeout=5,
    )


class Questions:
    """A few connections for short reads."""

    def __init__(self) -> None:
        self._pool: AsyncConnectionPool[AsyncConnection] | None = None
        self.is_up = False

    async def open(self) -> None:
        """Begin, or begin anew after the database was away."""
        dead, self._pool = self._pool, None
        if dead:
            await dead.close(timeout=0)
        self._pool = AsyncConnectionPool(
            conninfo(), min_size=1, max_size=4, open=False, timeout=PATIENCE_S,
            kwargs={"autocommit": True},
        )  # fmt: skip
        await self._pool.open()
        self.is_up = True

    async def close(self) -> None:
        if self._pool:
            await self._pool.close(timeout=1)

    async def fetch(self, query: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """Return the rows; Unavailable, at once, while the database is known to be away."""
        if self._pool is None or not self.is_up:
            raise Unavailable("the database is away", code="database-away")
        try:
            async with asyncio.timeout(PATIENCE_S), self._pool.connection() as connection:
                cursor = await connection.execute(query, parameters)
                return await cursor.fetchall()
        except _UNREACHABLE as problem:
            raise Unavailable(
                f"the database cannot be reached: {problem}", code="database-away"
            ) from problem


async def listen(
    channels: Mapping[str, Callable[[str], None]],
    *,
    on_connected: Callable[[], Awaitable[None]],
    on_lost: Callable[[], None],
) -> None:
    """Hear the channels until cancelled; connect again whenever the connection is lost."""
    while True:
        try:
            connection = await AsyncConnection.connect(
                conninfo(), autocommit=True, application_name="sipcore-listener"
            )
            async with connection:
                for channel in channels:
                    await connection.execute(f"LISTEN {channel}")
                await on_connected()
                await _hear(connection, channels)
        except _UNREACHABLE as problem:
            logger.warning("the database is away: %s", problem)
        finally:
            on_lost()
        await asyncio.sleep(RETRY_S)


async def _hear(connection: AsyncConnection, channels: Mapping[str, Callable[[str], None]]) -> None:
    while True:
        async for notice in connection.notifies(timeout=SILENCE_S):
            channels[notice.channel](notice.payload)
        async with asyncio.timeout(SILENCE_S):
            await connection.execute("SELECT 1")
