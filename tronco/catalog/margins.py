"""What would be sold for less than it costs the seller.

The measure is that of the guard on live calls: the exact price of a minute, connect fee included.
Where prices follow the clock, every stretch of the week, a national holiday and each named date are
compared.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from tronco.catalog.models import CallClass, Plan, TariffVersion
from tronco.catalog.rates import RateValues, compile_rate
from tronco.catalog.selectors import find_purchase_plan, find_version_at, list_rate_values
from tronco.numbering.ddd import UF_BY_DDD
from tronco.rating import Rate, Rounding
from tronco.rating.schedule import DAY_S
from tronco.tenancy.models import Tenant

MINUTE_S = 60
# A week without holidays, from Monday on, and a national holiday.
_WEEK = [date(2026, 3, 2) + timedelta(days=day) for day in range(7)]
_HOLIDAY = date(2026, 9, 7)
_EXACT = Rounding("none")

# What is got and what is paid where the loss is greatest, and when that is.
Worst = tuple[Fraction, Fraction, datetime | None]


@dataclass(frozen=True)
class BelowCost:
    """A price that loses money: reais for a minute, sold and bought, where the loss is greatest.

    `at` is None when the clock does not matter. `call_class` is set when the price is by class.
    """

    prefix: str
    call_class: str
    sale: Fraction
    cost: Fraction
    at: datetime | None

    @property
    def class_label(self) -> str:
        return str(CallClass(self.call_class).label) if self.call_class else ""

    @property
    def loss(self) -> Fraction:
        return self.cost - self.sale


def list_plan_losses(*, plan: Plan, at: datetime) -> list[BelowCost]:
    """Return the prices at which the plan's seller would lose money now."""
    sale = find_version_at(tariff_id=plan.tariff_id, at=at)
    cost = find_purchase_version(seller=plan.tenant, at=at)
    return list_below_cost(sale=sale, cost=cost) if sale and cost else []


def list_below_cost(*, sale: TariffVersion, cost: TariffVersion) -> list[BelowCost]:
    """Compare two versions of price lists."""
    return find_below_cost(sale=_load(sale), cost=_load(cost))


def find_purchase_version(*, seller: Tenant, at: datetime) -> TariffVersion | None:
    """Return the prices at which a reseller buys; the master buys from carriers, by routes."""
    plan = find_purchase_plan(tenant=seller)
    return find_version_at(tariff_id=plan.tariff_id, at=at) if plan else None


def _load(version: TariffVersion) -> PriceList:
    values = list_rate_values(version_id=version.pk)
    return PriceList(values, ZoneInfo(version.tariff.timezone))


class PriceList:
    """Prices to be compared. Equal ones are compiled once: lists repeat few prices many times."""

    def __init__(self, rates: Iterable[RateValues], zone: ZoneInfo) -> None:
        self.zone = zone
        self.by_prefix: dict[str, tuple[int, RateValues]] = {}
        self.by_class: dict[str, tuple[int, RateValues]] = {}
        self._bodies: dict[Hashable, int] = {}
        self._compiled: dict[int, Rate] = {}
        for rate in rates:
            windows = rate.windows and json.dumps(rate.windows, sort_keys=True)
            key = (*rate[3:-1], windows)
            found = (self._bodies.setdefault(key, len(self._bodies)), rate)
            (self.by_prefix if rate.prefix else self.by_class)[rate.target] = found
        self._lengths = sorted({len(prefix) for prefix in self.by_prefix}, reverse=True)

    def match(self, prefix: str, call_class: str) -> tuple[int, RateValues] | None:
        """Return the price of the longest prefix, else of the class, and a number for its body."""
        for length in self._lengths:
            if found := self.by_prefix.get(prefix[:length]):
                return found
        return self.by_class.get(call_class)

    def compiled(self, body: int, rate: RateValues) -> Rate:
        if body not in self._compiled:
            self._compiled[body] = compile_rate(rate)
        return self._compiled[body]


