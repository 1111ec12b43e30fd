"""Prices by the clock as people say them: a usual price, and other prices at some times.

The engine's windows can say more (tiers at different prices, any priorities). What can be said in
this simpler way is edited in rows, the first of which wins; the rest is left to its JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from tronco.catalog.rates import Windows

MIDNIGHT = "24:00:00"


class Cadence(NamedTuple):
    """A price per minute, and in which steps it is charged."""

    price_per_min: Decimal
    connect_fee: Decimal = Decimal(0)
    minimum_s: int = 30
    step_s: int = 6


class Times(NamedTuple):
    """When: on these weekdays (ISO), or on holidays, or on these dates; none of them: every day.

    Hours are `HH:MM:SS`, to exclusive; `24:00:00` is midnight.
    """

    weekdays: tuple[int, ...] = ()
    holidays: bool = False
    dates: tuple[str, ...] = ()
    begin: str = "00:00:00"
    end: str = MIDNIGHT


class Row(NamedTuple):
    """At these times, this price."""

    times: Times
    cadence: Cadence


class PricesByClock(NamedTuple):
    """The usual price, and the exceptions in order of precedence."""

    usual: Cadence
    rows: tuple[Row, ...]


def to_windows(prices: PricesByClock) -> Windows:
    """Write as the engine's windows: the first row has the highest priority, the usual price 0."""
    windows: Windows = []
    for place, (times, cadence) in enumerate(prices.rows):
        priority = len(prices.rows) - place
        windows.extend(
            {
                **days,
                "from": times.begin,
                "to": times.end,
                "priority": priority,
                **_price_json(cadence),
            }
            for days in _days_json(times)
        )
    return [*windows, {"priority": 0, **_price_json(prices.usual)}]


def from_windows(windows: Windows) -> PricesByClock | None:
    """Read the engine's windows, or return None where rows cannot say the same."""
    if not windows:
        return None
    ordered = sorted(windows, key=lambda window: -(window.get("priority") or 0))
    groups = [list(group) for _, group in groupby(ordered, lambda w: w.get("priority") or 0)]
    usual = _cadence_of(groups[-1][0]) if len(groups[-1]) == 1 else None
    rows = [_row_of(group) for group in groups[:-1]]
    if usual is None or _times_of(groups[-1]) != Times():
        return None
    found = PricesByClock(usual, tuple(row for row in rows if row is not None))
    # Only what is written back the same may be edited so.
    return found if _meaning(to_windows(found)) == _meaning(windows) else None


def _days_json(times: Times) -> list[dict[str, Any]]:
    """Return the days: as the engine's conditions narrow each other, an "or" is two windows."""
    named = {"dates": list(times.dates), "holidays": times.holidays}
    weekly = {"weekdays": list(times.weekdays)}
    dated = bool(times.dates) or times.holidays
    if times.weekdays and dated:
        return [weekly, named]
    return [named] if dated else [weekly] if times.weekdays else [{}]


def _price_json(cadence: Cadence) -> dict[str, Any]:
    price, fee, minimum, step = cadence
    starts = [(0, minimum), (minimum, step)] if minimum not in (0, step) else [(0, step)]
    return {
        "connect_fee": f"{fee:f}",
        "tiers": [
            {"from_s": start, "price": f"{price:f}", "per_s": 60, "increment_s": increment}
            for start, increment in starts
        ],
    }


def _row_of(group: Windows) -> Row | None:
    times, cadence = _times_of(group), _cadence_of(group[0])
    return None if times is None or cadence is None else Row(times, cadence)


def _times_of(group: Windows) -> Times | None:
    hours = {(w.get("from") or "00:00:00", w.get("to") or MIDNIGHT) for w in group}
    if len(hours) != 1:
        return None
    begin, end = hours.pop()
    return Times(
        weekdays=tuple(sorted({day for w in group for day in w.get("weekdays") or ()})),
        holidays=any(w.get("holidays") for w in group),
        dates=tuple(sorted({day for w in group for day in w.get("dates") or ()})),
        begin=_clock(begin),
        end=_clock(end),
    )


def _cadence_of(window: dict[str, Any]) -> Cadence | None:
    tiers: Sequence[dict[str, Any]] = window["tiers"]
    first, last = tiers[0], tiers[-1]
    numbers = [tier.get(key, 0) for tier in tiers for key in ("from_s", "increment_s")]
    by_minute = all(tier["per_s"] == 60 for tier in tiers)
    if len(tiers) > 2 or not by_minute or not all(isinstance(n, int) for n in numbers):
        return None
    step = last["increment_s"]
    minimum = first["increment_s"] if len(tiers) == 2 else step
    return Cadence(
        price_per_min=Decimal(str(first["price"])),
        connect_fee=Decimal(str(window.get("connect_fee") or 0)),
        minimum_s=minimum,
        step_s=step,
    )


def _clock(text: str) -> str:
    return text if len(text) == 8 else f"{text}:00"


def _meaning(windows: Windows) -> list[str]:
    """Return the windows without what goes without saying, to be compared."""
    priorities = sorted({window.get("priority") or 0 for window in windows})
    said = []
    for window in windows:
        plain = {
            "weekdays": sorted(window.get("weekdays") or range(1, 8)),
            "from": _clock(window.get("from") or "00:00:00"),
            "to": _clock(window.get("to") or MIDNIGHT),
            "dates": sorted(window.get("dates") or ()),
            "holidays": bool(window.get("holidays")),
            "priority": priorities.index(window.get("priority") or 0),
            "fee": str(Decimal(str(window.get("connect_fee") or 0)).normalize()),
            "unit": window.get("unit") or "s",
            "tiers": sorted(
                (
                    str(tier.get("from_s") or 0),
                    str(Decimal(str(tier["price"])).normalize()),
                    str(tier["increment_s"]),
                )
                for tier in window["tiers"]
            ),
        }
        said.append(json.dumps(plain))
    return sorted(said)
