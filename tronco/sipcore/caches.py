"""What Asterisk remembers of endpoints, from files and from the database alike.

A reload does not empty these memories (see `sorcery.conf`): what changed must be forgotten by name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from tronco.core.errors import Unavailable
from tronco.sipcore.ami import Manager

CACHES: Final = ("res_pjsip/endpoint", "res_pjsip/auth", "res_pjsip/aor")
# More than this and forgetting everything is cheaper.
MOST_TO_FORGET = 200


async def forget_endpoint(manager: Manager, name: str) -> None:
    """Let it read an endpoint, its password and its address again when next asked for."""
    for cache in CACHES:
        await manager.attempt("SorceryMemoryCacheExpireObject", Cache=cache, Object=name)


class StaleLines:
    """Circuits whose rows changed, of which Asterisk remembers what they were."""

    def __init__(
        self,
        connected: Callable[[], Manager],
        *,
        is_database_up: Callable[[], bool],
        registered: Callable[[], Iterable[str]],
    ) -> None:
        self.soon = asyncio.Event()
        self._connected = connected
        self._is_database_up = is_database_up
        self._registered = registered
        self._numbers: dict[str, None] = {}  # in the order in which they were told

    def changed(self, number: str) -> None:
        """A circuit's row changed (`*`: any may have)."""
        self._numbers[number] = None
        self.soon.set()

    async def forget(self) -> None:
        """Let Asterisk forget circuits that changed, and read again those it will need.

        While the database is away it must not forget: it could not read them again, and a phone it
        does not know has no emergency calls. That is also why it reads them at once; should the
        database go in the milliseconds between the two, a changed line waits for its return.
        """
        self.soon.clear()
        if not (self._numbers and self._is_database_up()):
            return
        try:
            manager = self._connected()
        except Unavailable:
            return  # others say so; it is tried again soon
        numbers, self._numbers = self._numbers, {}
        try:
            if "*" in numbers or len(numbers) > MOST_TO_FORGET:
                for cache in CACHES:
                    await manager.attempt("SorceryMemoryCacheExpire", Cache=cache)
                numbers = dict.fromkeys(self._registered())
            for number in numbers:
                await forget_endpoint(manager, number)
                await manager.attempt("PJSIPShowEndpoint", Endpoint=number)
        except Unavailable:
            for number in numbers:
                self.changed(number)
            raise
