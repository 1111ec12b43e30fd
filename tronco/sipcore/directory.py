"""Who is who when a call comes in: circuits, numbers and routes, read once and kept while true.

Rows are read when first asked for. The database tells of changes (`listener.py`), and what may have
changed is forgotten; the last known version stays for emergency calls while the database is away.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from tronco.core.errors import Unavailable
from tronco.pbx.flow import Target
from tronco.routing.select import RouteSnapshot, TrunkChoice
from tronco.sipcore import cards
from tronco.sipcore.cards import DidCard, LineCard, Row

Fetch = Callable[[str, Sequence[object]], Awaitable[list[Row]]]

_ROUTE = """
SELECT r.id, r.name, r.least_cost, s.call_class, t.id, t.name, t.carrier_id, t.number_format,
       t.tech_prefix, t.max_calls, k.cost_tariff_id
  FROM routing_route r
  LEFT JOIN routing_routestep s ON s.route_id = r.id
  LEFT JOIN (routing_trunk t JOIN routing_carrier k ON k.id = t.carrier_id AND k.is_active)
         ON t.id = s.trunk_id AND t.is_active
 WHERE r.id = %s ORDER BY s.call_class, s.position
"""
_EMERGENCY = """
SELECT t.id, t.name, t.carrier_id, t.number_format, t.tech_prefix, t.max_calls, k.cost_tariff_id
  FROM routing_trunk t JOIN routing_carrier k ON k.id = t.carrier_id
 WHERE t.is_active AND t.carries_emergency AND k.is_active ORDER BY t.name
"""
_COST_TARIFFS = """
SELECT DISTINCT cost_tariff_id FROM routing_carrier
 WHERE is_active AND cost_tariff_id IS NOT NULL
"""
# The circuits that have a telephone now will call first.
_EXPECTED = """
SELECT c.number FROM circuits_circuit c JOIN circuits_registration r ON r.circuit_id = c.id
 WHERE r.online ORDER BY r.changed_at DESC LIMIT 500
