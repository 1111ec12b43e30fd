"""Price lists: checked when they are loaded, so that no call meets a fault in one.

The JSON is defined in docs/rating.md. All its faults are told together, each with its path
(`rates[3].windows[0].tiers`) and its cure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final, TypeVar, get_args
from zoneinfo import ZoneInfo

from tronco.core.errors import InvalidInput, NotFound
from tronco.rating.checked import REQUIRED, Node, Problem, TariffError, listed
from tronco.rating.rates import (
    TICKS,
    Number,
    Price,
    Rate,
    Rounding,
    Tier,
    Unit,
    Window,
)
from tronco.rating.schedule import DAY_S, EVERY_DAY, WindowTimes, clock_text, find_gap

DEFAULT_TIMEZONE: Final = "America/Sao_Paulo"
# As many digits as a column of 64-bit keys can tell apart (see batch.py); E.164 has 15.
MAX_PREFIX: Final = 18

_PREFIX: Final = re.compile(rf"[0-9]{{1,{MAX_PREFIX}}}")
_CLASS: Final = re.compile(r"[a-z0-9_]{1,32}")
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?|24:00(?::00)?")
_DATE: Final = re.compile(r"(?:[0-9]{4}-)?[0-9]{2}-[0-9]{2}")
_TARIFF_KEYS: Final = frozenset({"timezone", "rounding", "rates"})
_ROUNDING_KEYS: Final = frozenset({"method", "decimals"})
_RATE_KEYS: Final = frozenset({"prefix", "call_class", "free_under_s", "max_cost", "windows"})
_WINDOW_KEYS: Final = frozenset(
    {"weekdays", "from", "to", "dates", "holidays", "priority", "connect_fee", "unit", "tiers"}
)
_TIER_KEYS: Final = frozenset({"from_s", "price", "per_s", "increment_s"})
T = TypeVar("T", bool, int)


class NoRate(NotFound):
    """No rate of the tariff matches the number: it is not priced, and live not allowed."""

    code = "no-rate"


class Tariff:
    """One version of a price list, ready to match and price."""

    def __init__(self, *, rates: Sequence[Rate], timezone: ZoneInfo, rounding: Rounding) -> None:
        self.rates = tuple(rates)
        self.timezone = timezone
        self.rounding = rounding
        self._by_prefix = {rate.prefix: rate for rate in rates if rate.prefix is not None}
        self._by_class = {rate.call_class: rate for rate in rates if rate.call_class is not None}
        self._lengths = sorted({len(prefix) for prefix in self._by_prefix}, reverse=True)

    def match(self, digits: str, call_class: str | None = None) -> Rate | None:
        """Return the rate of the longest prefix, else that of the call's class."""
        by_prefix = self._by_prefix
        for length in self._lengths:
            rate = by_prefix.get(digits[:length])
            if rate is not None:
                return rate
        return self._by_class.get(call_class) if call_class else None

    def price(
        self,
        *,
        digits: str,
        start: datetime,
        duration: Number,
        call_class: str | None = None,
        allowance_s: Number = 0,
        allowance_money: Number = 0,
    ) -> Price:
        """Match and price a call; raises NoRate."""
        rate = self.match(digits, call_class)
        if rate is None:
            raise NoRate(f"no rate for {digits}", details={"digits": digits})
        return rate.price(
            start=start,
            duration=duration,
            timezone=self.timezone,
            rounding=self.rounding,
            allowance_s=allowance_s,
            allowance_money=allowance_money,
        )


def load_tariff(data: Mapping[str, Any]) -> Tariff:
    """Compile one tariff version; raises TariffError with all that is wrong."""
    problems: list[Problem] = []
    node = Node("", data, problems, _TARIFF_KEYS)
    timezone = _timezone(node)
    rounding = _rounding(node)
    rates, bodies, seen = [], dict[str, Rate](), dict[tuple[str, str], str]()
    for item in node.items("rates", _RATE_KEYS):
        rate = _rate(item, bodies)
        _check_unique(item, seen)
        if rate is not None:
            rates.append(rate)
    if problems or timezone is None or rounding is None:
        raise TariffError(problems)
    return Tariff(rates=rates, timezone=timezone, rounding=rounding)


def load_rate(data: Mapping[str, Any]) -> Rate:
    """Compile a single rate, one element of `rates`; raises TariffError."""
    problems: list[Problem] = []
    rate = _rate(Node("", data, problems, _RATE_KEYS), {})
    if rate is None or problems:
        raise TariffError(problems)
    return rate


