"""Suppliers of numbers: how the switch registers there, takes their calls, and how each stands.

A DID with user and password registers as itself, and its calls are known by the line of that
registration; one without is known by its supplier's address, which only the master may set.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from django.conf import settings as django_settings
from django.db import connection

from tronco.centrals.models import Central
from tronco.core.errors import Unavailable
from tronco.core.secrets import decrypt
from tronco.dids.models import Did, DidRegistration
from tronco.routing.models import Trunk
from tronco.runtime.paths import Home
from tronco.sipcore.ami import Fields, Manager
from tronco.sipcore.caches import forget_endpoint
from tronco.sipcore.config import (
    MOST_SECONDS_WITHOUT_AUDIO,
    SUPPLIERS_FILE,
    TRUNK_QUALIFY_S,
    NodeSettings,
    escape,
)
from tronco.sipcore.endpoints import supplier_endpoint, supplying_did
from tronco.sipcore.store import Store

logger = logging.getLogger(__name__)
GATHER_S: Final = 0.3
# How long a registrar may take to answer before we look.
ANSWER_S: Final = 1.0
# A supplier that lost its memory while nobody looked is told again this soon.
EXPIRATION_S: Final = 120
_MODULES: Final = (
    "res_pjsip.so",
    "res_pjsip_outbound_registration.so",
    "res_pjsip_endpoint_identifier_ip.so",
)
State = DidRegistration.State
# Why a number is not registered; `dids.views` has the words.
REFUSED, SILENT = "refused", "silent"


@dataclass(frozen=True, slots=True)
class SupplierSettings:
    """A DID and its supplier as Asterisk needs them, the password in clear.

    `is_trusted` False: its address is a carrier's already, whose calls must stay the carrier's.
    """

    did_id: int
    raw: str
    host: str
    port: int
    username: str = ""
    password: str = ""
    registers: bool = False
    is_trusted: bool = True

    @property
    def place(self) -> tuple[str, int]:
        return self.host, self.port

    @property
    def uri(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"sip:{{}}{escape(host)}:{self.port}"


def suppliers_conf(suppliers: Iterable[SupplierSettings]) -> str:
    """Return the include file of `pjsip.conf` with the suppliers' sections.

    Of DIDs at one place, the first also watches it, and takes calls that come by address.
    """
    sections = ["; suppliers of numbers\n"]
    rows = sorted(suppliers, key=lambda s: (s.place, s.did_id))
    for _place, group in groupby(rows, key=lambda s: s.place):
        alike = list(group)
        sections.append(_watched(alike[0]))
        known = [one for one in alike if not one.registers and one.is_trusted]
        for one in alike:
            if one.registers or one is alike[0] or one in known[:1]:
                sections.append(_endpoint(one, is_first=one is alike[0]))
            if one.registers:
                sections.append(_registration(one))
        sections += [_identify(one) for one in known[:1]]
    return "\n".join(sections)


def _watched(supplier: SupplierSettings) -> str:
    return f"""[{supplier_endpoint(supplier.did_id)}]
type = aor
contact = {supplier.uri.format("")}
qualify_frequency = {TRUNK_QUALIFY_S}
qualify_timeout = 3.0
"""


def _endpoint(supplier: SupplierSettings, *, is_first: bool) -> str:
    name = supplier_endpoint(supplier.did_id)
    return f"""[{name}]
type = endpoint
transport = udp
context = from-trunk
disallow = all
allow = alaw,ulaw
{f"aors = {name}" if is_first else ""}
{f"outbound_auth = {name}" if supplier.registers else ""}
identify_by = ip
direct_media = yes
rtp_symmetric = yes
rtp_timeout = {MOST_SECONDS_WITHOUT_AUDIO}
dtmf_mode = rfc4733
trust_id_inbound = yes
allow_transfer = no
allow_subscribe = no
language = pt_BR
"""


def _identify(supplier: SupplierSettings) -> str:
    name = supplier_endpoint(supplier.did_id)
    return f"[{name}]\ntype = identify\nendpoint = {name}\nmatch = {escape(supplier.host)}\n"


def _registration(supplier: SupplierSettings) -> str:
    name, user = supplier_endpoint(supplier.did_id), escape(supplier.username)
    return f"""[{name}]
