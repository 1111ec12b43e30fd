"""Who is who when a call comes in: circuits, numbers and routes, read once and kept while true.

Rows are read when first asked for. The database tells of changes (`listener.py`), and what may have
changed is forgotten; the last known version stays for emergency calls while the database is away.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tronco.charging.requests import Limit
from tronco.core.errors import Unavailable
from tronco.routing.select import RouteSnapshot, TrunkChoice

Row = tuple[Any, ...]
Fetch = Callable[[str, Sequence[object]], Awaitable[list[Row]]]


@dataclass(frozen=True, slots=True)
class LineCard:
    """A circuit as a call sees it. `shown` is E.164 with +, empty when it owns no number."""

    id: int
    number: str
    central: str
    tenant_id: int
    account_id: int
    status: str
    own_ddd: int
    allowed_classes: frozenset[str]
    shown: str
    route_id: int | None
    limits: tuple[Limit, ...]


@dataclass(frozen=True, slots=True)
class DidCard:
    """A number of ours and the circuit that it rings, if any."""

    id: int
    e164: str
    tenant_id: int
    circuit_number: str | None


_LINE = """
SELECT c.id, c.number, n.name, c.tenant_id, c.account_id,
       CASE WHEN t.status = 'active' OR c.status = 'disabled' THEN c.status ELSE 'suspended' END,
       c.own_ddd, c.allowed_classes,
       coalesce(
         (SELECT d.e164 FROM dids_did d
           WHERE d.tenant_id = c.tenant_id AND d.is_active AND c.caller_number <> ''
             AND d.e164 = c.caller_number LIMIT 1),
         (SELECT d.e164 FROM dids_did d
           WHERE d.tenant_id = c.tenant_id AND d.is_active AND d.circuit_id = c.id
           ORDER BY d.id LIMIT 1),
         ''),
       coalesce(
         (SELECT a.route_id FROM routing_routeassignment a WHERE a.circuit_id = c.id),
         (SELECT a.route_id FROM routing_routeassignment a
            JOIN tenancy_tenant u ON u.id = a.used_by_id
           WHERE t.path ^@ u.path ORDER BY length(u.path) DESC LIMIT 1),
         (SELECT r.id FROM routing_route r JOIN tenancy_tenant m ON m.id = r.tenant_id
           WHERE r.is_default AND m.kind = 'master' LIMIT 1)),
       c.max_calls, c.max_cps,
       (SELECT coalesce(json_agg(json_build_array(u.id, u.max_calls, u.max_cps)), '[]')
          FROM tenancy_tenant u
         WHERE t.path ^@ u.path AND (u.max_calls IS NOT NULL OR u.max_cps IS NOT NULL))
  FROM circuits_circuit c
  JOIN tenancy_tenant t ON t.id = c.tenant_id
  JOIN centrals_central n ON n.id = c.central_id
 WHERE c.number = %s AND t.status <> 'removed'
"""
_DID = """
SELECT d.id, d.e164, d.tenant_id, c.number
  FROM dids_did d
  JOIN tenancy_tenant t ON t.id = d.tenant_id
  LEFT JOIN circuits_circuit c ON c.id = d.circuit_id
 WHERE d.is_active AND t.status <> 'removed' AND d.{} = %s LIMIT 1
"""
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
# One row: every outgoing call asks whether the number is among them.
_OWN_NUMBERS = "SELECT coalesce(array_agg(e164), '{}') FROM dids_did WHERE is_active"
# A customer with a hundred thousand numbers must not fill the memory.
_MOST_REMEMBERED = 200_000


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
        rows = await self._fetch(_LINE, (key[1],))
        if not rows:
            return None
        *plain, max_calls, max_cps, tenants = rows[0]
        id_, number, central, tenant_id, account_id, status, own_ddd, classes, shown, route_id = (
            plain
        )
        limits = [Limit(f"tenant:{t}", calls, cps) for t, calls, cps in tenants]
        if max_calls is not None or max_cps is not None:
            limits.append(Limit(f"circuit:{id_}", max_calls, max_cps))
        return LineCard(
            id=id_,
            number=number,
            central=central,
            tenant_id=tenant_id,
            account_id=account_id,
            status=status,
            own_ddd=own_ddd,
            allowed_classes=frozenset(classes),
            shown=shown,
            route_id=route_id,
            limits=tuple(limits),
        )

    async def _read_did(self, key: tuple[str, object]) -> DidCard | None:
        column, value = key
        rows = await self._fetch(_DID.format(column), (value,))
        return DidCard(*rows[0]) if rows else None

    async def _read_own_numbers(self, _key: tuple[str, object]) -> frozenset[str]:
        return frozenset((await self._fetch(_OWN_NUMBERS, ()))[0][0])

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