def find_below_cost(*, sale: PriceList, cost: PriceList) -> list[BelowCost]:
    """Return the prices of `sale` below those of `cost`, the greatest loss first.

    Numbers are compared by every prefix that either list knows: a cheap general price may hide an
    expensive special cost. What one list lacks is not compared: such calls are refused anyway.
    """
    compared: dict[tuple[int, int], Worst | None] = {}
    found: dict[BelowCost, None] = {}
    for prefix, call_class in _targets(sale, cost):
        sold, bought = sale.match(prefix, call_class), cost.match(prefix, call_class)
        if sold is None or bought is None:
            continue
        pair = (sold[0], bought[0])
        if pair not in compared:
            compared[pair] = _worst(
                sale.compiled(*sold), sale.zone, cost.compiled(*bought), cost.zone
            )
        if worst := compared[pair]:
            by_class = "" if sold[1].prefix and bought[1].prefix else call_class
            found[BelowCost(prefix, by_class, *worst)] = None
    return sorted(found, key=lambda one: (-one.loss, one.prefix, one.call_class))


def _targets(sale: PriceList, cost: PriceList) -> Iterator[tuple[str, str]]:
    for call_class in CallClass.values:
        yield "", call_class
    for prefix in sorted({*sale.by_prefix, *cost.by_prefix}):
        for call_class in possible_classes(prefix):
            yield prefix, call_class


def possible_classes(prefix: str) -> Sequence[str]:
    """Return the classes that numbers which begin so may have, from wherever they are dialled."""
    if not prefix.startswith("55"[: len(prefix)]):
        # Short codes of Brazil begin with 1, and so does North America.
        is_short = prefix[0] == "1" and len(prefix) <= 5
        return [CallClass.LDI, CallClass.SERVICES] if is_short else [CallClass.LDI]
    rest = prefix[2:]
    if rest[:2] in ("80", "30", "50", "90") and rest[2:3] in ("", "0"):
        return [CallClass.N0800 if rest[0] == "8" else CallClass.N0300]
    if len(rest) < 2 or int(rest[:2]) not in UF_BY_DDD:
        return [value for value in CallClass.values if len(prefix) < 2 or value != CallClass.LDI]
    fixed = [CallClass.LOCAL_FIXED, CallClass.LDN_FIXED]
    mobile = [CallClass.LOCAL_MOBILE, CallClass.LDN_MOBILE]
    if len(rest) == 2:
        return [*fixed, *mobile]
    return mobile if rest[2] == "9" else fixed


def _worst(sold: Rate, sold_zone: ZoneInfo, bought: Rate, bought_zone: ZoneInfo) -> Worst | None:
    worst: Worst | None = None
    always = _is_always(sold) and _is_always(bought)
    for at in sorted({*_moments(sold, sold_zone), *_moments(bought, bought_zone)}):
        sale, cost = _minute(sold, at, sold_zone), _minute(bought, at, bought_zone)
        if sale < cost and (worst is None or cost - sale > worst[1] - worst[0]):
            worst = (sale, cost, None if always else at)
    return worst


def _minute(rate: Rate, at: datetime, zone: ZoneInfo) -> Fraction:
    return rate.price(start=at, duration=MINUTE_S, timezone=zone, rounding=_EXACT).exact


def _is_always(rate: Rate) -> bool:
    return all(window.times.is_always for window in rate.windows)


def _moments(rate: Rate, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield an instant of every stretch of the calendar that may have a price of its own."""
    times = [window.times for window in rate.windows]
    days = _WEEK[:1] if _is_always(rate) else [*_WEEK, _HOLIDAY]
    for named in sorted({named for one in times for named in one.dates}):
        # 2028 is a leap year, so that it has any MM-DD.
        days.append(date.fromisoformat(named if len(named) > 5 else f"2028-{named}"))
    seconds = {0, *(s for one in times for s in (one.from_s, one.to_s) if s < DAY_S)}
    for day in days:
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        for second in sorted(seconds):
            yield midnight + timedelta(seconds=second)
