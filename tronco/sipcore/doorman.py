"""Keeps guessers of passwords out of one node, with the database and without it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from tronco.core.errors import Unavailable
from tronco.sipcore import bans
from tronco.sipcore.ami import Fields
from tronco.sipcore.store import Store

logger = logging.getLogger(__name__)


class Doorman:
    """`is_spared` tells who is never banned; `keep_out` makes the switch refuse exactly these."""

    def __init__(
        self,
        central: str,
        store: Store,
        *,
        is_spared: Callable[[str], bool],
        keep_out: Callable[[set[str]], Awaitable[None]],
    ) -> None:
        self._central = central
        self._store = store
        self._is_spared = is_spared
        self._keep_out = keep_out
        self._guesses = bans.Guesses()
        self._guessers: list[bans.Guesser] = []
        self._banned: set[str] | None = None  # None: the switch's files may say anything
        self.soon = asyncio.Event()

    def note(self, event: Fields) -> None:
        """Take a failed login."""
        guesser = self._guesses.note(event, now=time.monotonic())
        if guesser and not self._is_spared(guesser.address):
            self._guessers.append(guesser)
            self.soon.set()

    def begin_anew(self) -> None:
        """The switch has started: tell it again."""
        self._banned = None
        self.soon.set()

    async def apply(self) -> None:
        """Write down new guessers, then keep out exactly who is to be kept out."""
        self.soon.clear()
        guessers, self._guessers = self._guessers, []
        try:
            if guessers:
                await self._store.run(bans.store_bans, central=self._central, guessers=guessers)
            wanted = await self._store.run(bans.list_banned, central=self._central)
        except Unavailable:
            # Without the database they are kept out all the same, and written down later.
            self._guessers = guessers + self._guessers
            wanted = (self._banned or set()) | {guesser.address for guesser in self._guessers}
        wanted = {address for address in wanted if not self._is_spared(address)}
        if wanted != self._banned:
            await self._keep_out(wanted)
            logger.info("%s keeps out %s addresses", self._central, len(wanted))
            self._banned = wanted
            # What they tried until a moment ago must not ban them again when they are let in.
            self._guesses.forget(wanted)
            self._guessers = [one for one in self._guessers if one.address not in wanted]
