"""One Asterisk node as this process sees it: its connection, its calls, phones, trunks and bans.

Everything here may be repeated: after any silence, of Asterisk, of the database or of ours, the
node reads anew what is, and closes the difference. Loops that fail are tried again and never end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tronco.charging.gateway import Gateway, Grant
from tronco.core.errors import Unavailable
from tronco.runtime.paths import Home
from tronco.sipcore import bans, registrations, trunks
from tronco.sipcore.agi import AgiRequest
from tronco.sipcore.ami import Fields, Manager
from tronco.sipcore.caches import StaleLines, forget_endpoint
from tronco.sipcore.callbacks import Callbacks
from tronco.sipcore.central import CentralState, store_central
from tronco.sipcore.config import BANS_FILE, NodeSettings, bans_conf, trunk_files
from tronco.sipcore.deadlines import Deadlines
from tronco.sipcore.doorman import Doorman
from tronco.sipcore.endpoints import emergency_endpoint, trunk_endpoint
from tronco.sipcore.journal import Journal
from tronco.sipcore.loops import Loops
from tronco.sipcore.means import Outlook
from tronco.sipcore.media import Media
from tronco.sipcore.outside import Outside
from tronco.sipcore.payers import is_payer_stopped
from tronco.sipcore.queues import EVENTS as QUEUE_EVENTS
from tronco.sipcore.reconcile import find_lost, list_open_calls, store_answers
from tronco.sipcore.recorder import Recorder
from tronco.sipcore.spool import Answered, Ended, Spool
from tronco.sipcore.store import Store
from tronco.sipcore.suppliers import Suppliers

logger = logging.getLogger(__name__)
CONNECT_EVERY_S = 0.5
PING_EVERY_S = 2.0
STATUS_EVERY_S = 0.5
POLL_CONTACTS_EVERY_S = 30.0
# How soon after an event the list is read for what events leave out.
LOOK_SOON_S = 0.5
RECONCILE_EVERY_S = 10.0
BANS_EVERY_S = 5.0
SAME_BOOT = timedelta(seconds=3)
COLLECT_EVERY_S = 60.0
TAPES_EVERY_S = 2.0
HOURLY_S = 3600.0
LONG_S = 86_400


@dataclass(frozen=True, slots=True)
class Shared:
    """What the nodes of a process have in common."""

    home: Home
    gateway: Gateway
    journal: Journal
    is_database_up: Callable[[], bool]
    # One for what waits (records), one for what is shown (status).
    records: Store
    status: Store


class Node:
    """Runs until cancelled. `settings.name` is the central's name."""

    def __init__(self, settings: NodeSettings, shared: Shared) -> None:
        self.name = settings.name
        self._settings = settings
        self._shared = shared
        self._manager: Manager | None = None
        self._booted_at: datetime | None = None  # None until it has said so
        self._booted_before: datetime | None = None  # as it said before the connection broke
        self._lost_at: datetime | None = None  # when the connection broke
        self._died_at: datetime | None = None  # when an Asterisk before this one did
        self._contacts = registrations.Contacts()
        self._trunks = trunks.TrunkStates()
        self._networks = trunks.Networks([])
        self._trunk_endpoints: list[str] = []
        self._trunk_ids: set[int] = set()
        self._to_reload: set[int] = set()  # trunks whose files Asterisk has not read yet
        self._doorman = Doorman(
            self.name, shared.status, is_spared=self._is_spared, keep_out=self._keep_out
        )
        self._stale_lines = StaleLines(
            self._connected,
            is_database_up=shared.is_database_up,
            registered=self._contacts.circuits,
        )
        self._answers_to_store: dict[str, datetime] = {}
        self._look_soon = asyncio.Event()
        self._trunks_changed = asyncio.Event()
        self._deadlines = Deadlines(
            shared.gateway, shared.journal, self._connected, self._is_payer_stopped
        )
        self._spool = Spool(settings.spool)
        self._recorder = Recorder(self.name, self._spool, shared.records, self, settings.messages)
        self._channels: dict[str, str] = {}
        self._callbacks = Callbacks(
            self._connected, shared.status, lambda call_id: call_id in self._channels
        )
        self._media = Media(
            settings, home=shared.home, store=shared.status, connected=self._connected
        )
        self._suppliers = Suppliers(
            settings, home=shared.home, store=shared.status, connected=self._connected
        )
        self._outside = Outside(
            self.name,
            settings.etc,
            home=shared.home,
            store=shared.status,
            connected=self._connected,
        )
        self._to_restore = False
        self._awaited: list[str] = []  # centrals that have not restored their calls
        self._reconcile_soon = asyncio.Event()
        self._to_probe: set[str] = set()
        self._loops = Loops(self.name)

    @property
    def outlook(self) -> Outlook:
        return Outlook(
            health=self._trunks.health,
            note=self._note,
            catch_up=self._recorder.drain,
            files=self._media.files,
            has_room=lambda: self._media.has_room,
        )

    async def run(self) -> None:
        every = self._loops.every
        loops: list[Coroutine[Any, Any, None]] = [
            self._keep_connected(),
            self._recorder.run(),
            every(STATUS_EVERY_S, self._restore_if_due),
            every(STATUS_EVERY_S, self._store_status),
            every(STATUS_EVERY_S, self._stale_lines.forget, sooner=self._stale_lines.soon),
            every(PING_EVERY_S, self._store_central),
            every(RECONCILE_EVERY_S, self.reconcile, sooner=self._reconcile_soon),
            every(POLL_CONTACTS_EVERY_S, self._poll_contacts, sooner=self._look_soon),
            every(BANS_EVERY_S, self._doorman.apply, sooner=self._doorman.soon),
            every(LONG_S, self._apply_trunks, sooner=self._trunks_changed),
            every(HOURLY_S, self._media.apply, sooner=self._media.changed),
            every(STATUS_EVERY_S, self._media.watch),
            every(COLLECT_EVERY_S, self._media.collect),
            every(TAPES_EVERY_S, self._media.bring_tapes),
            every(HOURLY_S, self._suppliers.apply, sooner=self._suppliers.changed),
            every(HOURLY_S, self._outside.apply, sooner=self._outside.changed),
            every(STATUS_EVERY_S, self._suppliers.watch),
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for loop in loops:
                    group.create_task(loop)
        finally:
            self._deadlines.stop()
            self._callbacks.stop()
            if self._manager:
                await self._manager.close()

    # -- what others tell us ---------------------------------------------------------------------

    def credited(self, account_id: int) -> None:
        self._deadlines.credited(account_id)

    def line_changed(self, number: str) -> None:
        """A circuit's row changed (`*`: any may have): Asterisk must read it again."""
        self._stale_lines.changed(number)

    def config_changed(self, table: str) -> None:
        """Rows of a table changed (`*`: any may have)."""
        self._media.config_changed(table)
        self._suppliers.config_changed(table)
        self._outside.config_changed(table)

    def bans_changed(self) -> None:
        self._doorman.soon.set()

    def trunks_changed(self) -> None:
        self._trunks_changed.set()

    async def hang_up(self, call_id: str) -> None:
        """End a running call because somebody wants it."""
        channel = self._channels.get(call_id)
        if channel:
            await self._connected().action("Hangup", Channel=channel, Cause="16")

    def database_returned(self) -> None:
        """Nothing that was told meanwhile was heard, and holds may be missing."""
        self._to_restore = True
        self.line_changed("*")
        self.config_changed("*")
        self.bans_changed()
        self.trunks_changed()

    # -- the spool's listener --------------------------------------------------------------------

    def answered(self, line: Answered) -> None:
        self._deadlines.answered(line.call_id, line.channel, line.at)
        if line.call_id in self._shared.journal:
            self._answers_to_store[line.call_id] = line.at

    def ended(self, call_ids: Sequence[str]) -> None:
        self._deadlines.ended(call_ids)
        for call_id in call_ids:
            self._channels.pop(call_id, None)
            self._answers_to_store.pop(call_id, None)

    def over(self, ends: Sequence[Ended]) -> None:
        self._callbacks.over(ends)

    def recorded(self, call_ids: Sequence[str]) -> None:
        self._shared.journal.drop(call_ids)

    async def restore(self) -> None:
        """Give running calls back what a recovery of the database lost; admit rated calls again."""
        entries = self._shared.journal.entries(central=self.name)
        missing = await self._shared.gateway.restore(entries)
        if missing:
            logger.warning("the database had forgotten holds of %s calls", len(missing))
        await self._open_gate()
        if self._awaited:
            logger.warning("rated calls wait for the centrals %s", ", ".join(self._awaited))

    async def _open_gate(self) -> None:
        self._awaited = await self._shared.gateway.open_gate(self.name)

    async def _restore_if_due(self) -> None:
        if self._to_restore:
            # Before: the database may go and return once more while this lasts.
            self._to_restore = False
            try:
                await self.restore()
            except BaseException:
                self._to_restore = True
                raise
        elif self._awaited:
            # A central that never returns is taken out of use by somebody.
            await self._open_gate()

    # -- the connection --------------------------------------------------------------------------

    def _connected(self) -> Manager:
        if self._manager is None:
            raise Unavailable(f"Asterisk {self.name} is not there", code="ami-away")
        return self._manager

    async def _keep_connected(self) -> None:
        while True:
            try:
                manager = await Manager.connect(
                    port=self._settings.ami_port, user="tronco", secret=self._settings.ami_secret
                )
            except Unavailable:
                await asyncio.sleep(CONNECT_EVERY_S)
                continue
            logger.info("connected to Asterisk %s", self.name)
            self._manager = manager
            try:
                async for event in manager.events():
                    self._take_event(event)
            finally:
                self._manager, self._lost_at = None, datetime.now(UTC)
                # Who answers next may be another Asterisk, which has not read its files yet.
                self._booted_before, self._booted_at = self._booted_at or self._booted_before, None
                self._deadlines.is_watching = False
                self._media.lost()
                await manager.close()
            logger.warning("the connection to Asterisk %s is lost", self.name)
            await self._loops.attempt(self._store_central())

    def _booted(self, event: Fields) -> None:
        """Asterisk is ready; the first event after every sign-in says since when."""
        booted_at = datetime.now(UTC) - timedelta(seconds=int(event.get("Uptime", "0")))
        if self._booted_before is not None and booted_at - self._booted_before > SAME_BOOT:
            self._died_at = self._lost_at
        self._booted_at = booted_at
        self._media.booted()
        self._look_soon.set()
        self._doorman.begin_anew()
        self._trunks_changed.set()
        self._reconcile_soon.set()

    def _take_event(self, event: Fields) -> None:
        name = event["Event"]
        if name == "FullyBooted":
            self._booted(event)
        elif name == "ContactStatus":
            self._trunks.take_event(event)
            self._suppliers.take_event(event)
            if self._contacts.take_event(event):
                self._look_soon.set()
            if event.get("ContactStatus") == "NonQualified":
                self._to_probe.add(event.get("EndpointName", ""))
        elif name == "Registry":
            self._look_soon.set()
        elif name in QUEUE_EVENTS:
            self._media.take_event(event)
        elif name in bans.FAILURES:
            self._doorman.note(event)

    # -- calls -----------------------------------------------------------------------------------

    def _note(self, request: AgiRequest, grant: Grant) -> None:
        """A call is about to be let through: write it down before Asterisk hears of it."""
        self._channels[request.call_id] = request.channel
        if grant.is_recorded:
            self._shared.journal.write(request.call_id, dict(grant.journal))
        self._deadlines.begin(request.call_id, request.channel)

    async def reconcile(self) -> None:
        """Compare with Asterisk what charging believes, and end what only we can end."""
        self._reconcile_soon.clear()
        if self._booted_at is None:
            raise Unavailable("Asterisk has not said yet since when it runs", code="ami-away")
        listed_at = datetime.now(UTC)
        rows = await self._connected().list_of("CoreShowChannels")
        channels = {row["Uniqueid"]: row["Channel"] for row in rows}
        # After the list: what ended before it was made has left its line by now.
        await self._recorder.drain()
        calls = await self._shared.records.run(list_open_calls, central=self.name)
        self._channels |= {c.call_id: channels[c.call_id] for c in calls if c.call_id in channels}
        lost = find_lost(
            calls,
            live=channels.keys() | self._spool.aside,
            answers=self._recorder.answers,
            listed_at=listed_at,
            booted_at=self._booted_at,
            died_at=self._died_at,
        )
        await self._recorder.record(lost)
        self.ended([end.call_id for end in lost])
        known = channels.keys() | {call.call_id for call in calls}
        self._recorder.forget(
            [end.call_id for end in lost]
            # A call that was answered after the list was made is in neither.
            + [
                id_
                for id_, line in self._recorder.answers.items()
                if id_ not in known and line.at < listed_at
            ]
        )
        await self._shared.gateway.sweep(self.name, list(channels), grace_s=LONG_S)
        if not self._deadlines.is_watching:
            await self._deadlines.resume(self._channels)

    # -- what is shown ---------------------------------------------------------------------------

    async def _store_status(self) -> None:
        """Bring rows up to date with what changed."""
        await self._probe_newcomers()
        store = self._shared.status
        phones = self._contacts.take_changes()
        probes = self._contacts.take_probes()
        states = self._trunks.take_changes()
        answers, self._answers_to_store = self._answers_to_store, {}
        try:
            if phones:
                await store.run(registrations.store_registrations, phones)
            if probes:
                await store.run(registrations.store_latency, probes, now=datetime.now(UTC))
            if states:
                await store.run(trunks.store_trunk_states, states)
            if answers:
                await store.run(store_answers, answers=answers)
        except Unavailable:
            self._contacts.put_back(phones)
            self._trunks.put_back(states)
            self._answers_to_store = answers | self._answers_to_store
            raise

    async def _probe_newcomers(self) -> None:
        """Asterisk probes a phone that is new to it by and by; people want to see it now."""
        endpoints, self._to_probe = self._to_probe, set()
        for endpoint in endpoints:
            await self._connected().attempt("PJSIPQualify", Endpoint=endpoint)

    async def _store_central(self) -> None:
        state = CentralState(is_up=False)
        with contextlib.suppress(Unavailable):
            status = await self._connected().action("CoreStatus")
            settings = await self._connected().action("CoreSettings")
            state = CentralState(
                is_up=True,
                version=settings.get("AsteriskVersion", ""),
                started_at=self._booted_at,
                calls=int(status.get("CoreCurrentCalls", "0")),
            )
        await self._shared.status.run(store_central, name=self.name, state=state)

    async def _poll_contacts(self) -> None:
        was_soon = self._look_soon.is_set()
        self._look_soon.clear()
        if was_soon:
            await asyncio.sleep(LOOK_SOON_S)
        manager = self._connected()
        for endpoint in self._trunk_endpoints:
            self._trunks.take_details(await manager.list_of("PJSIPShowEndpoint", Endpoint=endpoint))
        registered = await manager.list_of("PJSIPShowRegistrationsOutbound")
        self._trunks.take_registrations(registered)
        self._suppliers.take_registrations(registered)
        probed = self._contacts.take_list(await manager.list_of("PJSIPShowContacts"))
        store = self._shared.status
        if not was_soon and probed:
            await store.run(registrations.store_latency, probed, now=datetime.now(UTC))
        await store.run(
            registrations.store_all_offline, central=self.name, but=self._contacts.circuits()
        )

    # -- Asterisk's files and memory -------------------------------------------------------------

    async def _apply_trunks(self) -> None:
        """Write the trunks' files and let Asterisk read them, when they are not what they were."""
        self._trunks_changed.clear()
        rows = await self._shared.status.run(trunks.load_trunks)
        self._networks = trunks.Networks(rows)
        self._trunk_endpoints = [trunk_endpoint(trunk.id) for trunk in rows]
        changed = [
            name for name, text in trunk_files(rows).items() if self._write_if_changed(name, text)
        ]
        if changed:
            logger.info("trunks of %s: %s changed", self.name, ", ".join(changed))
            # Until it is done: what is not said now is said by the next try.
            self._to_reload |= self._trunk_ids | {trunk.id for trunk in rows}
        self._trunk_ids = {trunk.id for trunk in rows}
        if self._to_reload:
            await self._reload(self._to_reload)
            self._to_reload = set()
        # Known at once, not at the next probe.
        for endpoint in self._trunk_endpoints:
            await self._connected().attempt("PJSIPQualify", Endpoint=endpoint)

    async def _reload(self, trunk_ids: set[int]) -> None:
        """Let Asterisk read its files, and forget what it remembers of these trunks.

        Of nothing else: circuits that it forgot would have no calls while the database is away.
        """
        manager = self._connected()
        await manager.action("Command", Command="dialplan reload")
        await manager.action("Reload", Module="res_pjsip.so")
        await manager.action("Reload", Module="res_pjsip_outbound_registration.so")
        await manager.action("Reload", Module="res_pjsip_endpoint_identifier_ip.so")
        for trunk_id in trunk_ids:
            await forget_endpoint(manager, trunk_endpoint(trunk_id))
            await forget_endpoint(manager, emergency_endpoint(trunk_id))

    async def _keep_out(self, addresses: set[str]) -> None:
        self._write_if_changed(BANS_FILE, bans_conf(addresses))
        await self._connected().action("Reload", Module="acl")

    async def _is_payer_stopped(self, call_id: str) -> bool:
        return await self._shared.status.run(is_payer_stopped, call_id=call_id)

    def _is_spared(self, address: str) -> bool:
        """Whether it is never banned: a phone of ours lives there, or a carrier."""
        return address in self._contacts.addresses() or address in self._networks

    def _write_if_changed(self, name: str, text: str) -> bool:
        path = self._settings.etc / name
        if path.exists() and path.read_text() == text:
            return False
        self._shared.home.write(str(path.relative_to(self._shared.home.root)), text)
        return True
