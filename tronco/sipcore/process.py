"""The process `tronco sipcore`: one event loop, the nodes of this machine, their common parts."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import Callable, Sequence

from django.conf import settings as django_settings

from tronco.calls.services import HANG_UP_CHANNEL
from tronco.charging.gateway import Gateway, Slices
from tronco.charging.notify import CONFIG
from tronco.core.errors import TroncoError
from tronco.numbering.classify import classify
from tronco.runtime.paths import Home
from tronco.sipcore.books import Books
from tronco.sipcore.cards import LineCard
from tronco.sipcore.config import NodeSettings
from tronco.sipcore.control import Control
from tronco.sipcore.database import Questions, listen
from tronco.sipcore.directory import Directory
from tronco.sipcore.journal import Journal
from tronco.sipcore.means import Means
from tronco.sipcore.nodes import Node, Shared
from tronco.sipcore.places import journal_path
from tronco.sipcore.server import AgiServer
from tronco.sipcore.sounds import Sounds
from tronco.sipcore.store import Store
from tronco.sipcore.taping import Tapings

logger = logging.getLogger(__name__)
# Calls are let in after this at the latest: emergency calls need nothing of it.
WARM_UP_S = 30.0
# How long the database is waited for, and how long after a change no other is expected.
CONNECT_S = 3.0
QUIET_S = 0.5
# For so long a thread that records calls may keep those waiting that are decided on.
TURN_S = 0.001
# Abroad is classified by tables that are read when first needed.
ABROAD = "0012125550100"


class Process:
    """Serves the nodes until it is told to stop."""

    def __init__(self, home: Home, settings: Sequence[NodeSettings]) -> None:
        self._questions = Questions()
        self._directory = Directory(self._questions.fetch)
        slice_s = django_settings.TRONCO_SLICE_S
        self._gateway = Gateway(
            slices=Slices(first_s=slice_s, next_s=slice_s), on_credit=self._credited
        )
        self._shared = Shared(
            home=home,
            gateway=self._gateway,
            journal=Journal(journal_path(home)),
            is_database_up=lambda: self._questions.is_up,
            records=Store("records"),
            status=Store("status"),
        )
        self._nodes = {one.name: Node(one, self._shared) for one in settings}
        self._checks = Store("checks")
        self._books = Books(self._checks)
        self._sounds = Sounds(self._questions.fetch)
        self._tapings = Tapings(self._questions.fetch)
        means = Means(
            self._directory, self._gateway, self._books, self._sounds, self._tapings, self._checks
        )
        outlooks = {name: node.outlook for name, node in self._nodes.items()}
        control = Control(means, outlooks)
        self._server = AgiServer(control.decide, port=settings[0].agi_port)
        self._hang_ups: set[asyncio.Task[None]] = set()
        self._is_listening = asyncio.Event()
        self._has_changed = asyncio.Event()
        self._warming = asyncio.Lock()

    async def run(self) -> None:
        sys.setswitchinterval(TURN_S)
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for one in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(one, stopping.set)
        async with self._gateway:
            jobs = [node.run() for node in self._nodes.values()]
            work = asyncio.ensure_future(
                asyncio.gather(*jobs, self._listen(), self._keep_warm(), self._serve())
            )
            work.add_done_callback(lambda _: stopping.set())
            await stopping.wait()
            logger.info("stopping")
            await self._server.stop()
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
        await self._questions.close()
        self._shared.records.close()
        self._shared.status.close()
        self._checks.close()
        self._shared.journal.close()

    async def _serve(self) -> None:
        """Let calls in once nothing that they ask for must be read first."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_S):
                await self._is_listening.wait()
        try:
            async with asyncio.timeout(WARM_UP_S):
                await self._warm(await self._directory.warm())
        except (TroncoError, TimeoutError) as problem:
            logger.warning("calls are let in before all is in memory: %s", problem)
        # What is here by now stays: looking through it for garbage would hold up calls for 70 ms.
        gc.collect()
        gc.freeze()
        await self._server.start()

    async def _warm(self, lines: Sequence[LineCard]) -> None:
        classify(ABROAD)
        async with self._warming:
            decks = await self._gateway.warm(
                [line.account_id for line in lines], await self._directory.list_cost_tariffs()
            )
        logger.info("%s price lists and %s circuits are in memory", decks, len(lines))

    async def _keep_warm(self) -> None:
        """Read new price lists when they are published, not when the next call asks for them."""
        while True:
            await self._has_changed.wait()
            await asyncio.sleep(QUIET_S)
            self._has_changed.clear()
            try:
                await self._warm([])
            except TroncoError as problem:
                logger.warning("price lists are not read ahead: %s", problem)

    async def _listen(self) -> None:
        await listen(
            {
                CONFIG: self._config_changed,
                HANG_UP_CHANNEL: self._hang_up,
                "tronco_line": self._line_changed,
                "tronco_trunk": lambda _: self._each(Node.trunks_changed),
                "tronco_ban": lambda _: self._each(Node.bans_changed),
            },
            on_connected=self._database_returned,
            on_lost=self._database_lost,
        )

    async def _database_returned(self) -> None:
        await self._questions.open()
        self._forget_all()
        self._directory.is_fresh = self._books.is_fresh = True
        self._is_listening.set()
        self._has_changed.set()
        self._each(Node.database_returned)

    def _database_lost(self) -> None:
        self._questions.is_up = False
        self._directory.is_fresh = self._books.is_fresh = False

    def _forget_all(self) -> None:
        """Anything may have changed."""
        self._directory.forget_all()
        self._books.forget_all()
        self._sounds.forget_all()
        self._tapings.forget_all()

    def _config_changed(self, table: str) -> None:
        self._forget_all()
        self._has_changed.set()
        self._each(lambda node: node.config_changed(table))

    def _line_changed(self, number: str) -> None:
        if number == "*":
            self._directory.forget_all()
        else:
            self._directory.forget_line(number)
        for node in self._nodes.values():
            node.line_changed(number)

    def _credited(self, account_id: int) -> None:
        for node in self._nodes.values():
            node.credited(account_id)

    def _hang_up(self, call_id: str) -> None:
        node = self._nodes.get(call_id.rpartition("-")[0])
        if node:
            task = asyncio.create_task(_tell(node, call_id))
            self._hang_ups.add(task)
            task.add_done_callback(self._hang_ups.discard)

    def _each(self, tell: Callable[[Node], None]) -> None:
        for node in self._nodes.values():
            tell(node)


async def _tell(node: Node, call_id: str) -> None:
    try:
        await node.hang_up(call_id)
    except TroncoError as problem:
        logger.warning("call %s was not ended: %s", call_id, problem)
