"""Prices by the clock in rows: what they mean to the engine, and what rows cannot say."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tronco.catalog.rates import RateValues, check_rate, compile_rate
from tronco.catalog.windows import (
    Cadence,
    PricesByClock,
    Row,
    Times,
    from_windows,
    to_windows,
)
from tronco.rating import Rounding

SP = ZoneInfo("America/Sao_Paulo")


def at(price: str, **cadence: Any) -> Cadence:
    return Cadence(Decimal(price), **cadence)


# Reduced at night, on Sundays and holidays; Christmas is free.
VC1 = PricesByClock(
    usual=at("0.60"),
    rows=(
        Row(Times(dates=("12-25",)), at("0")),
        Row(Times(weekdays=(7,), holidays=True), at("0.40")),
        Row(Times(end="07:00:00"), at("0.42", minimum_s=60, step_s=60)),
        Row(Times(begin="21:00:00"), at("0.42", connect_fee=Decimal("0.05"))),
    ),
)


@pytest.mark.parametrize(
    ("moment", "minute"),
    [
        ("2026-03-02 12:00", "0.60"),  # Monday
        ("2026-03-02 06:59", "0.42"),
        ("2026-03-02 07:00", "0.60"),
        ("2026-03-02 21:00", "0.47"),
        ("2026-03-01 12:00", "0.40"),  # Sunday
        ("2026-03-01 22:00", "0.40"),
        ("2026-09-07 03:00", "0.40"),  # Independence day, a Monday
        ("2026-12-25 12:00", "0"),  # a holiday too, but the row above wins
    ],
)
def test_rows_as_the_engine_prices_them(moment: str, minute: str) -> None:
    rate = compile_rate(check_rate(RateValues(prefix="55", windows=to_windows(VC1))))
    start = datetime.fromisoformat(moment).replace(tzinfo=SP)
    price = rate.price(start=start, duration=60, timezone=SP, rounding=Rounding("none"))
    assert price.exact == Decimal(minute)


prices = st.decimals(min_value=0, max_value=99, places=4)
hours = st.integers(0, 23)
cadences = st.builds(Cadence, prices, prices, st.integers(1, 99), st.integers(1, 99))
days = st.tuples(
    st.sets(st.integers(1, 7), max_size=6).map(lambda found: tuple(sorted(found))),
    st.booleans(),
    st.sets(st.sampled_from(["12-24", "12-31", "2027-02-09"])).map(lambda d: tuple(sorted(d))),
)
times = st.builds(
    lambda named, begin, length: Times(
        weekdays=named[0],
        holidays=named[1],
        dates=named[2],
        begin=f"{begin:02}:00:00",
        end=f"{min(begin + length, 24):02}:00:00",
    ),
    days,
    hours,
    st.integers(1, 24),
)
by_clock = st.builds(
    PricesByClock, cadences, st.lists(st.builds(Row, times, cadences), max_size=4).map(tuple)
)


@settings(max_examples=200, deadline=None)
@given(by_clock)
def test_rows_written_as_windows_are_sound_and_read_back(found: PricesByClock) -> None:
    windows = to_windows(found)
    check_rate(RateValues(prefix="55", windows=windows))
    again = from_windows(windows)
    assert again is not None
    assert to_windows(again) == windows


TIER = {"from_s": 0, "price": "0.10", "per_s": 60, "increment_s": 6}
LATE = {"from_s": 60, "price": "0.05", "per_s": 60, "increment_s": 6}


@pytest.mark.parametrize(
    "windows",
    [
        [{"tiers": [TIER, LATE]}],  # cheaper after a minute
        [{"tiers": [{**TIER, "per_s": 7}]}],  # no finite price per minute
        [{"tiers": [{**TIER, "from_s": 0, "increment_s": "0.5"}]}],  # half seconds
        [{"tiers": [TIER, {**TIER, "from_s": 30}, {**TIER, "from_s": 60}]}],
        [{"to": "12:00", "tiers": [TIER]}, {"from": "12:00", "tiers": [LATE | {"from_s": 0}]}],
        [
            {"tiers": [TIER]},
            {"priority": 1, "weekdays": [1], "tiers": [TIER]},
            {"priority": 1, "weekdays": [2], "tiers": [LATE | {"from_s": 0}]},
        ],
        [{"tiers": [TIER]}, {"priority": 1, "weekdays": [1], "holidays": True, "tiers": [TIER]}],
    ],
)
def test_what_rows_cannot_say_is_left_to_the_json(windows: list[dict[str, Any]]) -> None:
    check_rate(RateValues(prefix="55", windows=windows))
    assert from_windows(windows) is None


def test_priorities_need_not_be_consecutive() -> None:
    windows = to_windows(VC1)
    spread = [{**window, "priority": window["priority"] * 10} for window in windows]
    assert from_windows(spread) == from_windows(windows) == VC1