def simple_rate(
    *,
    price_per_min: Number,
    minimum_s: int,
    step_s: int,
    free_under_s: int,
    prefix: str | None = None,
    call_class: str | None = None,
    connect_fee: Number = 0,
    max_cost: Number | None = None,
) -> Rate:
    """Compile the market's cadence minimum/step/free, such as 30/6/3, at one price per minute.

    A minimum of 0 means that there is none: every increment is a step.
    """
    body = _simple_body(price_per_min, minimum_s, step_s, free_under_s, connect_fee, max_cost)
    problems: list[Problem] = []
    _check_target(Node("", {"prefix": prefix, "call_class": call_class}, problems, _RATE_KEYS))
    if problems:
        raise TariffError(problems)
    return body.with_target(prefix=prefix, call_class=call_class)


@lru_cache(maxsize=8192, typed=True)
def _simple_body(
    price_per_min: Number,
    minimum_s: int,
    step_s: int,
    free_under_s: int,
    connect_fee: Number,
    max_cost: Number | None,
) -> Rate:
    tiers = [{"from_s": 0, "increment_s": minimum_s}, {"from_s": minimum_s, "increment_s": step_s}]
    if minimum_s in (0, step_s):
        tiers = [{"from_s": 0, "increment_s": step_s}]
    window = {
        "connect_fee": connect_fee,
        "tiers": [{**tier, "price": price_per_min, "per_s": 60} for tier in tiers],
    }
    body = {"free_under_s": free_under_s, "max_cost": max_cost, "windows": [window]}
    return load_rate({"prefix": "0", **body})


def _timezone(node: Node) -> ZoneInfo | None:
    name = node.value("timezone", DEFAULT_TIMEZONE)
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError):
        node.fault(
            "timezone", "unknown-timezone", f"{name!r} is not a zone; use {DEFAULT_TIMEZONE}"
        )
        return None


def _rounding(node: Node) -> Rounding | None:
    data = node.value("rounding", {"method": "none"})
    inner = Node(node.at("rounding"), data, node.problems, _ROUNDING_KEYS)
    method = inner.value("method")
    decimals = inner.value("decimals", 6 if method == "none" else REQUIRED)
    if method is None or decimals is None:
        return None
    try:
        return Rounding(method, decimals)
    except InvalidInput as error:
        inner.fault(error.field or "", error.code, error.message)
        return None


def _check_target(item: Node) -> None:
    prefix, call_class = item.value("prefix", None), item.value("call_class", None)
    if (prefix is None) == (call_class is None):
        item.fault("prefix", "no-target", "give either a prefix or a call_class, and only one")
    elif prefix is not None and not (isinstance(prefix, str) and _PREFIX.fullmatch(prefix)):
        item.fault("prefix", "invalid-prefix", f"must be a string of 1 to {MAX_PREFIX} digits")
    elif call_class is not None and not (
        isinstance(call_class, str) and _CLASS.fullmatch(call_class)
    ):
        item.fault(
            "call_class",
            "invalid-call-class",
            "must be a name in small letters, such as ldn_mobile",
        )


def _check_unique(item: Node, seen: dict[tuple[str, str], str]) -> None:
    for key in ("prefix", "call_class"):
        value = item.data.get(key)
        if isinstance(value, str):
            first = seen.setdefault((key, value), item.path)
            if first != item.path:
                item.fault(key, "duplicate", f"{value!r} is already in {first}; keep one of them")


def _rate(item: Node, bodies: dict[str, Rate]) -> Rate | None:
    """Compile a rate, or tell what is wrong. Rates with another target only share a body."""
    if not item.is_object:
        return None
    before = len(item.problems)
    _check_target(item)
    targets = ("prefix", "call_class")
    key = repr([pair for pair in item.data.items() if pair[0] not in targets])
    rate = bodies.get(key) if len(item.problems) == before else None
    if rate is None:
        free_under = item.ticks("free_under_s", 0)
        max_cost = item.money("max_cost", None)
        nodes = item.items("windows", _WINDOW_KEYS)
        windows = tuple(window for node in nodes if (window := _window(node)))
        if len(item.problems) == before:
            _check_windows(item, windows)
        if len(item.problems) > before or free_under is None:
            return None
        rate = bodies[key] = Rate(
            free_under=free_under, max_cost=max_cost, windows=windows, unit=_unit(nodes[0])
        )
    return rate.with_target(prefix=item.data.get("prefix"), call_class=item.data.get("call_class"))


