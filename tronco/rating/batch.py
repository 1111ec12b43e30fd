"""Prices in columns: a million calls against one tariff, equal to `Rate.price` to the millionth.

The longest prefix is found by binary search: prefixes are laid on a line of 18-digit numbers and
cut into intervals with one winner each. A call that stays within one window is priced by integer
arithmetic on whole columns. What does not fit there (a call that crosses into another window,
numbers that 64 bits might not hold) goes to the engine itself, one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil, lcm
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tronco.core.errors import InvalidInput
from tronco.rating.rates import MAX_SECONDS, MICRO, TICKS, Rate, Tier, Window
from tronco.rating.schedule import EPOCH, YEARS, Schedule
from tronco.rating.tariffs import MAX_PREFIX, Tariff

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_TICKS_PER_MS: Final = TICKS // 1000
# Money beyond this, doubled for rounding half up, might not fit 64 bits.
_MOST: Final = 1 << 61
_ENDLESS: Final = 1 << 62
_BEYOND: Final = 1 << 63
_MOST_TIERS: Final = 4
_POWERS: Final = 10 ** np.arange(MAX_PREFIX + 1, dtype=np.int64)


class PricedColumns(NamedTuple):
    """One array each: position in `tariff.rates` or -1, µR$, and milliseconds (rounded up)."""

    rate: Ints
    cost_u: Ints
    billed_ms: Ints


def price_columns(
    tariff: Tariff,
    *,
    digits: Sequence[str] | NDArray[np.str_] | Ints,
    start_us: Ints,
    duration_ms: Ints,
    call_class: Sequence[str] | NDArray[np.str_] | None = None,
) -> PricedColumns:
    """Price each row; where there are several batches, keep a TariffColumns instead."""
    return TariffColumns(tariff).price(
        digits=digits, start_us=start_us, duration_ms=duration_ms, call_class=call_class
    )


class TariffColumns:
    """A tariff compiled for columns."""

    def __init__(self, tariff: Tariff) -> None:
        self._tariff = tariff
        self._rates = tariff.rates
        self._positions = {rate: i for i, rate in enumerate(self._rates)}
        self._by_class = {rate.call_class: i for i, rate in enumerate(self._rates)}
        self._bounds, self._winners = _intervals(self._rates)
        self._prefix_sizes = np.array([len(rate.prefix or "") for rate in self._rates], np.int64)
        self._flat = _FlatPrices(self._rates, tariff.rounding.quantum_u)
        self._schedules, self._schedule_of = _number_schedules(self._rates)

    def price(
        self,
        *,
        digits: Sequence[str] | NDArray[np.str_] | Ints,
        start_us: Ints,
        duration_ms: Ints,
        call_class: Sequence[str] | NDArray[np.str_] | None = None,
    ) -> PricedColumns:
        """Price each row: digits as text or as numbers, UTC microseconds since 1970, length."""
        _check(start_us, duration_ms)
        rate = self.match(digits, call_class)
        window, left_ms = self._windows(rate, start_us, duration_ms)
        flat = np.where(rate >= 0, self._flat.first[rate] + window, 0)
        fast = (rate >= 0) & (duration_ms <= np.minimum(self._flat.safe_ms[flat], left_ms))
        cost_u, billed_ms = self._flat.price(flat, duration_ms, self._tariff.rounding.method)
        cost_u[~fast] = billed_ms[~fast] = 0
        for row in np.flatnonzero(~fast & (rate >= 0)):
            price = self._rates[rate[row]].price(
                start=_moment(int(start_us[row])),
                duration=Fraction(int(duration_ms[row]), 1000),
                timezone=self._tariff.timezone,
                rounding=self._tariff.rounding,
            )
            if price.cost_u >= _BEYOND:
                raise InvalidInput(
                    f"row {row}: a price of {price.cost_u} µR$ is beyond any ledger; "
                    f"look at the rate of prefix {self._rates[rate[row]].prefix}",
                    code="price-too-large",
                    details={"rows": [int(row)]},
                )
            cost_u[row], billed_ms[row] = price.cost_u, ceil(price.billed_s * 1000)
        return PricedColumns(rate, cost_u, billed_ms)

    def match(
        self,
        digits: Sequence[str] | NDArray[np.str_] | Ints,
        call_class: Sequence[str] | NDArray[np.str_] | None = None,
    ) -> Ints:
        """Return the position of each number's rate in `tariff.rates`, or -1."""
        keys, sizes = _keys(digits)
        found = self._winners[np.searchsorted(self._bounds, keys, side="right") - 1]
        # Filled up with zeros, 55 looks like 5500…: what is shorter than its prefix asks again.
        for row in np.flatnonzero((found >= 0) & (self._prefix_sizes[found] > sizes)):
            found[row] = self._match_one(str(keys[row]).zfill(MAX_PREFIX)[: sizes[row]])
        if call_class is not None:
            rest = np.flatnonzero(found < 0)
            classes, which = np.unique(np.asarray(call_class)[rest], return_inverse=True)
            of_class = [self._by_class.get(str(name), -1) if name else -1 for name in classes]
            found[rest] = np.array(of_class, np.int64)[which]
        return found

    def _match_one(self, digits: str) -> int:
        rate = self._tariff.match(digits)
        return -1 if rate is None else self._positions[rate]

    def _windows(self, rate: Ints, start_us: Ints, duration_ms: Ints) -> tuple[Ints, Ints]:
        """Return the window at each start, and for how many milliseconds it surely lasts."""
        window, left_ms = np.zeros_like(rate), np.full_like(rate, _ENDLESS)
        followed = np.where(rate >= 0, self._schedule_of[rate], -1)
        for number in np.unique(followed[followed >= 0]):
            schedule = self._schedules[number]
            rows = np.flatnonzero(followed == number)
            starts = start_us[rows]
            changes, windows = _timeline(
                schedule, self._tariff.timezone, int(starts.min()), int(starts.max())
            )
            place = np.searchsorted(changes, starts, side="right")
            window[rows] = windows[place - 1]
            left_ms[rows] = (changes[place] - starts) // 1000
        return window, left_ms


