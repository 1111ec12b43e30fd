"""The rules of docs/rating.md, one table each, with worked cases."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from tests.rating.rates import (
    CENTS_CUT,
    EXACT,
    MONDAY,
    NATIONAL,
    SAO_PAULO,
    cadence,
    price_of,
    window,
    windowed,
)
from tronco.core.errors import InvalidInput
from tronco.rating import NoRate, Rounding, Step, load_rate, load_tariff


@pytest.mark.parametrize(
    ("price", "duration", "billed_s", "exact", "cost_u"),
    [
        ("0.10", 0, 0, "0", 0),
        ("0.10", 2, 0, "0", 0),
        ("0.10", "2.999", 0, "0", 0),
        ("0.10", "2.9999999999", 0, "0", 0),
        ("0.10", 3, 30, "0.05", 50_000),
        ("0.10", 4, 30, "0.05", 50_000),
        ("0.10", 30, 30, "0.05", 50_000),
        ("0.10", "30.0000001", 36, "0.06", 60_000),
        ("0.10", 31, 36, "0.06", 60_000),
        ("0.10", 36, 36, "0.06", 60_000),
        ("0.10", 61, 66, "0.11", 110_000),
        ("0.10", Decimal("61.250"), 66, "0.11", 110_000),
        ("0.10", Fraction(200, 3), 72, "0.12", 120_000),
        ("0.0999", 61, 66, "0.10989", 100_000),
        ("0.10", 3600, 3600, "6", 6_000_000),
    ],
)
def test_the_markets_cadence(
    price: str, duration: Any, billed_s: int, exact: str, cost_u: int
) -> None:
    found = price_of(cadence(price), duration, rounding=CENTS_CUT)
    assert (found.billed_s, found.exact, found.cost_u) == (billed_s, Fraction(exact), cost_u)


@pytest.mark.parametrize(
    ("minimum", "step", "duration", "billed_s"),
    [
        (60, 60, 1, 60),
        (60, 60, 61, 120),
        (1, 1, 61, 61),
        (0, 6, 1, 6),
        (60, 1, 60, 60),
        (60, 1, 61, 61),
        (30, 7, 31, 37),
    ],
)
def test_other_cadences(minimum: int, step: int, duration: int, billed_s: int) -> None:
    assert price_of(cadence("1", minimum, step, 0), duration).billed_s == billed_s


@pytest.mark.parametrize(
    ("method", "decimals", "cost_u"),
    # 66 s at R$ 0,0999 a minute are R$ 0,10989 exactly.
    [
        ("down", 0, 0),
        ("down", 2, 100_000),
        ("down", 4, 109_800),
        ("down", 6, 109_890),
        ("up", 0, 1_000_000),
        ("up", 2, 110_000),
        ("up", 5, 109_890),
        ("half_up", 1, 100_000),
        ("half_up", 2, 110_000),
        ("half_up", 3, 110_000),
        ("none", 0, 109_890),
    ],
)
def test_there_is_one_rounding_by_the_plan(method: Any, decimals: int, cost_u: int) -> None:
    assert price_of(cadence("0.0999"), 61, rounding=Rounding(method, decimals)).cost_u == cost_u


@pytest.mark.parametrize(
    ("method", "decimals", "cost_u"),
    [
        ("half_up", 2, 10_000),
        ("down", 2, 0),
        ("up", 2, 10_000),
        ("none", 6, 5_000),
        ("half_up", 6, 5_000),
    ],
)
def test_half_a_cent(method: Any, decimals: int, cost_u: int) -> None:
    rate = windowed(window("0.005", per=60, increment=60))
    assert price_of(rate, 1, rounding=Rounding(method, decimals)).cost_u == cost_u


def test_a_third_of_a_millionth_is_kept_until_the_end() -> None:
    rate = windowed(window("0.000001", per=3, increment=1))
    assert [price_of(rate, n).cost_u for n in (1, 2, 3, 4, 5)] == [0, 1, 1, 1, 2]
    assert price_of(rate, 1).exact == Fraction(1, 3_000_000)


EVENING = (
    window("1", end="18:00:00"),
    window("0.5", begin="18:00:00"),
)


@pytest.mark.parametrize(
    ("clock", "duration", "exact"),
    [
        ("17:59:30", 120, "1.5"),  # the first minute runs to 18:00:30, the second is the evening's
        ("17:59:30", 60, "1"),
        ("17:59:30", 61, "1.5"),
        ("17:59:59.999999", 1, "1"),
        ("18:00:00", 60, "0.5"),
        ("23:59:30", 60, "0.5"),  # 24:00:00 is midnight
        ("23:59:30", 61, "1.5"),
        ("17:00:00", 3600, "60"),
        ("17:00:00", 7200, "90"),
    ],
)
def test_an_increment_runs_past_the_boundary_and_is_paid_once(
    clock: str, duration: int, exact: str
) -> None:
    price = price_of(windowed(*EVENING), duration, f"2026-03-02T{clock}-03:00")
    assert price.exact == Fraction(exact)
    assert sum(step.increments * step.increment_s for step in price.steps) == price.billed_s


@pytest.mark.parametrize(
    ("clock", "exact"),
    [
        ("17:59:58.000000", 2 * 1 + 3 * 2),
        ("17:59:58.000001", 2 * 1 + 3 * 2),
        ("17:59:58.999999", 2 * 1 + 3 * 2),
        ("17:59:59.000000", 1 * 1 + 4 * 2),
        ("17:59:59.999999", 1 * 1 + 4 * 2),
        ("18:00:00.000001", 5 * 2),
    ],
)
def test_a_start_within_a_second(clock: str, exact: int) -> None:
    rate = windowed(
        window("1", per=1, increment=1, end="18:00:00"),
        window("2", per=1, increment=1, begin="18:00:00"),
    )
    assert price_of(rate, 5, f"2026-03-02T{clock}-03:00").exact == exact


def test_an_increment_within_a_second() -> None:
    rate = windowed(
        window("1", per=1, increment="0.5", end="18:00:00"),
        window("2", per=1, increment="0.5", begin="18:00:00"),
    )
    price = price_of(rate, "0.7", "2026-03-02T17:59:59.900000-03:00")
    assert price.exact == Fraction("0.5") * 1 + Fraction("0.5") * 2


def test_tiers_count_from_the_start_of_the_call_through_windows() -> None:
    def tiers(first: str, later: str) -> list[dict[str, Any]]:
        return [
            {"from_s": 0, "price": first, "per_s": 60, "increment_s": 30},
            {"from_s": 90, "price": later, "per_s": 60, "increment_s": 30},
        ]

    rate = windowed(
        {"to": "18:00:00", "tiers": tiers("1", "0.8")},
        {"from": "18:00:00", "tiers": tiers("0.5", "0.2")},
    )
    # 60 s by day, 30 s of the evening's first tier, 90 s of its second.
    price = price_of(rate, 180, "2026-03-02T17:59:00-03:00")
    assert price.exact == 1 + Fraction("0.25") + Fraction("0.3")


def test_an_increment_may_jump_over_a_tier() -> None:
    rate = load_rate(
        {
            "prefix": "55",
            "windows": [
                {
                    "tiers": [
                        {"from_s": 0, "price": "1", "per_s": 60, "increment_s": 60},
                        {"from_s": 10, "price": "100", "per_s": 1, "increment_s": 1},
                        {"from_s": 60, "price": "0.1", "per_s": 60, "increment_s": 6},
                    ]
                }
            ],
        }
    )
    assert price_of(rate, 66).exact == 1 + Fraction("0.01")


def test_the_connect_fee_is_that_of_the_window_at_the_start() -> None:
    rate = windowed(
        window("1", end="18:00:00", connect_fee="0.30"),
        window("0.5", begin="18:00:00", connect_fee="0.20"),
        free_under_s=3,
    )
    price = price_of(rate, 120, "2026-03-02T17:59:30-03:00")
    assert (price.connect_fee, price.exact) == (Fraction("0.3"), Fraction("1.8"))
    free = price_of(rate, 2, "2026-03-02T17:59:30-03:00")
    assert free.connect_fee == free.exact == 0
    assert not free.steps


@pytest.mark.parametrize(
    ("max_cost", "duration", "exact", "capped"),
    [
        ("1.00", 60, "0.40", False),
        ("1.00", 420, "1.00", False),
        ("1.00", 421, "1.00", True),
        ("1.00", 9000, "1.00", True),
        ("0.20", 4, "0.20", True),  # the fee alone is above it
        ("0", 60, "0", True),
    ],
)
def test_the_maximum_caps_fee_and_seconds(
    max_cost: str, duration: int, exact: str, capped: bool
) -> None:
    rate = cadence(connect_fee="0.30", max_cost=max_cost)
    price = price_of(rate, duration)
    assert (price.exact, price.is_capped) == (Fraction(exact), capped)


@pytest.mark.parametrize("unit", ["byte", "message"])
def test_what_is_not_time_is_never_split_by_the_clock(unit: str) -> None:
    rate = windowed(
        window("1", per=1024, increment=1024, unit=unit, end="18:00:00"),
        window("9", per=1024, increment=1024, unit=unit, begin="18:00:00"),
    )
    price = price_of(rate, 10_000_000, "2026-03-02T17:59:59-03:00")
    assert price.exact == 9766
    assert price.billed_s == 9766 * 1024


def test_a_call_of_a_year_has_a_step_for_each_change_of_price() -> None:
    price = price_of(windowed(*EVENING), 86400 * 365, "2026-03-02T00:00:00-03:00")
    assert price.exact == 365 * (18 * 60 + 6 * 30)
    assert len(price.steps) == 730
    one = price_of(cadence(), 86400 * 365)
    assert [step.from_s for step in one.steps] == [0, 30]


@pytest.mark.parametrize(
    ("allowance_s", "duration", "used_s", "exact", "billed_s"),
    [
        (0, 61, 0, "0.11", 66),
        (1000, 61, 66, "0", 66),
        (66, 61, 66, "0", 66),
        (60, 61, 60, "0.01", 66),
        (30, 61, 30, "0.06", 66),
        # It ends inside an increment: the rest of that increment is money.
        (10, 4, 10, "0.0333333333", 30),
        (33, 61, 33, "0.055", 66),
        (1000, 2, 0, "0", 0),  # a free call takes nothing
        (1000, 3, 30, "0", 30),
        ("0.5", 61, "0.5", "0.1091666667", 66),
    ],
)
def test_seconds_of_an_allowance_go_first_in_the_same_increments(
    allowance_s: Any, duration: int, used_s: Any, exact: str, billed_s: int
) -> None:
    price = price_of(cadence(), duration, allowance_s=allowance_s)
    assert price.allowance_used_s == Fraction(used_s)
    assert round(price.exact, 10) == Fraction(exact)
    assert price.billed_s == billed_s


def test_tiers_do_not_restart_where_the_allowance_ends() -> None:
    rate = load_rate(
        {
            "prefix": "55",
            "windows": [
                {
                    "tiers": [
                        {"from_s": 0, "price": "1", "per_s": 60, "increment_s": 60},
                        {"from_s": 120, "price": "0.5", "per_s": 60, "increment_s": 60},
                    ]
                }
            ],
        }
    )
    assert price_of(rate, 300, allowance_s=180).exact == 1


def test_the_connect_fee_is_money_even_when_the_seconds_are_not() -> None:
    rate = cadence(connect_fee="0.30", max_cost="0.32")
    assert price_of(rate, 61, allowance_s=100).exact == Fraction("0.30")
    assert price_of(rate, 61, allowance_s=60).exact == Fraction("0.31")
    assert price_of(rate, 61, allowance_s=30).exact == Fraction("0.32")


@pytest.mark.parametrize(
    ("allowance", "rounding", "cost_u", "used_u"),
    # 61 s cost R$ 0,10989 exactly.
    [
        ("0", CENTS_CUT, 100_000, 0),
        ("0.05", CENTS_CUT, 50_000, 50_000),
        ("0.045", CENTS_CUT, 60_000, 45_000),
        ("0.10", CENTS_CUT, 0, 100_000),
        ("0.10989", CENTS_CUT, 0, 100_000),
        ("0.109889", CENTS_CUT, 0, 109_889),
        ("0.2", CENTS_CUT, 0, 100_000),
        ("0.2", Rounding("up", 2), 0, 110_000),
        ("0.109895", Rounding("up", 2), 0, 109_895),
        ("0.05", EXACT, 59_890, 50_000),
        ("100", EXACT, 0, 109_890),
    ],
)
def test_an_allowance_of_money_pays_before_the_rounding(
    allowance: str, rounding: Rounding, cost_u: int, used_u: int
) -> None:
    price = price_of(cadence("0.0999"), 61, rounding=rounding, allowance_money=allowance)
    assert (price.cost_u, price.allowance_used_u) == (cost_u, used_u)


def test_the_explanation_of_a_call() -> None:
    rate = windowed(*NATIONAL, free_under_s=3)
    price = price_of(rate, 150, "2026-03-02T20:58:30-03:00", allowance_s=30)
    assert [
        (s.from_s, s.increments, s.increment_s, s.price, s.amount, s.allowance_s, s.window)
        for s in price.steps
    ] == [
        (0, 2, 60, 1, Fraction("1.5"), 30, "weekdays 1,2,3,4,5,6 07:00:00-21:00:00"),
        (120, 1, 60, Fraction("0.2"), Fraction("0.2"), 0, "priority -1"),
    ]


def test_windows_of_the_same_price_are_told_apart() -> None:
    rate = windowed(window("1", end="18:00:00"), window("1", begin="18:00:00"))
    price = price_of(rate, 120, "2026-03-02T17:59:30-03:00")
    assert [(step.from_s, step.window) for step in price.steps] == [
        (0, "00:00:00-18:00:00"),
        (60, "18:00:00-24:00:00"),
    ]


def test_the_ladder_of_the_markets_cadence() -> None:
    terms: dict[str, Any] = {
        "start": datetime.fromisoformat(MONDAY),
        "timezone": SAO_PAULO,
        "rounding": CENTS_CUT,
    }
    assert cadence().ladder(**terms, upto_s=45) == [
        Step(30, 50_000),
        Step(36, 60_000),
        Step(42, 70_000),
        Step(48, 80_000),
    ]
    assert cadence().ladder(**terms, upto_s=61, from_s=48) == [
        Step(54, 90_000),
        Step(60, 100_000),
        Step(66, 110_000),
    ]
    # Under 45 s it is free, but a call needs what 45 s cost to be let through.
    assert cadence(free=45).ladder(**terms, upto_s=10) == [Step(48, 80_000)]
    # Free and capped calls are one step.
    assert cadence("0").ladder(**terms, upto_s=3600) == [Step(3600, 0)]
    assert cadence(max_cost="0.06").ladder(**terms, upto_s=600) == [
        Step(30, 50_000),
        Step(600, 60_000),
    ]
    assert cadence().ladder(**terms, upto_s=40, allowance_s=33) == [
        Step(30, 0, 30),
        Step(36, 0, 33),  # 3 s are R$ 0,005, cut
        Step(42, 10_000, 33),
    ]
    with pytest.raises(InvalidInput, match="more than 86400 steps"):
        windowed(window("1", per=1, increment=1)).ladder(**terms, upto_s=86_401)
    with pytest.raises(InvalidInput, match="not after"):
        cadence().ladder(**terms, upto_s=30, from_s=30)


def test_the_longest_prefix_wins_then_the_class() -> None:
    body = {"windows": [window("1")]}
    tariff = load_tariff(
        {
            "rounding": {"method": "none"},
            "rates": [
                {"prefix": "55", **body},
                {"prefix": "5511", **body},
                {"prefix": "55119", **body},
                {"call_class": "ldi", **body},
            ],
        }
    )

    def target(digits: str, call_class: str | None = None) -> str | None:
        rate = tariff.match(digits, call_class)
        return (rate.prefix or rate.call_class) if rate else None

    assert target("5511999998888") == "55119"
    assert target("551133334444") == "5511"
    assert target("5521") == target("55") == "55"
    assert target("5") is None
    assert target("") is None
    assert target("1212", "ldi") == "ldi"
    assert target("5512", "ldi") == "55"
    assert target("1212", "local_fixed") is None
    with pytest.raises(NoRate, match="no rate for 1212"):
        tariff.price(digits="1212", start=datetime.now(UTC), duration=1)
    assert tariff.price(digits="5511", start=datetime.now(UTC), duration=1).cost_u == 1_000_000


@pytest.mark.parametrize(
    ("duration", "message"),
    [
        (-1, "negative"),
        ("-0.5", "negative"),
        (61.5, "float"),
        (True, "not a number"),
        (None, "not a number"),
        ("abc", "plain decimal"),
        ("1e3", "plain decimal"),
        ("61,5", "with a point"),
        (Decimal("NaN"), "finite"),
        (Decimal("Infinity"), "finite"),
        (Decimal("1e999999999"), "limit"),
        (10**9 + 1, "limit"),
        (10**100, "limit"),
        pytest.param(10**5000, "limit", id="beyond what Python writes"),
        (Decimal("1e-31"), "decimal places"),
    ],
)
def test_a_duration_that_cannot_be(duration: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        price_of(cadence(), duration)
    assert (caught.value.code, caught.value.field) == ("invalid-duration", "duration")


@pytest.mark.parametrize(
    "start", ["2026-03-02T10:00:00", "1850-01-01T00:00:00Z", "2300-01-01T00:00Z"]
)
def test_a_start_that_cannot_be(start: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        price_of(cadence(), 10, start)
    assert (caught.value.code, caught.value.field) == ("invalid-start", "start")


@pytest.mark.parametrize(
    ("method", "decimals"), [("cut", 2), ("down", 7), ("down", -1), ("up", "2")]
)
def test_a_rounding_that_cannot_be(method: Any, decimals: Any) -> None:
    with pytest.raises(InvalidInput, match="use"):
        Rounding(method, decimals)