def _check_windows(item: Node, windows: Sequence[Window]) -> None:
    """Whatever the clock says, exactly one window must have the price."""
    raw = item.data["windows"]
    if len({window.get("unit") or "s" for window in raw}) > 1:
        item.fault("windows", "mixed-units", "all windows of a rate must have the same unit")
    times = [window.times for window in windows]
    gap = find_gap(times)
    if gap:
        day = f" on {gap.day}" if gap.day else ""
        item.fault(
            "windows",
            "gap",
            f"weekday {gap.weekday}{day} has no window from {clock_text(gap.from_s)} "
            f"to {clock_text(gap.to_s)}; add one, such as one for all days with a low priority",
        )
    for later, one in enumerate(times):
        for earlier, other in enumerate(times[:later]):
            if one.rivals(other):
                item.fault(
                    f"windows[{later}]",
                    "ambiguous",
                    f"can be in force together with windows[{earlier}], with the same priority and "
                    "beginning; give one of them a higher priority",
                )


def _window(node: Node) -> Window | None:
    before = len(node.problems)
    unit = _unit(node)
    times = WindowTimes(
        weekdays=_weekdays(node),
        from_s=_clock(node, "from", 0),
        to_s=_clock(node, "to", DAY_S),
        dates=_dates(node),
        holidays=_typed(node, "holidays", bool, False, "must be true or false"),
        priority=_typed(node, "priority", int, 0, "must be a whole number"),
    )
    if times.from_s >= times.to_s:
        node.fault(
            "to", "empty-hours", "must be later than from; a night is two windows, one to 24:00:00 "
            "and one from 00:00:00",
        )  # fmt: skip
    fee = node.money("connect_fee", 0)
    tiers = _tiers(node, unit)
    if len(node.problems) > before or fee is None:
        return None
    return Window(times=times, connect_fee=fee, tiers=tiers)


def _tiers(node: Node, unit: Unit) -> tuple[Tier, ...]:
    tiers = []
    items = node.items("tiers", _TIER_KEYS)
    for item in items:
        start = item.ticks("from_s", 0)
        price = item.money("price")
        per = item.ticks("per_s", positive=True)
        increment = item.ticks("increment_s", positive=True)
        if start is None or price is None or per is None or increment is None:
            continue
        if unit != "s" and any(length % TICKS for length in (start, per, increment)):
            item.fault("", "split-unit", f"a {unit} is never split; use whole numbers")
        tiers.append(Tier(start=start, increment=increment, price=price, per=per))
    tiers.sort(key=lambda tier: tier.start)
    starts = [tier.start for tier in tiers]
    if len(set(starts)) < len(starts):
        node.fault("tiers", "duplicate", "two tiers have the same from_s; keep one of them")
    if len(starts) == len(items) > 0 and starts[0]:
        node.fault("tiers", "gap", "no tier has from_s 0, so the call's beginning has no price")
    return tuple(tiers)


def _unit(node: Node) -> Unit:
    unit = node.value("unit", "s")
    if unit not in get_args(Unit):
        node.fault("unit", "unknown-unit", f"{unit!r} is not a unit; use {listed(get_args(Unit))}")
        return "s"
    return unit  # type: ignore[no-any-return]


def _weekdays(node: Node) -> frozenset[int]:
    days = node.value("weekdays", [])
    if not isinstance(days, list | tuple) or any(
        type(day) is not int or day not in EVERY_DAY for day in days
    ):
        node.fault("weekdays", "invalid-weekdays", "must be a list of 1 (Monday) to 7, or null")
        return EVERY_DAY
    return frozenset(days) or EVERY_DAY


def _dates(node: Node) -> frozenset[str]:
    days = node.value("dates", [])
    if not isinstance(days, list | tuple) or not all(map(_is_date, days)):
        node.fault("dates", "invalid-dates", 'must be a list of days "MM-DD" or "YYYY-MM-DD"')
        return frozenset()
    return frozenset(days)


def _is_date(text: object) -> bool:
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text if len(text) > 5 else f"2000-{text}")
    except ValueError:
        return False
    return True


def _clock(node: Node, key: str, default: int) -> int:
    text = node.value(key, None)
    if text is None:
        return default
    match = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    if not match:
        node.fault(key, "invalid-clock", 'must be "HH:MM:SS", up to "24:00:00"')
        return default
    hours, minutes, seconds = match.groups(default="0")
    return DAY_S if text.startswith("24") else int(hours) * 3600 + int(minutes) * 60 + int(seconds)


def _typed(node: Node, key: str, kind: type[T], default: T, message: str) -> T:
    value = node.value(key, default)
    if type(value) is kind:
        return value
    node.fault(key, "wrong-type", message)
    return default
