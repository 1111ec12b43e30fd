"""Trunks as the switch needs them, and how they are: reachable, how far, registered or not."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from django.conf import settings
from django.db import connection

from tronco.core.errors import Unavailable
from tronco.core.secrets import decrypt
from tronco.routing.models import Trunk
from tronco.routing.select import TrunkHealth
from tronco.sipcore.ami import Fields
from tronco.sipcore.config import TrunkSettings
from tronco.sipcore.endpoints import find_trunk_id

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrunkState:
    """What the switch last said of a trunk; `reachable` None until it has been probed."""

    reachable: bool | None = None
    rtt_us: int | None = None
    registration: str = ""


@dataclass
class TrunkStates:
    """Of every trunk of a node, and which changed since asked."""

    _states: dict[int, TrunkState] = field(default_factory=dict)
    _changed: set[int] = field(default_factory=set)

    def take_event(self, event: Fields) -> None:
        """Take a ContactStatus."""
        trunk_id = find_trunk_id(event.get("AOR", ""))
        if trunk_id is not None:
            self._probed(trunk_id, event.get("ContactStatus", ""), event)

    def take_details(self, rows: Iterable[Fields]) -> None:
        """Take what PJSIPShowEndpoint tells of a trunk."""
        for row in rows:
            trunk_id = find_trunk_id(row.get("AOR", ""))
            if row["Event"] == "ContactStatusDetail" and trunk_id is not None:
                self._probed(trunk_id, row.get("Status", ""), row)

    def take_registrations(self, rows: Iterable[Fields]) -> None:
        """Take the list of what we are registered with."""
        for row in rows:
            trunk_id = find_trunk_id(row.get("ObjectName", ""))
            if row["Event"] == "OutboundRegistrationDetail" and trunk_id is not None:
                self._set(trunk_id, registration=row.get("Status", "")[:40])

    def health(self) -> Mapping[int, TrunkHealth]:
        """What the choice of trunks goes by."""
        return {
            trunk_id: TrunkHealth(reachable=state.reachable)
            for trunk_id, state in self._states.items()
        }

    def take_changes(self) -> dict[int, TrunkState]:
        changed, self._changed = self._changed, set()
        return {trunk_id: self._states[trunk_id] for trunk_id in changed}

    def put_back(self, trunk_ids: Iterable[int]) -> None:
        """The changes could not be stored."""
        self._changed.update(trunk_ids)

    def _probed(self, trunk_id: int, status: str, fields: Fields) -> None:
        if status == "Reachable":
            rtt = fields.get("RoundtripUsec", "")
            self._set(trunk_id, reachable=True, rtt_us=int(rtt) if rtt.isdigit() else None)
        elif status == "Unreachable":
            self._set(trunk_id, reachable=False, rtt_us=None)

    def _set(self, trunk_id: int, **fields: object) -> None:
        before = self._states.get(trunk_id, TrunkState())
        after = replace(before, **fields)  # type: ignore[arg-type]
        if after != before:
            self._states[trunk_id] = after
            self._changed.add(trunk_id)


class Networks:
    """Where the trunks are, as far as their hosts are given as addresses."""

    def __init__(self, trunks: Iterable[TrunkSettings]) -> None:
        texts = {text for trunk in trunks for text in (trunk.host, *trunk.source_addresses)}
        self._networks = [found for text in texts if (found := _network(text))]

    def __contains__(self, address: object) -> bool:
        ip = ipaddress.ip_address(str(address))
        return any(ip in network for network in self._networks)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def load_trunks() -> list[TrunkSettings]:
    """Return the active trunks with their passwords in clear."""
    rows = Trunk.objects.filter(is_active=True, carrier__is_active=True).order_by("name")
    return [_settings(trunk) for trunk in rows]


def _settings(trunk: Trunk) -> TrunkSettings:
    try:
        password = decrypt(trunk.password_encrypted, key=settings.SECRET_KEY)
    except Unavailable as problem:
        # The others must not suffer; it shows as not registered.
        logger.error("trunk %s: %s", trunk.name, problem)
        password = ""
    return TrunkSettings(
        id=trunk.pk,
        host=trunk.host,
        port=trunk.port,
        username=trunk.username,
        password=password,
        register=trunk.register and bool(trunk.username),
        source_addresses=tuple(
            part.strip() for part in trunk.source_addresses.split(",") if part.strip()
        ),
        codecs=trunk.codecs,
        tech_prefix=trunk.tech_prefix,
        carries_emergency=trunk.carries_emergency,
    )


def store_trunk_states(changes: Mapping[int, TrunkState]) -> None:
    """Bring the trunks' rows up to date. Only live columns: nobody's configuration changes."""
    ids = sorted(changes)
    states = [changes[trunk_id] for trunk_id in ids]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE routing_trunk t
               SET reachable = said.reachable, rtt_us = said.rtt_us,
                   registration = said.registration, checked_at = %s
              FROM unnest(%s::bigint[], %s::bool[], %s::int[], %s::text[])
                   AS said (id, reachable, rtt_us, registration)
             WHERE t.id = said.id
            """,
            [
                datetime.now(UTC),
                ids,
                [s.reachable for s in states],
                [s.rtt_us for s in states],
                [s.registration for s in states],
            ],
        )