"""
_TRUNK = "SELECT username FROM routing_trunk WHERE id = %s"
# A customer with a hundred thousand numbers must not fill the memory.
_MOST_REMEMBERED = 200_000


class PortalLine(NamedTuple):
    """A circuit that a telephone may use in the voice portal, once it knows the PIN."""

    number: str
    pin_hash: str


class Directory:
    """Answers from memory where it can. `is_fresh` False: nobody would tell of a change."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._generation = 0
        self._known: dict[tuple[str, object], Any] = {}
        self._last_known: dict[tuple[str, object], Any] = {}
        self.is_fresh = False

    def forget_all(self) -> None:
        """Anything may have changed."""
        self._generation += 1
        self._known.clear()

    def forget_line(self, number: str) -> None:
        """One circuit has changed."""
        self._generation += 1
        self._known.pop(("line", number), None)

    async def warm(self) -> list[LineCard]:
        """Read what the first calls will ask for; the circuits that are expected to place them."""
        await self.list_emergency_trunks()
        await self.find_own_number("+")
        numbers = [row[0] for row in await self._fetch(_EXPECTED, ())]
        lines = [line for number in numbers if (line := await self.find_line(number))]
        for route_id in {line.route_id for line in lines}:
            if route_id is not None:
                await self.find_route(route_id)
        return lines

    async def list_cost_tariffs(self) -> list[int]:
        """The price lists by which carriers are paid."""
        return [row[0] for row in await self._fetch(_COST_TARIFFS, ())]

    async def find_line(self, number: str) -> LineCard | None:
        found: LineCard | None = await self._get(("line", number), self._read_line)
        return found

    async def find_did(self, raw: str) -> DidCard | None:
        """The number that a supplier means by exactly these characters."""
        found: DidCard | None = await self._get(("raw", raw), self._read_did)
        return found

    async def find_own_number(self, e164: str) -> DidCard | None:
        """The number of ours that somebody dialled."""
        if not e164 or e164 not in await self._get(("own", ""), self._read_own_numbers):
            return None
        found: DidCard | None = await self._get(("e164", e164), self._read_did)
        return found

    async def find_did_by_id(self, did_id: int) -> DidCard | None:
        found: DidCard | None = await self._get(("id", did_id), self._read_did)
        return found

    async def find_extension(self, tenant_id: int, extension: str) -> Target | None:
        """The line or queue that a customer reaches by a short number."""
        known: dict[str, Target] = await self._get(("extensions", tenant_id), self._read_extensions)
        return known.get(extension)

    async def find_card(self, card_id: int, classes: frozenset[str]) -> LineCard | None:
        """A calling card as the payer of a call; never from memory."""
        rows = await self._fetch(cards.CARD, (card_id,))
        return cards.calling_card(card_id, rows[0], classes) if rows else None

    async def list_portal_lines(self, tenant_id: int, caller: str) -> list[PortalLine]:
        """The circuits that a telephone may use through a number of that tenant."""
        rows = await self._fetch(cards.PORTAL_LINES, (tenant_id, caller))
        return [PortalLine(*row) for row in rows]

    async def find_route(self, route_id: int) -> RouteSnapshot | None:
        found: RouteSnapshot | None = await self._get(("route", route_id), self._read_route)
        return found

    async def list_emergency_trunks(self) -> tuple[TrunkChoice, ...]:
        found: tuple[TrunkChoice, ...] = await self._get(("emergency", ""), self._read_emergency)
        return found

    async def trunk_username(self, trunk_id: int) -> str:
        """What a trunk registers as; its calls may come addressed to that."""
        found: str = await self._get(("trunk", trunk_id), self._read_trunk)
        return found

    async def _get(
        self, key: tuple[str, object], read: Callable[[tuple[str, object]], Awaitable[Any]]
    ) -> Any:
        if key in self._known:
            return self._known[key]
        generation = self._generation
        try:
            value = await read(key)
        except Unavailable:
            # What was true a moment ago serves calls that cost nothing; the others are refused.
            if key in self._last_known:
                return self._last_known[key]
            raise
        if len(self._known) > _MOST_REMEMBERED:
            self._known.clear()
            self._last_known.clear()
        if self.is_fresh and generation == self._generation:
            self._known[key] = value
        if value is not None:
            self._last_known[key] = value
        return value

    async def _read_line(self, key: tuple[str, object]) -> LineCard | None:
        rows = await self._fetch(cards.LINE, (key[1],))
        return cards.line_card(rows[0]) if rows else None

    async def _read_did(self, key: tuple[str, object]) -> DidCard | None:
        column, value = key
        rows = await self._fetch(cards.DID.format(column), (value,))
        return cards.did_card(rows[0]) if rows else None

    async def _read_own_numbers(self, _key: tuple[str, object]) -> frozenset[str]:
        return frozenset((await self._fetch(cards.OWN_NUMBERS, ()))[0][0])

    async def _read_extensions(self, key: tuple[str, object]) -> dict[str, Target]:
        rows = await self._fetch(cards.EXTENSIONS, (key[1], key[1]))
        return {
            extension: Target("circuit" if number else "queue", circuit=number, queue=queue)
            for extension, number, queue in rows
        }

    async def _read_route(self, key: tuple[str, object]) -> RouteSnapshot | None:
        rows = await self._fetch(_ROUTE, (key[1],))
        if not rows:
            return None
        steps: dict[str, list[TrunkChoice]] = {}
        for _, _, _, call_class, *trunk in rows:
            if call_class is not None and trunk[0] is not None:
                steps.setdefault(call_class, []).append(_trunk(trunk))
        return RouteSnapshot(
            id=rows[0][0],
            name=rows[0][1],
            least_cost=rows[0][2],
            steps={call_class: tuple(trunks) for call_class, trunks in steps.items()},
            emergency=await self.list_emergency_trunks(),
        )

    async def _read_emergency(self, _key: tuple[str, object]) -> tuple[TrunkChoice, ...]:
        return tuple(_trunk(row) for row in await self._fetch(_EMERGENCY, ()))

    async def _read_trunk(self, key: tuple[str, object]) -> str:
        rows = await self._fetch(_TRUNK, (key[1],))
        return str(rows[0][0]) if rows else ""


def _trunk(row: Sequence[Any]) -> TrunkChoice:
    id_, name, carrier_id, number_format, tech_prefix, max_calls, cost_tariff_id = row
    return TrunkChoice(
        id=id_,
        name=name,
        carrier_id=carrier_id,
        number_format=number_format,
        tech_prefix=tech_prefix,
        max_calls=max_calls,
        cost_tariff_id=cost_tariff_id,
    )
