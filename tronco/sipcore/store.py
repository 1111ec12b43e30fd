"""Django's side of an asynchronous process: its work runs in threads of its own, one a purpose.

Recording calls must not wait behind a list of registrations, and neither may hold up a call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, close_old_connections, connection

from tronco.core.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")


class Store:
    """One thread with one connection; what is asked of it runs one after the other."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run it in the thread; Unavailable when the database cannot be reached."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, partial(_guarded, work, *args, **kwargs))

    def close(self) -> None:
        self._executor.submit(connection.close)
        self._executor.shutdown(wait=True)


def _guarded(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    close_old_connections()
    try:
        return work(*args, **kwargs)
    except (OperationalError, InterfaceError) as problem:
        connection.close()
        raise Unavailable(
            f"the database cannot be reached: {problem}", code="database-away"
        ) from problem