class _FlatPrices:
    """Each window of each rate, as columns of the numbers that its price is made of."""

    def __init__(self, rates: Sequence[Rate], quantum_u: int) -> None:
        flats = list(_flatten_all(rates, quantum_u))
        counts = np.array([len(rate.windows) for rate in rates], np.int64)
        self.first = np.cumsum(counts) - counts
        self.safe_ms = np.array([flat.safe_ms for flat in flats], np.int64)
        self._free_ms = np.array([flat.free_ms for flat in flats], np.int64)
        self._fee = np.array([flat.fee for flat in flats], np.int64)
        self._most = np.array([flat.most for flat in flats], np.int64)
        self._divisor = np.array([flat.divisor for flat in flats], np.int64)
        self._quantum_u = quantum_u
        depth = max(len(flat.tiers) for flat in flats)
        idle = (_ENDLESS, 1, 0)
        self._tiers = [
            tuple(
                np.array(
                    [
                        flat.tiers[k][place] if k < len(flat.tiers) else idle[place]
                        for flat in flats
                    ],
                    np.int64,
                )
                for place in range(3)
            )
            for k in range(depth)
        ]

    def price(self, flat: Ints, duration_ms: Ints, method: str) -> tuple[Ints, Ints]:
        """Return cost and billed length; a row that is not safe gets numbers without meaning."""
        length = np.minimum(duration_ms, self.safe_ms[flat])
        length = np.where(length < self._free_ms[flat], 0, length)
        money, billed = self._fee[flat], np.zeros_like(length)
        for ends, increments, amounts in self._tiers:
            increment = increments[flat]
            # An increment that ran past the next tier's start leaves nothing for this one.
            rest = np.maximum(np.minimum(length, ends[flat]) - billed, 0)
            count = (rest + increment - 1) // increment
            billed += count * increment
            money += count * amounts[flat]
        money = np.where(length > 0, np.minimum(money, self._most[flat]), 0)
        divisor = self._divisor[flat]
        if method == "down":
            quanta = money // divisor
        elif method == "up":
            quanta = (money + divisor - 1) // divisor
        else:
            quanta = (2 * money + divisor) // (2 * divisor)
        return quanta * self._quantum_u, billed


