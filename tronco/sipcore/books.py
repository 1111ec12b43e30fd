"""Menus, queues and schedules in memory: read when first asked for, forgotten when any changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tronco.core.errors import Unavailable
from tronco.pbx.cards import load_book, load_schedule
from tronco.pbx.flow import Book
from tronco.pbx.schedules import ScheduleCard
from tronco.sipcore.store import Store

T = TypeVar("T")


class Books:
    """While the database is away, what was last known holds."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._generation = 0
        self._known: dict[tuple[str, int], Any] = {}
        self._last_known: dict[tuple[str, int], Any] = {}
        # Nobody would tell of a change.
        self.is_fresh = False

    def forget_all(self) -> None:
        self._generation += 1
        self._known.clear()

    async def from_menu(self, menu_id: int) -> Book:
        """A menu and all that can be reached from it."""
        return await self._get(("menu", menu_id), load_book, menus=[menu_id])

    async def from_queue(self, queue_id: int) -> Book:
        """A queue and all that can be reached from its overflow."""
        return await self._get(("queue", queue_id), load_book, queues=[queue_id])

    async def schedule(self, schedule_id: int) -> ScheduleCard | None:
        return await self._get(("schedule", schedule_id), load_schedule, schedule_id)

    async def _get(
        self, key: tuple[str, int], load: Callable[..., T], *args: Any, **kwargs: Any
    ) -> T:
        if key in self._known:
            found: T = self._known[key]
            return found
        generation = self._generation
        try:
            value = await self._store.run(load, *args, **kwargs)
        except Unavailable:
            if key in self._last_known:
                known: T = self._last_known[key]
                return known
            raise
        self._last_known[key] = value
        if self.is_fresh and generation == self._generation:
            self._known[key] = value
        return value
