"""Pure: ladders, allowances and prices. A price never exceeds what was held for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tronco.charging.pricing import price_call
from tronco.charging.requests import Answer, Ask, Climb, build_ask
from tronco.charging.terms import (
    AllowanceTerm,
    CallTerms,
    CarrierTerms,
    LevelTerms,
    RateTerm,
)
from tronco.rating import Rate, Rounding, Tariff, load_rate, simple_rate
from tronco.rating.batch import price_columns
from tronco.rating.rates import Method

SAO_PAULO = "America/Sao_Paulo"
CYCLE = date(2026, 3, 1)
MONDAY = datetime(2026, 3, 2, 20, 59, tzinfo=UTC)  # 17:59 in São Paulo


def level(rate: int = 1, place: int = 0, **fields: Any) -> LevelTerms:
    return LevelTerms(
        **{
            "level": place,
            "account": 10 - place,
            "tenant": 1,
            "plan": 1,
            "plan_name": "",
            "timezone": SAO_PAULO,
            "rounding": Rounding("down", 2),
            "rates": (RateTerm(None, 1, rate),),
            **fields,
        }
    )


def cadence(price: str, minimum: int = 30, step: int = 6, free: int = 3) -> Rate:
    return simple_rate(
        prefix="55", price_per_min=price, minimum_s=minimum, step_s=step, free_under_s=free
    )


def by_the_hour(day_price: str, night_price: str, increment_s: str = "60") -> Rate:
    """Dearer until 18:00, cheaper afterwards, or the other way round."""

    def window(begin: str, end: str, price: str) -> dict[str, Any]:
        tier = {"from_s": 0, "price": price, "per_s": 60, "increment_s": increment_s}
        return {"from": begin, "to": end, "tiers": [tier]}

    windows = [
        window("00:00:00", "18:00:00", day_price),
        window("18:00:00", "24:00:00", night_price),
    ]
    return load_rate({"prefix": "55", "windows": windows})


def climb(
    rates: dict[int, Rate], *, at: datetime = MONDAY, ring_s: int = 0, **fields: Any
) -> Climb:
    return Climb(**{"answer": Answer.within(at, ring_s), "from_s": 0, "upto_s": 60, "rates": rates,
                    **fields})  # fmt: skip


def points(ask: Ask, place: int = 0) -> dict[int, int]:
    """Second → µR$ of one level."""
    (costs,) = [one.costs for one in ask.levels if one.terms.level == place]
    return dict(zip(ask.grid, costs, strict=True))


def test_ladder_of_the_usual_cadence() -> None:
    ask = build_ask(CallTerms((level(),)), climb({1: cadence("0.10")}))
    assert points(ask) == {30: 50_000, 36: 60_000, 42: 70_000, 48: 80_000, 54: 90_000, 60: 100_000}


def test_levels_meet_on_one_grid_in_the_order_of_their_accounts() -> None:
    rates = {1: cadence("0.10"), 2: cadence("0.06", 60, 60)}
    ask = build_ask(CallTerms((level(), level(2, place=1))), climb(rates))
    assert [one.terms.account for one in ask.levels] == [9, 10]
    assert points(ask, 0) == {
        30: 50_000,
        36: 60_000,
        42: 70_000,
        48: 80_000,
        54: 90_000,
        60: 100_000,
    }
    assert set(points(ask, 1).values()) == {60_000}


def test_second_slice_goes_on_from_the_first() -> None:
    ask = build_ask(CallTerms((level(),)), climb({1: cadence("0.10")}, from_s=60, upto_s=120))
    assert (ask.grid[0], ask.grid[-1]) == (66, 120)
    assert points(ask)[120] == 200_000
    assert ask.levels[0].needs_u is None


def test_increments_below_a_second_are_held_by_whole_seconds() -> None:
    rate = load_rate({"prefix": "55", "windows": [{"tiers": [
        {"from_s": 0, "price": "0.60", "per_s": 60, "increment_s": "0.1"}]}]})  # fmt: skip
    ask = build_ask(CallTerms((level(rounding=Rounding("none")),)), climb({1: rate}))
    assert ask.grid == tuple(range(1, 61))
    assert points(ask)[1] == 10_000


@pytest.mark.parametrize(
    ("allowances", "lefts", "uses", "expects", "cost_u"),
    [
        # Untouched and ample: it is enough that it covers the slice.
        ([("seconds", 600_000)], {}, [60_000], [None], 0),
        # Spills over into money at the boundary.
        ([("seconds", 600_000)], {1: 45_000}, [45_000], [45_000], 20_000),
        ([("seconds", 600_000)], {1: 0}, [0], [0], 100_000),
        # One after the other; what the second has beyond does not matter.
        ([("seconds", 600_000), ("seconds", 600_000)], {1: 20_000}, [20_000, 40_000],
         [20_000, None], 0),
        # Reais after seconds.
        ([("seconds", 600_000), ("money", 50_000)], {1: 30_000}, [30_000, 50_000],
         [30_000, 50_000], 0),
        ([("money", 30_000)], {}, [30_000], [30_000], 70_000),
    ],
)  # fmt: skip
def test_allowances_are_used_first(
    allowances: list[tuple[Any, int]],
    lefts: dict[int, int],
    uses: list[int],
    expects: list[int | None],
    cost_u: int,
) -> None:
    terms = tuple(
        AllowanceTerm(number, unit, amount, CYCLE)
        for number, (unit, amount) in enumerate(allowances, 1)
    )
    known = {(10, number): left for number, left in lefts.items()}
    ask = build_ask(CallTerms((level(allowances=terms),)), climb({1: cadence("0.10")}, lefts=known))
    (asked,) = ask.levels
    assert [use[-1] for use in asked.uses] == uses
    assert list(asked.expects) == expects
    assert asked.costs[-1] == cost_u


@pytest.mark.parametrize(
    ("day", "night", "answered_in_s", "price_u"),
    [("1.00", "0.50", 0, 1_000_000), ("0.50", "1.00", 0, 500_000), ("0.50", "1.00", 60, 1_000_000)],
)
def test_dearest_moment_of_answer_is_held(
    day: str, night: str, answered_in_s: int, price_u: int
) -> None:
    """At 17:59:00 the call comes in: it may be answered before or after 18:00."""
    rates = {1: by_the_hour(day, night)}
    terms = CallTerms((level(),))
    assert points(build_ask(terms, climb(rates, ring_s=120)))[60] == 1_000_000
    answered_at = MONDAY + timedelta(seconds=answered_in_s)
    assert price_call(terms, rates, answered_at=answered_at, duration_ms=60_000).price_u == price_u


prices = st.decimals("0", "3", places=3).map(str)
rate_strategy = st.one_of(
    st.builds(cadence, prices, st.integers(0, 60), st.integers(1, 60), st.integers(0, 5)),
    st.builds(by_the_hour, prices, prices, st.sampled_from(["1", "6", "30", "60"])),
)
roundings = st.builds(Rounding, st.sampled_from(get_args(Method)), st.integers(0, 6))
allowance_strategy = st.lists(
    st.tuples(st.sampled_from(["seconds", "money"]), st.integers(0, 150_000)), max_size=3
)


@settings(max_examples=500, deadline=None)
@given(
    rate=rate_strategy,
    rounding=roundings,
    allowances=allowance_strategy,
    ring_s=st.integers(0, 180),
    before_s=st.integers(-10, 250),
    micros=st.integers(0, 999_999),
    answer_share=st.sampled_from([Fraction(n, 7) for n in range(8)]),
    slices=st.integers(1, 3),
    length_share=st.sampled_from([Fraction(1), Fraction(9, 10), Fraction(1, 2), Fraction(1, 30)]),
)
def test_price_never_exceeds_its_hold(
    rate: Rate,
    rounding: Rounding,
    allowances: list[tuple[Any, int]],
    ring_s: int,
    before_s: int,
    micros: int,
    answer_share: Fraction,
    slices: int,
    length_share: Fraction,
) -> None:
    """Whenever it is answered and however long it lasts within what was granted."""
    at = MONDAY + timedelta(minutes=1) - timedelta(seconds=before_s, microseconds=micros)
    answered_at = at + timedelta(microseconds=int(ring_s * 1_000_000 * answer_share))
    terms = CallTerms((
        level(
            rounding=rounding,
            allowances=tuple(
                AllowanceTerm(n, unit, amount, CYCLE)
                for n, (unit, amount) in enumerate(allowances, 1)
            ),
        ),
    ))  # fmt: skip
    ask = build_ask(terms, climb({1: rate}, at=at, ring_s=ring_s))
    for _ in range(slices - 1):
        known = Answer(answered_at, answered_at)
        ask = build_ask(
            terms,
            Climb(known, ask.grid[-1], ask.grid[-1] + 60, {1: rate}),
        )
    (held,) = ask.levels
    for point, second in enumerate(ask.grid):
        duration_ms = int(second * 1000 * length_share)
        price = price_call(
            terms,
            {1: rate},
            answered_at=answered_at,
            duration_ms=duration_ms,
            deadline_s=second,
            held={0: [use[point] for use in held.uses]},
        )
        (paid,) = price.levels
        assert paid.price_u <= held.costs[point]
        assert all(used <= use[point] for used, use in zip(paid.uses, held.uses, strict=True))


@settings(max_examples=500, deadline=None)
@given(
    price=prices,
    minimum=st.integers(0, 60),
    step=st.integers(1, 60),
    rounding=roundings,
    duration_ms=st.integers(0, 3_600_000),
    start_s=st.integers(0, 86_400 * 30),
    hourly=st.booleans(),
)
def test_live_batch_and_engine_agree_to_the_millionth(
    price: str,
    minimum: int,
    step: int,
    rounding: Rounding,
    duration_ms: int,
    start_s: int,
    hourly: bool,
) -> None:
    rate = by_the_hour(price, "0.123") if hourly else cadence(price, minimum, step)
    answered_at = MONDAY + timedelta(seconds=start_s)
    terms = CallTerms((level(rounding=rounding),), (CarrierTerms(5, SAO_PAULO, level().rates),))
    live = price_call(
        terms, {1: rate}, answered_at=answered_at, duration_ms=duration_ms, trunk_id=5
    )
    tariff = Tariff(rates=[rate], timezone=rate_zone(), rounding=rounding)
    columns = price_columns(
        tariff,
        digits=["551133334444"],
        start_us=np.array([int(answered_at.timestamp()) * 1_000_000], np.int64),
        duration_ms=np.array([duration_ms], np.int64),
    )
    assert live.price_u == columns.cost_u[0]
    again = price_call(
        CallTerms.from_json(terms.as_json()),
        {1: rate},
        answered_at=answered_at,
        duration_ms=duration_ms,
        trunk_id=5,
    )
    assert again == live


def test_explanation_adds_up() -> None:
    terms = CallTerms((level(allowances=(AllowanceTerm(1, "seconds", 60_000, CYCLE),)),))
    price = price_call(
        terms,
        {1: cadence("0.10")},
        answered_at=MONDAY,
        duration_ms=61_000,
        held={0: [36_000]},
    )
    (told,) = price.explanation["levels"]
    assert sum(Decimal(step["amount"]) for step in told["steps"]) == Decimal(told["exact"])
    assert told["allowances"] == [{"allowance": 1, "unit": "seconds", "used": 36_000}]
    assert (told["billed_s"], told["price_u"], told["prefix"]) == ("66", 50_000, "55")


def test_new_price_after_the_call_began_is_another_call_s() -> None:
    since = MONDAY + timedelta(seconds=10)
    rates = {1: cadence("0.10"), 2: cadence("0.20")}
    terms = CallTerms((replace(level(), rates=(RateTerm(None, 1, 1), RateTerm(since, 2, 2))),))
    told = [
        price_call(terms, rates, answered_at=at, duration_ms=60_000).price_u
        for at in (since - timedelta(microseconds=1), since)
    ]
    assert told == [100_000, 200_000]


def rate_zone() -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(SAO_PAULO)
