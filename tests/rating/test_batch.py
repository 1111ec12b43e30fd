"""Columns and the engine give the same price for the same call, to the millionth."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.rating.strategies import ZONES, rates, roundings, starts
from tronco.core.errors import InvalidInput
from tronco.rating import Tariff, TariffError, load_tariff
from tronco.rating.batch import PricedColumns, TariffColumns, price_columns

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PREFIXES = (
    "5",
    "55",
    "5511",
    "55119",
    "5521",
    "56",
    "0800",
    "190",
    "551199999",
    "123456789012345678",
)
NUMBERS = (
    "5511999998888", "551133334444", "5521", "552", "55", "5", "", "56", "0800123", "08", "080",
    "190", "19", "9", "1", "123456789012345678", "1234567890123456789", "12345678901234567",
    "+5511", "55x1", "x", "55119999988887777666655", "0",
)  # fmt: skip
CLASSES = ("", "ldi", "ldn_mobile", "services")


def epoch_us(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


@st.composite
def tariffs(draw: st.DrawFn) -> tuple[dict[str, Any], Tariff]:
    body = rates(increments=(1, 6, "0.5", 30, 60, "0.0001"))
    bodies = draw(st.lists(body, min_size=1, max_size=4))
    prefixes = draw(st.lists(st.sampled_from(PREFIXES), min_size=1, unique=True))
    classes = draw(st.sets(st.sampled_from(CLASSES[1:])))
    targets = [{"prefix": p} for p in prefixes] + [{"call_class": c} for c in sorted(classes)]
    found = [
        {"free_under_s": 0, **draw(st.sampled_from(bodies)), "prefix": None, **target}
        for target in targets
    ]
    rounding = draw(roundings)
    zone = draw(st.sampled_from(ZONES)).key
    raw = {
        "timezone": zone,
        "rounding": {"method": rounding.method, "decimals": rounding.decimals},
        "rates": draw(st.permutations(found)),
    }
    try:
        return raw, load_tariff(raw)
    except TariffError as error:
        assume({problem.code for problem in error.problems} - {"ambiguous", "empty-hours"})
        raise


def single(tariff: Tariff, row: tuple[str, int, int, str]) -> tuple[int, int, int]:
    digits, start_us, duration_ms, call_class = row
    rate = tariff.match(digits, call_class or None)
    if rate is None:
        return (-1, 0, 0)
    price = rate.price(
        start=EPOCH + timedelta(microseconds=start_us),
        duration=Fraction(duration_ms, 1000),
        timezone=tariff.timezone,
        rounding=tariff.rounding,
    )
    return (tariff.rates.index(rate), price.cost_u, ceil(price.billed_s * 1000))


def in_columns(tariff: Tariff, rows: list[tuple[str, int, int, str]]) -> list[tuple[int, ...]]:
    digits, start_us, duration_ms, classes = zip(*rows, strict=True)
    priced = price_columns(
        tariff,
        digits=list(digits),
        start_us=np.array(start_us, np.int64),
        duration_ms=np.array(duration_ms, np.int64),
        call_class=list(classes),
    )
    return list(zip(*(column.tolist() for column in priced), strict=True))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_columns_price_as_the_engine(data: st.DataObject) -> None:
    raw, tariff = data.draw(tariffs())
    row = st.tuples(
        st.sampled_from(NUMBERS),
        starts(tariff.timezone, *raw["rates"]).map(epoch_us),
        st.one_of(st.integers(0, 120_000), st.sampled_from((0, 1, 2999, 3000, 30_000, 10**9))),
        st.sampled_from(CLASSES),
    )
    rows = data.draw(st.lists(row, min_size=1, max_size=15))
    assert in_columns(tariff, rows) == [single(tariff, one) for one in rows]


def test_calls_that_end_about_a_boundary() -> None:
    def tiers(price: str) -> list[dict[str, Any]]:
        return [{"price": price, "per_s": 1, "increment_s": "0.001"}]

    day = {"from": "08:00:00", "to": "18:00:00", "tiers": tiers("1")}
    night = {"priority": -1, "tiers": tiers("2")}
    tariff = load_tariff({"rates": [{"prefix": "55", "windows": [day, night]}]})
    evening = datetime.fromisoformat("2026-03-02T17:59:59-03:00")
    rows = [
        ("55", epoch_us(evening) + micro, length, "")
        for micro in (0, 1, 999, 1000, 1001)
        for length in (998, 999, 1000, 1001, 1002, 1500, 2001)
    ]
    assert in_columns(tariff, rows) == [single(tariff, row) for row in rows]
    # Other batches lie between other changes.
    for row in rows:
        assert in_columns(tariff, [row]) == [single(tariff, row)]


def simple_tariff(**changes: Any) -> Tariff:
    tier = {"from_s": 0, "price": "0.10", "per_s": 60, "increment_s": 6, **changes}
    return load_tariff(
        {
            "rounding": {"method": "half_up", "decimals": 6},
            "rates": [{"prefix": "55", "free_under_s": 3, "windows": [{"tiers": [tier]}]}],
        }
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"price": "99999.999999999999999999"},
        {"price": "0.123456789012345678", "per_s": 999_999_937},
        {"price": "400000"},
        {"increment_s": "0.000001"},
        {"increment_s": 999_999_999},
        {"price": "0.001", "per_s": "0.0001"},
    ],
)
def test_what_64_bits_might_not_hold_is_still_exact(changes: dict[str, Any]) -> None:
    tariff = simple_tariff(**changes)
    lengths = (2999, 3000, 61_001, 86_400_000, 10**12 - 1, 10**12)
    rows = [("55", 0, length, "") for length in lengths]
    assert in_columns(tariff, rows) == [single(tariff, row) for row in rows]


def test_a_price_that_no_ledger_holds_is_refused() -> None:
    tariff = simple_tariff(price="999999999999", per_s=1)
    with pytest.raises(InvalidInput, match=r"row 1: a price of .* prefix 55"):
        in_columns(tariff, [("55", 0, 3000, ""), ("55", 0, 10**12, "")])


def test_numbers_may_be_integers() -> None:
    columns = TariffColumns(simple_tariff())
    found = columns.match(np.array([5511999998888, 55, 5, 56, 0, 10**17 * 5, 55 * 10**16]))
    assert found.tolist() == [0, 0, -1, -1, -1, -1, 0]
    for wrong in (-55, 10**18):
        with pytest.raises(InvalidInput, match="18 digits"):
            columns.match(np.array([wrong]))


@pytest.mark.parametrize(
    ("start_us", "duration_ms", "field"),
    [
        (0, -1, "duration_ms"),
        (0, 10**12 + 1, "duration_ms"),
        (-(10**16), 1, "start_us"),
        (10**16, 1, "start_us"),
    ],
)
def test_a_row_that_cannot_be_is_named(start_us: int, duration_ms: int, field: str) -> None:
    rows = [("55", 0, 1, ""), ("55", start_us, duration_ms, "")]
    with pytest.raises(InvalidInput, match=f"row 1: {field}") as caught:
        in_columns(simple_tariff(), rows)
    assert (caught.value.field, caught.value.details) == (field, {"rows": [1]})


def test_no_rows() -> None:
    none = np.array([], np.int64)
    priced = price_columns(simple_tariff(), digits=[], start_us=none, duration_ms=none)
    assert isinstance(priced, PricedColumns)
    assert [len(column) for column in priced] == [0, 0, 0]


def test_a_tariff_of_classes_only() -> None:
    body = {"windows": [{"tiers": [{"price": "1", "per_s": 60, "increment_s": 60}]}]}
    tariff = load_tariff({"rates": [{"call_class": "ldi", **body}]})
    rows = [("1212", 0, 1000, "ldi"), ("1212", 0, 1000, ""), ("1212", 0, 1000, "services")]
    assert in_columns(tariff, rows) == [(0, 1_000_000, 60_000), (-1, 0, 0), (-1, 0, 0)]
