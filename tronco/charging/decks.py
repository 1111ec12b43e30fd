"""Configuration in memory: who pays for an account's calls, by which plans, at which rates.

Rates of a published version never change and are kept as long as their version is of use. All else
is read when first asked for and dropped when anything of it changed (`notify`).

Reading is written once for both worlds: the methods are coroutines that get rows from a `Fetch`.
Under call control that is a query of the asynchronous pool; under Django it never waits, and
`finish` runs the coroutine where it stands.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple, TypeVar

from tronco.catalog.rates import compile_rate
from tronco.charging.terms import EXACT, AllowanceUnit, zone
from tronco.numbering.number import CallClass
from tronco.rating import Rate, Rounding

K = TypeVar("K")
T = TypeVar("T")
Row = tuple[Any, ...]
Fetch = Callable[[str, Sequence[Any]], Awaitable[list[Row]]]
_ChainKey = tuple[int, int | None, bool]

# A long price list is read in pieces, so that calls are answered in between.
_RATES_A_READ: Final = 5000
# What is remembered of price lists: about 300 bytes a rate, and 2 kB a compiled one.
_MOST_RATES: Final = 2_000_000
_MOST_COMPILED: Final = 50_000
_MOST_OFFERS: Final = 50_000

# A reseller's own account stands between what he sells and his seller's; a card is his to sell.
_CHAIN: Final = """
SELECT t.id, t.status, a.id, a.status,
       CASE WHEN t.status <> 'active' OR a.status <> 'active'
            THEN charging_suspended_since(t.id, a.id) END,
       a.cycle_day, p.id, p.name, p.rounding, p.decimals,
       p.sell_below_cost, p.tariff_id, r.timezone,
       (SELECT coalesce(json_agg(json_build_array(w.id, w.unit, w.amount, w.classes)
                                 ORDER BY w.position, w.id), '[]')
        FROM catalog_allowance w WHERE w.plan_id = p.id)
FROM charging_account own
JOIN tenancy_tenant owner ON owner.id = own.tenant_id
CROSS JOIN LATERAL (
    SELECT owner.id AS tenant, own.id AS account, %s::bigint AS plan, 0 AS above
    UNION ALL
    SELECT u.id, (SELECT id FROM charging_account WHERE tenant_id = u.id AND role = 'reseller'),
           NULL, 1
    FROM tenancy_tenant u
    WHERE u.id = ANY (string_to_array(trim(BOTH '/' FROM owner.path), '/')::bigint[])
      AND u.kind <> 'master' AND (u.id <> owner.id OR own.role = 'card')
) AS payer
JOIN tenancy_tenant t ON t.id = payer.tenant
LEFT JOIN charging_account a ON a.id = payer.account
LEFT JOIN catalog_plan p
       ON p.id = coalesce(payer.plan, CASE WHEN %s THEN a.incoming_plan_id END, a.plan_id)
LEFT JOIN catalog_tariff r ON r.id = p.tariff_id
WHERE own.id = %s ORDER BY payer.above, length(t.path) DESC
"""
_VERSIONS: Final = """
SELECT v.id, v.effective_at, v.withdrawn_at, r.timezone
FROM catalog_tariffversion v JOIN catalog_tariff r ON r.id = v.tariff_id
WHERE v.tariff_id = %s AND v.status <> 'draft' ORDER BY v.effective_at, v.number
"""
_RATES: Final = """
SELECT id, prefix, call_class, price_per_min, connect_fee, minimum_s, step_s, free_under_s,
       max_cost, windows::json
