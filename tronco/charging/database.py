"""The gateway's connections: a pool for what it asks, and one more that listens.

Every wait is bounded, and a server that went away and came back is found again within seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Final

import psycopg
from django.conf import settings
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tronco.charging.decks import Row
from tronco.charging.listener import Listener
from tronco.core.errors import Unavailable

Pool = AsyncConnectionPool[AsyncConnection]
_UNREACHABLE: Final = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, TimeoutError)


class Database:
    """Open it before use.

    `on_fresh` is called whenever it begins to hear of changes (whatever was read before may be
    old), `on_stale` when it no longer does, `on_config` and `on_credit` for each notice.
    """

    def __init__(
        self,
        conninfo: str | None,
        *,
        connections: int,
        patience_s: float,
        on_fresh: Callable[[], None],
        on_stale: Callable[[], None],
        on_config: Callable[[str], None],
        on_credit: Callable[[int], None],
    ) -> None:
        self._conninfo = conninfo or _conninfo()
        self._connections = connections
        self._patience_s = patience_s
        self._on_fresh = on_fresh
        self._pool = self._new_pool()
        self._listener = Listener(
            self._conninfo,
            on_connected=self._connected,
            on_lost=on_stale,
            on_config=on_config,
            on_credit=on_credit,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._connected_once = asyncio.Event()

    async def open(self) -> None:
        """Begin; a server that does not answer yet is waited for a moment, then gone without."""
        await self._pool.open()
        self._start(self._listener.run())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._connected_once.wait(), self._patience_s)

    async def ready(self) -> None:
        """Wait for the connections that are kept open."""
        await self._pool.wait()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._pool.close()

    def connection(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._pool.connection()

    async def fetch(
        self, query: str, parameters: Sequence[Any] | Mapping[str, Any] = ()
    ) -> list[Row]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(query, parameters)
            return await cursor.fetchall()

    @asynccontextmanager
    async def bounded(self, seconds: float | None = None) -> AsyncIterator[None]:
        """Raise Unavailable when what is inside takes too long, or finds no server."""
        try:
            async with asyncio.timeout(self._patience_s if seconds is None else seconds):
                yield
        except _UNREACHABLE as error:
            raise Unavailable(f"charging cannot be reached: {error}", code="unreachable") from error

    async def _connected(self) -> None:
        # The pool waits longer and longer for a server that does not answer; ours just has.
        if self._connected_once.is_set():
            dead, self._pool = self._pool, self._new_pool()
            await self._pool.open()
            self._start(_close(dead))
        self._on_fresh()
        self._connected_once.set()

    def _new_pool(self) -> Pool:
        milliseconds = int(self._patience_s * 1000)
        return AsyncConnectionPool(
            self._conninfo,
            min_size=min(2, self._connections),
            max_size=self._connections,
            open=False,
            timeout=self._patience_s,
            kwargs={
                "autocommit": True,
                # A hold is a promise, not money: see the gate for what a crash may take of them.
                # All we ask is by key: a plan made while a table was small must not scan it later.
                "options": "-c synchronous_commit=off -c enable_seqscan=off "
                f"-c statement_timeout={milliseconds}",
            },
        )

    def _start(self, job: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _close(pool: Pool) -> None:
    with suppress(psycopg.Error, TimeoutError):
        await pool.close()


def _conninfo() -> str:
    """The database of Django's settings, without the web's role: call control is the system."""
    database: dict[str, Any] = settings.DATABASES["default"]
    return make_conninfo(
        host=database["HOST"],
        port=database["PORT"],
        user=database["USER"],
        password=database["PASSWORD"],
        dbname=database["NAME"],
        connect_timeout=5,
    )
