"""Random tariffs and calls, drawn to where the rules bite: boundaries, holidays, clock changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tronco.rating import Rounding
from tronco.rating.rates import Method

CLOCKS = (
    "00:00:00", "00:30:00", "01:10:00", "02:10:00", "03:00:00", "08:00:15", "18:00:00", "23:00:00",
    "23:30:00", "24:00:00",
)  # fmt: skip
ZONES = tuple(
    map(ZoneInfo, ("America/Sao_Paulo", "America/New_York", "Australia/Lord_Howe", "UTC"))
)
# Ordinary days, a Sunday, holidays, and the days around which the zones above change their clocks.
DAYS = (
    "2026-03-02", "2026-03-01", "2026-09-07", "2026-12-24", "2026-12-25", "2026-04-03",
    "2018-02-17", "2018-02-18", "2018-11-03", "2018-11-04", "2026-03-08", "2026-11-01",
    "2026-04-05", "2026-10-04", "2023-11-20", "2024-11-20", "2024-02-29",
)  # fmt: skip

INCREMENTS = (1, 6, 7, 30, 60, "0.25")

prices = st.sampled_from(("0", "0.10", "0.0999", "1", "0.333333", "12.5", "0.07"))
METHODS: tuple[Method, ...] = ("up", "down", "half_up")
ROUNDINGS = [
    *(Rounding(method, decimals) for method in METHODS for decimals in range(7)),
    Rounding("none"),
]
roundings = st.sampled_from(ROUNDINGS)
durations = st.one_of(
    st.integers(0, 400).map(Fraction),
    st.integers(60, 900).map(Fraction),
    st.integers(0, 900_000).map(lambda ms: Fraction(ms, 1000)),
    st.fractions(60, 200, max_denominator=7),
    st.sampled_from(("2.999", "3", "29.9999999", "30", "30.0000001", "36", "60", "61.250")).map(
        Fraction
    ),
)


@st.composite
def tiers(draw: st.DrawFn, increments: tuple[Any, ...] = INCREMENTS) -> list[Any]:
    starts = draw(st.lists(st.sampled_from((20, 30, 60, 61, 300)), max_size=2, unique=True))
    return [
        {
            "from_s": start,
            "price": draw(prices),
            "per_s": draw(st.sampled_from((1, 6, 60, 7))),
            "increment_s": draw(st.sampled_from(increments)),
        }
        for start in (0, *starts)
    ]


@st.composite
def hours(draw: st.DrawFn) -> dict[str, Any]:
    begin, end = sorted(
        draw(st.lists(st.sampled_from(CLOCKS), min_size=2, max_size=2, unique=True))
    )
    return draw(st.sampled_from(({}, {"from": begin, "to": end}, {"from": begin, "to": end})))


@st.composite
def windows(draw: st.DrawFn, increments: tuple[Any, ...] = INCREMENTS) -> list[Any]:
    """A base without gaps, and others over it. Some are ambiguous: the loader says so."""
    cut = draw(st.sampled_from(CLOCKS[1:]))
    base = [{"to": cut}, {"from": cut}] if cut != "24:00:00" else [{}]
    days = st.fixed_dictionaries(
        {
            "weekdays": st.none() | st.lists(st.integers(1, 7), min_size=3, max_size=6),
            "dates": st.none()
            | st.lists(st.sampled_from(("12-25", "12-24", "2026-03-02", "02-17")), min_size=1),
            "holidays": st.sampled_from((False, False, True)),
            "priority": st.integers(-1, 3),
        }
    )
    extra = st.builds(lambda one, other: {**one, **other}, hours(), days)
    chosen = [*base, *draw(st.lists(extra, min_size=1, max_size=3))]
    return [
        {**window, "connect_fee": draw(prices), "tiers": draw(tiers(increments))}
        for window in draw(st.permutations(chosen))
    ]


@st.composite
def rates(draw: st.DrawFn, increments: tuple[Any, ...] = INCREMENTS) -> dict[str, Any]:
    always = st.builds(lambda fee, t: [{"connect_fee": fee, "tiers": t}], prices, tiers(increments))
    return {
        "prefix": "55",
        "free_under_s": draw(st.sampled_from((None, 0, 0, 3, "3.5", 45))),
        "max_cost": draw(st.sampled_from((*[None] * 6, "0", "0.35", "2.001"))),
        "windows": draw(st.one_of(windows(increments), windows(increments), always)),
    }


@st.composite
def starts(draw: st.DrawFn, zone: ZoneInfo, *rates: dict[str, Any]) -> datetime:
    """An instant shortly before, or just after, a window of the rates begins or ends."""
    edges = [w.get(edge) for rate in rates for w in rate["windows"] for edge in ("from", "to")]
    clocks = [clock for clock in edges if clock in CLOCKS[:-1]] or CLOCKS[:-1]
    # New York changes its clock at 02:00.
    day, clock = draw(st.sampled_from(DAYS)), draw(st.sampled_from((*clocks, "02:00:00")))
    moment = datetime.fromisoformat(f"{day}T{clock}").replace(
        tzinfo=zone, fold=draw(st.integers(0, 1))
    )
    shift = timedelta(
        seconds=draw(st.sampled_from((-1, -7, -29, -30, -31, -59, -60, -61, -100, -130, 0, 1))),
        microseconds=draw(st.sampled_from((0, 0, 1, 999_999))),
    )
    return moment.astimezone(ZoneInfo("UTC")) + shift
