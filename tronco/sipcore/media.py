"""What a node has besides calls: sounds, music, queues, and who waits in them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from tronco.core.errors import Unavailable
from tronco.recordings.files import has_room
from tronco.runtime.paths import Home
from tronco.sipcore.ami import Fields, Manager
from tronco.sipcore.config import NodeSettings
from tronco.sipcore.messages import store_forgotten
from tronco.sipcore.queue_live import LiveQueues, load_queues, store_live
from tronco.sipcore.queues import (
    MUSIC_FILE,
    QUEUES_FILE,
    QueueSettings,
    is_in_order,
    member_interface,
    queue_files,
    queue_name,
)
from tronco.sipcore.sound_files import SoundFiles
from tronco.sipcore.sounds import LANGUAGE
from tronco.sipcore.store import Store
from tronco.sipcore.tapes import store_tapes

logger = logging.getLogger(__name__)
# Many rows are often changed one after the other.
GATHER_S: Final = 0.3
_TAPED: Final = {False: "not recorded: the disk is nearly full", True: "recorded again"}
# The tables from which all this is made.
TABLES: Final = frozenset({"pbx_prompt", "pbx_queue", "pbx_queuemember", "circuits_circuit"})


class Media:
    """Keeps one node's files as the database has them, and the database as the queues are."""

    def __init__(
        self,
        settings: NodeSettings,
        *,
        home: Home,
        store: Store,
        connected: Callable[[], Manager],
    ) -> None:
        self._settings = settings
        self._home = home
        self._store = store
        self._connected = connected
        self.files = SoundFiles(home, settings.sounds)
        self._queues: Sequence[QueueSettings] = ()
        # None until this Asterisk has been told.
        self._in_order: frozenset[int] | None = None
        self._paused: frozenset[tuple[int, str]] = frozenset()
        self._live = LiveQueues()
        self._is_stored = False
        self.has_room = True
        self.changed = asyncio.Event()
        self.changed.set()

    # -- what others tell us ---------------------------------------------------------------------

    def config_changed(self, table: str) -> None:
        """Rows of a table changed (`*`: any may have)."""
        if table in TABLES or table == "*":
            self.changed.set()

    def booted(self) -> None:
        """Asterisk has started, with the files that were there."""
        self._in_order = None
        self._live.forget_all()
        self.changed.set()

    def lost(self) -> None:
        """The connection to Asterisk broke."""
        self._live.forget_all()
        self._is_stored = False

    def take_event(self, event: Fields) -> None:
        self._live.take_event(event)

    # -- from the database to the switch ---------------------------------------------------------

    async def apply(self) -> None:
        """Bring sounds, music and queues to where the switch finds them."""
        await asyncio.sleep(GATHER_S)
        self.changed.clear()
        await self._store.run(self.files.install_system)
        await self._store.run(self.files.place_prompts)
        self._queues = await self._store.run(load_queues, central=self._settings.name)
        await self._apply_queues()
        await self._apply_pauses()
        self._live.dirty.update(queue_name(queue.id) for queue in self._queues)

    async def _apply_queues(self) -> None:
        now_in_order = is_in_order(self._queues)
        # Only a queue that is made anew gets its members in order.
        remade = now_in_order - (self._in_order or frozenset())
        changed = self._changed_files(self._queues)
        if not changed and self._in_order is not None:
            return
        if MUSIC_FILE in changed:
            self._write(MUSIC_FILE, changed.pop(MUSIC_FILE))
            await self._connected().action("Reload", Module="res_musiconhold.so")
        if changed:
            if remade:
                others = [queue for queue in self._queues if queue.id not in remade]
                self._write(QUEUES_FILE, self._render(others)[QUEUES_FILE])
                await self._connected().action("Reload", Module="app_queue.so")
            for name, text in self._render(self._queues).items():
                self._write(name, text)
            await self._connected().action("Reload", Module="app_queue.so")
            logger.info("queues of %s: %s", self._settings.name, len(self._queues))
        if self._in_order is None:
            # It may have been another Asterisk that was told.
            self._paused = frozenset()
        self._in_order = now_in_order

    async def _apply_pauses(self) -> None:
        """A member who is there already keeps his pause when the files are read again."""
        wanted = frozenset(
            (queue.id, member.number)
            for queue in self._queues
            for member in queue.members
            if member.is_paused
        )
        for queue_id, number in wanted ^ self._paused:
            await self._connected().attempt(
                "QueuePause",
                Queue=queue_name(queue_id),
                Interface=member_interface(number),
                Paused="true" if (queue_id, number) in wanted else "false",
            )
        self._paused = wanted

    def _render(self, queues: Sequence[QueueSettings]) -> dict[str, str]:
        return queue_files(queues, sounds=self._settings.sounds / LANGUAGE)

    def _changed_files(self, queues: Sequence[QueueSettings]) -> dict[str, str]:
        etc = self._settings.etc
        return {
            name: text
            for name, text in self._render(queues).items()
            if not (etc / name).exists() or (etc / name).read_text() != text
        }

    def _write(self, name: str, text: str) -> None:
        path = self._settings.etc / name
        self._home.write(str(path.relative_to(self._home.root)), text)

    # -- from the switch to the database ---------------------------------------------------------

    async def collect(self) -> None:
        """Bring in messages of which the spool did not tell, and forget those that were heard."""
        await self._store.run(store_forgotten, self._settings.messages)
        await self._store.run(self.files.forget_messages)

    async def bring_tapes(self) -> None:
        """Bring in recorded conversations, and see whether there is room for more."""
        tapes = self._settings.tapes
        if self.has_room != (found := has_room(tapes)):
            logger.warning("calls of %s are %s", self._settings.name, _TAPED[found])
            self.has_room = found
        await self._store.run(store_tapes, tapes)

    async def watch(self) -> None:
        """Ask about the queues in which something happened, and store what is so now."""
        names, self._live.dirty = self._live.dirty, set()
        try:
            for name in names:
                rows = await self._connected().list_of("QueueStatus", Queue=name)
                self._live.take_status(name, rows, now=datetime.now(UTC))
            if names or not self._is_stored:
                await self._store.run(
                    store_live,
                    central=self._settings.name,
                    callers=dict(self._live.callers),
                    members=dict(self._live.members),
                )
                self._is_stored = True
        except Unavailable:
            self._live.dirty |= names
            self._is_stored = False
            raise