type = auth
auth_type = userpass
username = {user}
password = {escape(supplier.password)}

[{name}]
type = registration
transport = udp
server_uri = {supplier.uri.format("")}
client_uri = {supplier.uri.format(f"{user}@")}
contact_user = {escape(supplier.raw)}
outbound_auth = {name}
endpoint = {name}
line = yes
expiration = {EXPIRATION_S}
max_random_initial_delay = 2
retry_interval = 15
forbidden_retry_interval = 60
fatal_retry_interval = 60
max_retries = 0
auth_rejection_permanent = no
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a number stands at its supplier's registrar."""

    state: str
    cause: str = ""


@dataclass
class Standings:
    """Of every number that registers: what the switch says of it, and of its supplier's place."""

    _watchers: dict[int, list[int]] = field(default_factory=dict)
    _status: dict[int, str] = field(default_factory=dict)
    _silent: set[int] = field(default_factory=set)

    def begin(self, suppliers: Sequence[SupplierSettings]) -> None:
        """Know who registers, and who watches for whom."""
        rows = sorted(suppliers, key=lambda s: (s.place, s.did_id))
        self._watchers = {}
        for _place, group in groupby(rows, key=lambda s: s.place):
            alike = list(group)
            self._watchers[alike[0].did_id] = [one.did_id for one in alike if one.registers]
        ids = {did_id for numbers in self._watchers.values() for did_id in numbers}
        self._status = {i: status for i, status in self._status.items() if i in ids}
        self._silent &= self._watchers.keys()

    def take_event(self, event: Fields) -> list[int]:
        """Take a ContactStatus; return the numbers to register again: their supplier is back."""
        watcher = supplying_did(event.get("AOR", ""))
        if watcher is None or watcher not in self._watchers:
            return []
        status = event.get("ContactStatus", "")
        if status == "Unreachable":
            self._silent.add(watcher)
        elif status == "Reachable" and watcher in self._silent:
            self._silent.discard(watcher)
            for did_id in self._watchers[watcher]:
                # What was said of it before tells nothing now.
                self._status.pop(did_id, None)
            return self._watchers[watcher]
        return []

    def take_registrations(self, rows: Iterable[Fields]) -> None:
        """Take the list of what we are registered with."""
        for row in rows:
            did_id = supplying_did(row.get("ObjectName", ""))
            if row["Event"] == "OutboundRegistrationDetail" and did_id is not None:
                self._status[did_id] = row.get("Status", "")

    def all(self) -> dict[int, Standing]:
        """How each number stands now."""
        found: dict[int, Standing] = {}
        for watcher, numbers in self._watchers.items():
            is_silent = watcher in self._silent
            found |= {did_id: self._standing(did_id, is_silent) for did_id in numbers}
        return found

    def _standing(self, did_id: int, is_silent: bool) -> Standing:
        status = self._status.get(did_id, "")
        if status.startswith("Rejected"):
            return Standing(State.REJECTED, REFUSED)
        if status.startswith("Registered") and not is_silent:
            return Standing(State.REGISTERED)
        return Standing(State.TRYING, SILENT if is_silent else "")


