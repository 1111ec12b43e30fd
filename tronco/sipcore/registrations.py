"""Where each circuit is registered, and how far away: Asterisk's word, kept in the database.

Events tell of changes at once (a phone comes, answers, falls silent, goes); a list read every half
minute tells what events leave out: the telephone's name, the latency of each probe. Both go to the
database in batches. Pure bookkeeping here (`Contacts`), SQL below; `nodes.py` does the asking.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from tronco.circuits.page_phones import find_page_user, line_of
from tronco.sipcore.ami import Fields

BUCKET = timedelta(minutes=5)
_HOST = re.compile(r"sips?:(?:[^@;>]*@)?(\[[^\]]+\]|[^:;>]+)(?::(\d+))?")


@dataclass(frozen=True, slots=True)
class Contact:
    """A telephone that has registered. `rtt_us` is None until it has answered a probe."""

    uri: str
    reachable: bool = True
    rtt_us: int | None = None
    user_agent: str = ""
    expires_at: datetime | None = None

    @property
    def address(self) -> str | None:
        """None when the phone gave a name."""
        found = _HOST.match(self.uri)
        try:
            return str(ipaddress.ip_address(found[1].strip("[]"))) if found else None
        except ValueError:
            return None

    @property
    def port(self) -> int:
        found = _HOST.match(self.uri)
        return int(found[2] or 5060) if found else 5060


@dataclass
class Contacts:
    """The registered telephones of a node, by circuit; and which circuits changed since asked."""

    _by_circuit: dict[str, dict[str, Contact]] = field(default_factory=dict)
    _changed: set[str] = field(default_factory=set)
    _probes: list[tuple[str, Contact]] = field(default_factory=list)

    def take_event(self, event: Fields) -> bool:
        """Take a ContactStatus of a circuit; True when the list has more to tell of it."""
        number, uri = line_of(event.get("AOR", "")), event.get("URI", "")
        if not number or "~" in number:
            return False
        state = event.get("ContactStatus", "")
        contacts = self._by_circuit.setdefault(number, {})
        self._changed.add(number)
        if state == "Removed":
            contacts.pop(uri, None)
            return False
        known = contacts.get(uri) or Contact(uri)
        contacts[uri] = Contact(
            uri,
            reachable=state != "Unreachable",
            rtt_us=_rtt(event) if state == "Reachable" else None,
            user_agent=known.user_agent,
            expires_at=known.expires_at,
        )
        if state in ("Reachable", "Unreachable"):
            self._probes.append((number, contacts[uri]))
        return True

    def take_list(self, rows: Iterable[Fields]) -> list[tuple[str, Contact]]:
        """Take the whole list; the contacts that were probed, for the history of latency."""
        fresh: dict[str, dict[str, Contact]] = {}
        for row in rows:
            number = line_of(row.get("Endpoint") or row.get("ObjectName", "").partition(";")[0])
            if number and "~" not in number:
                contact = _from_list(row)
                fresh.setdefault(number, {})[contact.uri] = contact
        for number in fresh.keys() | self._by_circuit.keys():
            if fresh.get(number, {}) != self._by_circuit.get(number, {}):
                self._changed.add(number)
        self._by_circuit = fresh
        return [
            (number, contact)
            for number, contacts in fresh.items()
            for contact in contacts.values()
            if contact.rtt_us is not None or not contact.reachable
        ]

    def addresses(self) -> set[str]:
        """From where phones are registered now; of pages each person has an address of his own."""
        every = (c.address for contacts in self._by_circuit.values() for c in contacts.values())
        return {address for address in every if address and find_page_user(address) is None}

    def circuits(self) -> list[str]:
        """Which have a phone registered now."""
        return [number for number, contacts in self._by_circuit.items() if contacts]

    def take_changes(self) -> dict[str, Contact | None]:
        """What to tell of each circuit that changed: its best contact, None when it has none."""
        changed, self._changed = self._changed, set()
        return {number: self._best(number) for number in changed}

    def take_probes(self) -> list[tuple[str, Contact]]:
        """The probes of which events told since asked: those that changed something."""
        probes, self._probes = self._probes, []
        return probes

    def put_back(self, numbers: Iterable[str]) -> None:
        """The changes could not be stored."""
        self._changed.update(numbers)

    def _best(self, number: str) -> Contact | None:
        """One that answers before one that does not; the one seen last among equals."""
        contacts = list(self._by_circuit.get(number, {}).values())
        return max(reversed(contacts), key=lambda c: c.reachable) if contacts else None


def _rtt(fields: Fields) -> int | None:
    text = fields.get("RoundtripUsec", "")
    return int(text) if text.isdigit() and int(text) > 0 else None


def _from_list(row: Fields) -> Contact:
    expires = row.get("ExpirationTime", "")
    status = row.get("Status", "")
    return Contact(
        uri=row.get("Uri", ""),
        reachable=status != "Unreachable",
        rtt_us=_rtt(row) if status == "Reachable" else None,
        user_agent=row.get("UserAgent", "")[:120],
        expires_at=datetime.fromtimestamp(int(expires), UTC) if expires.isdigit() else None,
    )


_UPSERT = """
INSERT INTO circuits_registration
       (circuit_id, tenant_id, online, address, port, user_agent, rtt_us, expires_at, changed_at)