FROM catalog_rate WHERE {}
"""
_TARIFFS: Final = """
SELECT DISTINCT tariff_id FROM catalog_plan p
WHERE EXISTS (SELECT FROM charging_account a WHERE p.id IN (a.plan_id, a.incoming_plan_id))
"""
_DECK: Final = _RATES.format(
    "version_id = %s AND (prefix, call_class) > (%s, %s) ORDER BY prefix, call_class LIMIT %s"
)
_RATES_BY_ID: Final = _RATES.format("id = ANY (%s)")


class AllowanceRow(NamedTuple):
    """An allowance of a plan; `amount` in seconds or µR$."""

    id: int
    unit: AllowanceUnit
    amount: int
    classes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Level:
    """One account that pays for a call. `account` None: a reseller who has none yet.

    `suspended_at` is since when it is not active, if that is known. `is_own_plan` False: the call
    brought its own.
    """

    tenant: int
    is_active: bool
    suspended_at: datetime | None
    account: int | None
    cycle_day: int
    plan: int
    plan_name: str
    rounding: Rounding
    sell_below_cost: bool
    tariff: int
    timezone: str
    allowances: tuple[AllowanceRow, ...]
    is_own_plan: bool = True


class RateRow(NamedTuple):
    """A row of catalog_rate, in the shape that `compile_rate` takes."""

    id: int
    prefix: str
    call_class: str
    price_per_min: Decimal
    connect_fee: Decimal
    minimum_s: int
    step_s: int
    free_under_s: int
    max_cost: Decimal | None
    windows: list[dict[str, Any]] | None


class DatedRate(NamedTuple):
    """The rate of a number, and from when on; None is "from before the time asked about"."""

    since: datetime | None
    version: int
    id: int
    rate: Rate
    timezone: str


class _Version(NamedTuple):
    id: int
    effective_at: datetime
    withdrawn_at: datetime | None
    timezone: str

    def counts_at(self, moment: datetime) -> bool:
        return self.effective_at <= moment and (
            self.withdrawn_at is None or moment < self.withdrawn_at
        )


class Deck:
    """The rates of one published version."""

    def __init__(self, rows: Sequence[RateRow]) -> None:
        self.size = len(rows)
        self._by_prefix = {row.prefix: row for row in rows if row.prefix}
        self._by_class = {row.call_class: row for row in rows if row.call_class}
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix}, reverse=True)

    def match(self, digits: str, call_class: str) -> RateRow | None:
        """Return the rate of the longest prefix, else that of the call's class.

        A service's short code is no beginning of a number abroad (102 is not in the USA): only a
        rate for that very code, or for the class, prices it.
        """
        if call_class == CallClass.SERVICES:
            return self._by_prefix.get(digits) or self._by_class.get(call_class)
        for length in self._lengths:
            row = self._by_prefix.get(digits[:length])
            if row is not None:
                return row
        return self._by_class.get(call_class)


class Decks:
    """What is known of the configuration; `drop` it when it changed.

    While `is_fresh` is False nobody would tell of a change, so nothing but rates is remembered.
    """

    def __init__(self, fetch: Fetch, *, is_fresh: bool = False) -> None:
        self._fetch = fetch
        self._generation = 0
        self._chains: dict[_ChainKey, tuple[Level, ...]] = {}
        self._versions: dict[int, tuple[_Version, ...]] = {}
        self._decks: OrderedDict[int, Deck] = OrderedDict()
        # What has been read so far of decks whose reader may have given up.
        self._unfinished: dict[int, list[RateRow]] = {}
        self._compiled: dict[int, Rate] = {}
        self._minutes: dict[tuple[int, str], Fraction] = {}
        # What `offers` worked out from all this; forgotten with it.
        self.offers: dict[Hashable, Any] = {}
        self.is_fresh = is_fresh

    def drop(self, *, is_fresh: bool | None = None) -> None:
        """Forget what may have changed; answers still on their way are not remembered either."""
        if is_fresh is not None:
            self.is_fresh = is_fresh
        self._generation += 1
        self._chains.clear()
        self._versions.clear()
        self.offers.clear()

    async def chain(
        self, account: int, *, plan: int | None = None, is_incoming: bool = False
    ) -> tuple[Level, ...]:
        """Return the account and those of the resellers above it, upwards; () if unknown.

        `plan` prices the first level in place of the account's own. Incoming calls are priced by
        the accounts' plans for those, where they have one.
        """
        key = (account, plan, is_incoming)
        known = self._chains.get(key)
        if known is not None:
            return known
        generation = self._generation
        rows = await self._fetch(_CHAIN, (plan, is_incoming, account))
        levels = tuple(map(_as_level, rows))
        if plan is not None and levels:
            levels = (replace(levels[0], is_own_plan=False), *levels[1:])
        self._remember(self._chains, key, levels, generation)
        return levels

    async def rates(
        self, tariff: int, digits: str, call_class: str, *, earliest: datetime, latest: datetime
    ) -> tuple[DatedRate, ...]:
        """Return the rates of a number for calls answered between two moments, in order of time.

        Usually one; () when at some moment between them the number has none.
        """
        versions = await self._versions_of(tariff)
        changes = {
            moment
            for version in versions
            for moment in (version.effective_at, version.withdrawn_at)
            if moment is not None and earliest < moment <= latest
        }
        found: list[DatedRate] = []
        for moment in (earliest, *sorted(changes)):
            version = next((v for v in reversed(versions) if v.counts_at(moment)), None)
            row = None
            if version is not None:
                row = (await self._deck(version.id)).match(digits, call_class)
            if version is None or row is None:
                return ()
            if not found or found[-1].version != version.id:
                since = moment if found else None
                rate = self._compile(row)
                found.append(DatedRate(since, version.id, row.id, rate, version.timezone))
        return tuple(found)

    async def rates_by_id(self, ids: Iterable[int]) -> dict[int, Rate]:
        """Return rates that terms name, whatever their versions have become."""
        wanted = set(ids)
        found = {id_: self._compiled[id_] for id_ in wanted if id_ in self._compiled}
        if missing := list(wanted - found.keys()):
            rows = map(RateRow._make, await self._fetch(_RATES_BY_ID, (missing,)))
            found.update((row.id, self._compile(row)) for row in rows)
        return found

    async def warm(self, others: Iterable[int], at: datetime) -> int:
        """Read the decks in effect of every plan that is in use, and of other price lists.

        Returns how many; the first calls would have to wait for them.
        """
        tariffs = {*others, *(row[0] for row in await self._fetch(_TARIFFS, ()))}
        for tariff in sorted(tariffs):
            for version in await self._versions_of(tariff):
                if version.counts_at(at):
                    await self._deck(version.id)
        return len(self._decks)

    def minute_cost(self, dated: DatedRate, moment: datetime) -> Fraction:
        """Return what 60 s cost, in reais and exactly: the measure by which prices are compared."""
        key = (dated.id, dated.timezone)
        cost = self._minutes.get(key)
        if cost is None:
            price = dated.rate.price(
                start=moment, duration=60, timezone=zone(dated.timezone), rounding=EXACT
            )
            cost = price.exact
            if dated.rate.schedule is None:
                self._minutes[key] = cost
        return cost

    def remember_offer(self, key: Hashable, offer: Any) -> None:
        """Keep an offer until something of the configuration changes."""
        if len(self.offers) >= _MOST_OFFERS:
            self.offers.clear()
        self.offers[key] = offer

    async def _versions_of(self, tariff: int) -> tuple[_Version, ...]:
        known = self._versions.get(tariff)
        if known is not None:
            return known
        generation = self._generation
        versions = tuple(_Version(*row) for row in await self._fetch(_VERSIONS, (tariff,)))
        self._remember(self._versions, tariff, versions, generation)
        return versions

    async def _deck(self, version: int) -> Deck:
        deck = self._decks.get(version)
        if deck is None:
            rows = await self._read_deck(version)
            deck = self._decks[version] = Deck(rows)
            self._unfinished.pop(version, None)
            while len(self._decks) > 1 and sum(d.size for d in self._decks.values()) > _MOST_RATES:
                self._decks.popitem(last=False)
        self._decks.move_to_end(version)
        return deck

    async def _read_deck(self, version: int) -> list[RateRow]:
        """Read all rates of a version; who comes after one that gave up goes on from there.

        A call waits two seconds. A long list that every call began anew would never be read.
        """
        rows = self._unfinished.setdefault(version, [])
        while True:
            size = len(rows)
            last = (rows[-1].prefix, rows[-1].call_class) if rows else ("", "")
            piece = await self._fetch(_DECK, (version, *last, _RATES_A_READ))
            if len(rows) != size:
                continue  # another call has read this piece meanwhile
            if not piece:
                return rows
            rows.extend(map(RateRow._make, piece))

    def _compile(self, row: RateRow) -> Rate:
        rate = self._compiled.get(row.id)
        if rate is None:
            if len(self._compiled) >= _MOST_COMPILED:
                self._compiled.clear()
                self._minutes.clear()
            rate = self._compiled[row.id] = compile_rate(row)
        return rate

    def _remember(
        self, memory: dict[K, tuple[T, ...]], key: K, value: tuple[T, ...], generation: int
    ) -> None:
        if self.is_fresh and generation == self._generation and value:
            memory[key] = value


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits, as those over `django_fetch` are."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise RuntimeError("a coroutine that may wait was run without an event loop")


async def django_fetch(query: str, parameters: Sequence[Any]) -> list[Row]:
    """Fetch over Django's connection."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows: list[Row] = cursor.fetchall()
        return rows


def _as_level(row: Row) -> Level:
    (
        tenant, tenant_status, account, status, suspended_at, cycle_day, plan, plan_name, rounding,
        decimals, sell_below_cost, tariff, timezone, allowances,
    ) = row  # fmt: skip
    return Level(
        tenant=tenant,
        is_active=tenant_status == "active" and status in ("active", None),
        suspended_at=suspended_at,
        account=account,
        cycle_day=cycle_day or 1,
        plan=plan or 0,
        plan_name=plan_name or "",
        rounding=Rounding(rounding, decimals) if rounding else EXACT,
        sell_below_cost=bool(sell_below_cost),
        tariff=tariff or 0,
        timezone=timezone or "",
        allowances=tuple(
            AllowanceRow(id_, unit, amount, frozenset(classes))
            for id_, unit, amount, classes in allowances
        ),
    )