class Suppliers:
    """Keeps one node's file as the database has it, and the database as the registrars are."""

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
        self._standings = Standings()
        self._stored: Mapping[int, Standing] | None = None
        self._known: dict[int, SupplierSettings] = {}
        self._to_register: set[int] = set()
        self.changed = asyncio.Event()
        self.changed.set()

    def config_changed(self, table: str) -> None:
        """Rows of a table changed (`*`: any may have)."""
        if table in {"dids_did", "routing_trunk", "*"}:
            self.changed.set()

    def take_event(self, event: Fields) -> None:
        self._to_register.update(self._standings.take_event(event))

    def take_registrations(self, rows: Sequence[Fields]) -> None:
        self._standings.take_registrations(rows)

    async def apply(self) -> None:
        """Write the file and let Asterisk read it, when it is not what it was."""
        await asyncio.sleep(GATHER_S)
        self.changed.clear()
        suppliers = await self._store.run(load_suppliers, central=self._settings.name)
        self._standings.begin(suppliers)
        path = self._settings.etc / SUPPLIERS_FILE
        text = suppliers_conf(suppliers)
        if not path.exists() or path.read_text() != text:
            await self._take_leave(suppliers)
            self._home.write(str(path.relative_to(self._home.root)), text)
            for module in _MODULES:
                await self._connected().action("Reload", Module=module)
            for did_id in self._known.keys() | {one.did_id for one in suppliers}:
                await forget_endpoint(self._connected(), supplier_endpoint(did_id))
            logger.info("suppliers of %s: %s numbers", self._settings.name, len(suppliers))
        fresh = {one.did_id: one for one in suppliers if one.registers}
        # A new password alone would not be tried before the next turn.
        self._to_register |= {i for i, one in fresh.items() if self._known.get(i, one) != one}
        self._known = fresh

    async def _take_leave(self, suppliers: Sequence[SupplierSettings]) -> None:
        """Unregister what is to go, while its password is still there."""
        stay = {one.did_id for one in suppliers if one.registers}
        leaving = self._known.keys() - stay
        for did_id in leaving:
            await self._connected().attempt(
                "PJSIPUnregister", Registration=supplier_endpoint(did_id)
            )
        if leaving:
            await asyncio.sleep(ANSWER_S)

    async def watch(self) -> None:
        """Register again where it is due, and store what changed."""
        wanted, self._to_register = self._to_register, set()
        for did_id in wanted:
            await self._connected().attempt("PJSIPRegister", Registration=supplier_endpoint(did_id))
        if wanted:
            await asyncio.sleep(ANSWER_S)
            rows = await self._connected().list_of("PJSIPShowRegistrationsOutbound")
            self._standings.take_registrations(rows)
        now = self._standings.all()
        if now != self._stored:
            await self._store.run(store_standings, standings=now)
            self._stored = now


def load_suppliers(*, central: str) -> list[SupplierSettings]:
    """Return the DIDs with a supplier of their own that this central takes care of.

    A DID registers on one central only: its circuit's, its payer's, or the first there is.
    """
    rows = (
        Did.objects.filter(is_active=True)
        .exclude(host="")
        .exclude(state=Did.State.PORTED_OUT)
        .select_related("circuit__central", "payer__central")
        .order_by("pk")
    )
    first = Central.objects.filter(is_active=True).order_by("pk").values_list("name", flat=True)
    default = first.first() or central
    carriers = _addresses_of_carriers()
    return [_settings(did, carriers) for did in rows if _central_of(did, default) == central]


def store_standings(*, standings: Mapping[int, Standing]) -> None:
    """Bring the rows of this central's numbers up to date; others' rows are left alone."""
    ids = sorted(standings)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO dids_didregistration (did_id, tenant_id, state, cause, changed_at)
            SELECT d.id, d.tenant_id, said.state, said.cause, %s
              FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS said (id, state, cause)
              JOIN dids_did d ON d.id = said.id
            ON CONFLICT (did_id) DO UPDATE
               SET state = excluded.state, cause = excluded.cause, tenant_id = excluded.tenant_id,
                   changed_at = CASE WHEN dids_didregistration.state = excluded.state
                                     THEN dids_didregistration.changed_at
                                     ELSE excluded.changed_at END
            """,
            [
                datetime.now(UTC),
                ids,
                [standings[i].state for i in ids],
                [standings[i].cause for i in ids],
            ],
        )
    DidRegistration.objects.filter(did__registers=False).delete()


def _central_of(did: Did, default: str) -> str:
    line = did.circuit or did.payer
    return line.central.name if line else default


def _addresses_of_carriers() -> frozenset[str]:
    rows = Trunk.objects.filter(is_active=True).values_list("host", "source_addresses")
    parts = [part for host, sources in rows for part in (host, *sources.split(","))]
    return frozenset(part.strip() for part in parts if part.strip())


def _settings(did: Did, carriers: Collection[str]) -> SupplierSettings:
    try:
        password = decrypt(did.password_encrypted, key=django_settings.SECRET_KEY)
    except Unavailable as problem:
        # The others must not suffer; it shows as not registered.
        logger.error("number %s: %s", did.raw, problem)
        password = ""
    return SupplierSettings(
        did_id=did.pk,
        raw=did.raw,
        host=did.host,
        port=did.port,
        username=did.username,
        password=password,
        registers=did.registers,
        is_trusted=did.host not in carriers,
    )