@dataclass(frozen=True, slots=True)
class _Flat:
    """A window as integers: lengths in ms, money in parts of which `divisor` make a quantum."""

    safe_ms: int
    free_ms: int = 0
    fee: int = 0
    most: int = 0
    divisor: int = 1
    # (end, increment, amount of an increment)
    tiers: tuple[tuple[int, int, int], ...] = ((_ENDLESS, 1, 0),)


_UNSAFE: Final = _Flat(safe_ms=-1)


def _flatten_all(rates: Sequence[Rate], quantum_u: int) -> Iterator[_Flat]:
    # Thousands of prefixes share their windows.
    known: dict[tuple[int, int, Fraction | None], list[_Flat]] = {}
    for rate in rates:
        key = (id(rate.windows), rate.free_under, rate.max_cost)
        if key not in known:
            known[key] = [_flatten(rate, window, quantum_u) for window in rate.windows]
        yield from known[key]


def _flatten(rate: Rate, window: Window, quantum_u: int) -> _Flat:
    """Return the window's numbers, or _UNSAFE where the columns cannot be exact with them."""
    tiers = window.tiers
    lengths = [rate.free_under, *(length for t in tiers for length in (t.start, t.increment))]
    if rate.unit != "s" or len(tiers) > _MOST_TIERS or any(n % _TICKS_PER_MS for n in lengths):
        return _UNSAFE
    amounts = [tier.price * MICRO * tier.increment / tier.per for tier in tiers]
    fee = window.connect_fee * MICRO
    cap = Fraction(_MOST) if rate.max_cost is None else rate.max_cost * MICRO
    scale = lcm(fee.denominator, cap.denominator, *(amount.denominator for amount in amounts))
    sums = [int(amount * scale) for amount in amounts]
    divisor = scale * quantum_u
    steps = [tier.increment // _TICKS_PER_MS for tier in tiers]
    # Each tier charges at most its own time and one increment more.
    room = _MOST - int(fee * scale) - sum(sums)
    dearest = max(Fraction(amount, step) for amount, step in zip(sums, steps, strict=True))
    if room < 0 or divisor > _MOST or max(steps) > MAX_SECONDS * 1000:
        return _UNSAFE
    most_ms = MAX_SECONDS * 1000
    return _Flat(
        safe_ms=min(most_ms, int(room / dearest)) if dearest else most_ms,
        free_ms=rate.free_under // _TICKS_PER_MS,
        fee=int(fee * scale),
        most=min(int(cap * scale), _MOST),
        divisor=divisor,
        tiers=tuple(zip(_ends(tiers), steps, sums, strict=True)),
    )


def _ends(tiers: Sequence[Tier]) -> list[int]:
    return [*(tier.start // _TICKS_PER_MS for tier in tiers[1:]), _ENDLESS]


def _intervals(rates: Sequence[Rate]) -> tuple[Ints, Ints]:
    """Cut the line of 18-digit numbers where the winner changes: (beginnings, winners)."""
    prefixes = sorted((rate.prefix, i) for i, rate in enumerate(rates) if rate.prefix is not None)
    bounds, winners = [0], [-1]
    open_ones: list[tuple[int, int]] = []  # (end, rate), each inside the one before

    def begin(place: int, winner: int) -> None:
        if bounds[-1] == place:
            winners[-1] = winner
        else:
            bounds.append(place)
            winners.append(winner)

    def close_until(place: int) -> None:
        while open_ones and open_ones[-1][0] <= place:
            end, _ = open_ones.pop()
            begin(end, open_ones[-1][1] if open_ones else -1)

    for prefix, index in prefixes:
        size = 10 ** (MAX_PREFIX - len(prefix))
        place = int(prefix) * size
        close_until(place)
        begin(place, index)
        open_ones.append((place + size, index))
    close_until(10**MAX_PREFIX)
    return np.array(bounds, np.int64), np.array(winners, np.int64)


def _keys(digits: Sequence[str] | NDArray[np.str_] | Ints) -> tuple[Ints, Ints]:
    """Return the first 18 digits, filled up with zeros, and how many digits there really are."""
    column = np.asarray(digits)
    if column.dtype.kind in "iu":
        sizes = np.searchsorted(_POWERS, column, side="right").astype(np.int64)
        shift = MAX_PREFIX - sizes
        if shift.min(initial=0) < 0 or column.min(initial=0) < 0:
            raise InvalidInput("numbers have 0 to 18 digits; give longer ones as text")
        return column.astype(np.int64) * _POWERS[shift], sizes
    text = np.ascontiguousarray(column, dtype=np.str_)
    width = text.dtype.itemsize // 4
    codes = text.view(np.uint32).reshape(len(text), width)
    keys, sizes = np.zeros(len(text), np.int64), np.zeros(len(text), np.int64)
    running: Bools = np.ones(len(text), np.bool_)
    for place in range(min(width, MAX_PREFIX)):
        digit = codes[:, place] - ord("0")  # below "0" it wraps around to something large
        running &= digit <= 9
        keys = keys * 10 + np.where(running, digit, 0)
        sizes += running
    return keys * _POWERS[MAX_PREFIX - min(width, MAX_PREFIX)], sizes


def _number_schedules(rates: Sequence[Rate]) -> tuple[list[Schedule], Ints]:
    """Return the different schedules, and which of them each rate follows (-1: none)."""
    found: dict[Schedule, int] = {}
    numbers = [
        -1 if rate.schedule is None else found.setdefault(rate.schedule, len(found))
        for rate in rates
    ]
    return list(found), np.array(numbers, np.int64)


def _timeline(
    schedule: Schedule, timezone: ZoneInfo, first_us: int, last_us: int
) -> tuple[Ints, Ints]:
    """Return the instants from `first_us` on at which the window changes, and the windows.

    The last instant lies beyond `last_us` and has no window of its own.
    """
    changes, windows = list[int](), list[int]()
    place = first_us
    for window, until in _walk(schedule, timezone, first_us):
        if not windows or windows[-1] != window:
            changes.append(place)
            windows.append(window)
        place = until
        if place > last_us:
            break
    return np.array([*changes, place], np.int64), np.array(windows, np.int64)


def _walk(schedule: Schedule, timezone: ZoneInfo, place: int) -> Iterator[tuple[int, int]]:
    while True:
        window, until = schedule.at(place, timezone)
        yield window, until
        place = until


def _check(start_us: Ints, duration_ms: Ints) -> None:
    first, last = (datetime(year, 1, 1, tzinfo=UTC) for year in (YEARS[0], YEARS[-1] + 1))
    for name, column, low, high in (
        ("start_us", start_us, _instant(first), _instant(last) - 1),
        ("duration_ms", duration_ms, 0, MAX_SECONDS * 1000),
    ):
        wrong = np.flatnonzero((column < low) | (column > high))
        if len(wrong):
            row = int(wrong[0])
            raise InvalidInput(
                f"row {row}: {name} {column[row]} is not between {low} and {high}",
                field=name,
                details={"rows": wrong[:100].tolist()},
            )


def _instant(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def _moment(epoch_us: int) -> datetime:
    return EPOCH + timedelta(microseconds=epoch_us)