SELECT circuit.id, circuit.tenant_id, said.online, said.address::inet, said.port,
       said.user_agent, said.rtt_us, said.expires_at, now()
  FROM unnest(%s::text[], %s::bool[], %s::text[], %s::int[], %s::text[], %s::int[],
              %s::timestamptz[])
       AS said (number, online, address, port, user_agent, rtt_us, expires_at)
  JOIN circuits_circuit circuit ON circuit.number = said.number
ON CONFLICT (circuit_id) DO UPDATE
   SET online = excluded.online, user_agent = excluded.user_agent, rtt_us = excluded.rtt_us,
       expires_at = excluded.expires_at, tenant_id = excluded.tenant_id,
       address = coalesce(excluded.address, circuits_registration.address),
       port = coalesce(excluded.port, circuits_registration.port),
       changed_at = CASE WHEN circuits_registration.online = excluded.online
                         THEN circuits_registration.changed_at ELSE now() END
"""


def store_registrations(changes: dict[str, Contact | None]) -> None:
    """Bring the circuits' rows up to date. Where a phone was last stays when it has gone."""
    numbers = sorted(changes)
    found = [changes[number] for number in numbers]
    columns: list[Any] = [
        numbers,
        [c is not None and c.reachable for c in found],
        [c and c.address for c in found],
        [c and c.port for c in found],
        [c.user_agent if c else "" for c in found],
        [c and c.rtt_us for c in found],
        [c and c.expires_at for c in found],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, columns)


def store_all_offline(*, central: str, but: Iterable[str]) -> None:
    """Circuits of a central that it does not know as registered are not."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE circuits_registration r
               SET online = false, rtt_us = NULL, changed_at = now()
              FROM circuits_circuit c JOIN centrals_central n ON n.id = c.central_id
             WHERE c.id = r.circuit_id AND r.online AND n.name = %s AND c.number <> ALL (%s)
            """,
            [central, list(but)],
        )


_ADD_SAMPLES = """
INSERT INTO circuits_latencysample
       (circuit_id, tenant_id, at, samples, lost, min_us, max_us, sum_us)
SELECT circuit.id, circuit.tenant_id, %s, count(rtt_us), count(*) - count(rtt_us),
       min(rtt_us), max(rtt_us), coalesce(sum(rtt_us), 0)
  FROM unnest(%s::text[], %s::int[]) AS said (number, rtt_us)
  JOIN circuits_circuit circuit ON circuit.number = said.number
 GROUP BY circuit.id, circuit.tenant_id
ON CONFLICT (circuit_id, at) DO UPDATE
   SET samples = circuits_latencysample.samples + excluded.samples,
       lost = circuits_latencysample.lost + excluded.lost,
       min_us = least(circuits_latencysample.min_us, excluded.min_us),
       max_us = greatest(circuits_latencysample.max_us, excluded.max_us),
       sum_us = circuits_latencysample.sum_us + excluded.sum_us
"""


def store_latency(probed: Sequence[tuple[str, Contact]], *, now: datetime) -> None:
    """Add a probe of each contact to the five minutes that run."""
    start = datetime.fromtimestamp(now.timestamp() // BUCKET.total_seconds() * 300, UTC)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            _ADD_SAMPLES,
            [start, [number for number, _ in probed], [contact.rtt_us for _, contact in probed]],
        )
