"""The rules of docs/rating.md read a second time, slowly, and sharing no code with `tronco`.

It walks the call second by second to find where windows change, works on the tariff's JSON as it
stands, and counts in fractions. Where it and the engine differ, one of them misreads the rules.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

FIXED_HOLIDAYS = {(1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (12, 25)}


@dataclass(frozen=True)
class Expected:
    cost_u: int
    exact: Fraction
    billed_s: Fraction
    connect_fee: Fraction
    allowance_used_s: Fraction
    allowance_used_u: int


def price(
    rate: dict[str, Any],
    start: datetime,
    duration: Fraction,
    zone: ZoneInfo,
    rounding: tuple[str, int],
    allowance_s: Fraction = Fraction(0),
    allowance_u: int = 0,
) -> Expected:
    if duration == 0 or duration < Fraction(rate.get("free_under_s") or 0):
        return Expected(0, Fraction(0), Fraction(0), Fraction(0), Fraction(0), 0)
    since = (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    begin = Fraction(since, 10**6)
    pieces = walk(rate, begin, duration, zone)
    billed = sum((length for length, _ in pieces), Fraction(0))
    fee = Fraction(window_at(rate, begin, zone).get("connect_fee") or 0)
    left, cost = allowance_s, fee
    for length, per_second in pieces:
        free = min(left, length)
        left -= free
        cost += (length - free) * per_second
    if rate.get("max_cost") is not None:
        cost = min(cost, Fraction(rate["max_cost"]))
    allowance = Fraction(allowance_u, 10**6)
    exact = max(cost - allowance, Fraction(0))
    used = allowance_u if cost > allowance else min(allowance_u, rounded(cost, rounding))
    return Expected(rounded(exact, rounding), exact, billed, fee, allowance_s - left, used)


def walk(
    rate: dict[str, Any], begin: Fraction, duration: Fraction, zone: ZoneInfo
) -> list[tuple[Fraction, Fraction]]:
    """Rule 4 to the letter: (length, price a second) of spans rounded up to whole increments."""
    pieces: list[tuple[Fraction, Fraction]] = []
    t = Fraction(0)
    while t < duration:
        window = window_at(rate, begin + t, zone)
        tiers = sorted(window["tiers"], key=lambda tier: Fraction(tier["from_s"]))
        tier = [tier for tier in tiers if Fraction(tier["from_s"]) <= t][-1]
        ends = [duration] + [Fraction(x["from_s"]) for x in tiers if Fraction(x["from_s"]) > t]
        end = min(ends)
        end = min(end, next_change(rate, window, begin, t, end, zone))
        increment = Fraction(tier["increment_s"])
        length = math.ceil((end - t) / increment) * increment
        pieces.append((length, Fraction(tier["price"]) / Fraction(tier["per_s"])))
        t += length
    return pieces


def next_change(
    rate: dict[str, Any],
    window: dict[str, Any],
    begin: Fraction,
    t: Fraction,
    end: Fraction,
    zone: ZoneInfo,
) -> Fraction:
    """The first whole second of the clock, after `t`, at which another window holds."""
    second = math.floor(begin + t) + 1
    while second < begin + end:
        if window_at(rate, Fraction(second), zone) is not window:
            return second - begin
        second += 1
    return end


def window_at(rate: dict[str, Any], instant: Fraction, zone: ZoneInfo) -> dict[str, Any]:
    local = datetime.fromtimestamp(math.floor(instant), zone)
    clock = local.strftime("%H:%M:%S")
    best: dict[str, Any] | None = None
    for window in rate["windows"]:
        begins, ends = window.get("from") or "00:00:00", window.get("to") or "24:00:00"
        if not begins <= clock < ends or not applies(window, local.date()):
            continue
        if best is None or wins(window, best):
            best = window
    assert best is not None, f"no window at {local}"
    return best


def applies(window: dict[str, Any], day: date) -> bool:
    if window.get("weekdays") and day.isoweekday() not in window["weekdays"]:
        return False
    if not window.get("dates") and not window.get("holidays"):
        return True
    named = any(text in (f"{day:%m-%d}", f"{day:%Y-%m-%d}") for text in window.get("dates") or ())
    return named or (bool(window.get("holidays")) and is_holiday(day))


def wins(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Highest priority; then latest beginning, where what is always in force never began; then
    what began for the day itself."""
    if one.get("priority", 0) != other.get("priority", 0):
        return bool(one.get("priority", 0) > other.get("priority", 0))
    begins = ["" if is_always(w) else w.get("from") or "00:00:00" for w in (one, other)]
    if begins[0] != begins[1]:
        return begins[0] > begins[1]
    kinds = [2 if w.get("dates") else 1 if w.get("holidays") else 0 for w in (one, other)]
    return kinds[0] > kinds[1]


def is_always(window: dict[str, Any]) -> bool:
    every_day = not window.get("weekdays") or set(window["weekdays"]) == set(range(1, 8))
    whole_day = (window.get("from") or "00:00:00", window.get("to") or "24:00:00") == (
        "00:00:00",
        "24:00:00",
    )
    return every_day and whole_day and not window.get("dates") and not window.get("holidays")


def is_holiday(day: date) -> bool:
    if (day.month, day.day) in FIXED_HOLIDAYS or day == easter(day.year) - timedelta(days=2):
        return True
    return (day.month, day.day) == (11, 20) and day.year >= 2024


def easter(year: int) -> date:
    """Gauss, in the anonymous Gregorian form."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return date(year, month, day + 1)


def rounded(reais: Fraction, rounding: tuple[str, int]) -> int:
    method, decimals = rounding
    if method == "none":
        method, decimals = "half_up", 6
    units = reais * 10**decimals
    whole = {
        "down": math.floor(units),
        "up": math.ceil(units),
        "half_up": math.floor(units + Fraction(1, 2)),
    }[method]
    return int(whole * 10 ** (6 - decimals))
