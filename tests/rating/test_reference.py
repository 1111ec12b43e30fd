"""The engine against the reference, and what must hold between prices of the same call."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.rating import reference
from tests.rating.strategies import ZONES, durations, rates, roundings, starts
from tronco.rating import Rate, Rounding, Step, TariffError, load_rate, merge_ladders
from tronco.rating.ladder import ChainStep

examples = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
allowances = st.sampled_from(
    (Fraction(0), Fraction(10), Fraction(45), Fraction("61.5"), Fraction(1000))
)
moneys = st.sampled_from((0, 0, 50_000, 123_456, 90_000_000))


def load_or_skip(data: dict[str, Any]) -> Rate:
    try:
        return load_rate(data)
    except TariffError as error:
        assume({problem.code for problem in error.problems} - {"ambiguous", "empty-hours"})
        raise


def terms_of(start: datetime, timezone: ZoneInfo, rounding: Rounding) -> dict[str, Any]:
    return {"start": start, "timezone": timezone, "rounding": rounding}


@examples
@given(st.data())
def test_the_engine_prices_as_the_reference(data: st.DataObject) -> None:
    raw, duration, rounding = data.draw(rates()), data.draw(durations), data.draw(roundings)
    zone = data.draw(st.sampled_from(ZONES))
    start = data.draw(starts(zone, raw))
    allowance_s, allowance_u = data.draw(allowances), data.draw(moneys)
    price = load_or_skip(raw).price(
        start=start,
        duration=duration,
        timezone=zone,
        rounding=rounding,
        allowance_s=allowance_s,
        allowance_money=Fraction(allowance_u, 10**6),
    )
    expected = reference.price(
        raw, start, duration, zone, (rounding.method, rounding.decimals), allowance_s, allowance_u
    )
    found = reference.Expected(
        price.cost_u,
        price.exact,
        Fraction(price.billed_s),
        price.connect_fee,
        Fraction(price.allowance_used_s),
        price.allowance_used_u,
    )
    assert found == expected
    explained = sum((step.amount for step in price.steps), price.connect_fee)
    assert price.is_capped == (
        raw["max_cost"] is not None and explained > Fraction(raw["max_cost"])
    )
    if not price.is_capped:
        assert max(explained - Fraction(allowance_u, 10**6), 0) == price.exact


@examples
@given(st.data())
def test_a_ladder_tells_the_price_of_every_duration(data: st.DataObject) -> None:
    raw, rounding = data.draw(rates()), data.draw(roundings)
    zone = data.draw(st.sampled_from(ZONES))
    start, rate = data.draw(starts(zone, raw)), load_or_skip(raw)
    upto = data.draw(durations.filter(bool))
    terms = terms_of(start, zone, rounding)
    allowance: dict[str, Any] = {
        "allowance_s": data.draw(allowances),
        "allowance_money": Fraction(data.draw(moneys), 10**6),
    }
    ladder = rate.ladder(**terms, upto_s=upto, **allowance)

    assert ladder[-1].duration_s >= max(upto, Fraction(raw["free_under_s"] or 0))
    for before, after in pairwise(ladder):
        assert before.duration_s < after.duration_s
        assert before[1:] != after[1:]
        assert all(a <= b for a, b in zip(before[1:], after[1:], strict=True))
    length = Fraction(data.draw(st.integers(1, 1000)), 1000) * ladder[-1].duration_s
    for duration in (length, *(step.duration_s for step in ladder[:20])):
        price = rate.price(**terms, duration=duration, **allowance)
        step = find_step(ladder, duration)
        if duration < Fraction(raw["free_under_s"] or 0):
            assert price.cost_u == 0
            assert step == ladder[0]
        else:
            assert (price.cost_u, price.allowance_used_s, price.allowance_used_u) == step[1:]


@examples
@given(st.data())
def test_a_ladder_continues_where_it_was_left(data: st.DataObject) -> None:
    raw, rounding = data.draw(rates()), data.draw(roundings)
    zone, rate = data.draw(st.sampled_from(ZONES)), load_or_skip(raw)
    terms: dict[str, Any] = {
        "start": data.draw(starts(zone, raw)),
        "timezone": zone,
        "rounding": rounding,
    }
    terms["allowance_s"] = data.draw(allowances)
    whole = rate.ladder(**terms, upto_s=600)
    begin = data.draw(durations.filter(lambda duration: duration < 600))
    rest = rate.ladder(**terms, upto_s=600, from_s=begin)
    assert rest == [step for step in whole if step.duration_s > begin]


@examples
@given(st.data())
def test_a_chain_keeps_each_levels_own_cadence(data: st.DataObject) -> None:
    zone = ZONES[0]
    terms: dict[str, Any] = {
        "start": data.draw(starts(zone)),
        "timezone": zone,
        "rounding": Rounding(),
    }
    ladders = [
        load_or_skip(raw).ladder(**terms, upto_s=data.draw(st.integers(30, 300)))
        for raw in data.draw(st.lists(rates(), min_size=1, max_size=3))
    ]
    chain: list[ChainStep] = merge_ladders(ladders)
    ends = [step.duration_s for step in chain]
    assert ends == sorted(set(ends))
    assert ends[-1] == min(ladder[-1].duration_s for ladder in ladders)
    assert set(ends) == {s.duration_s for one in ladders for s in one if s.duration_s <= ends[-1]}
    for step in chain:
        assert list(step.levels) == [find_step(ladder, step.duration_s) for ladder in ladders]
        assert step.costs_u == tuple(level.cost_u for level in step.levels)


@examples
@given(st.data())
def test_a_longer_call_never_costs_less(data: st.DataObject) -> None:
    raw, rounding = data.draw(rates()), data.draw(roundings)
    zone, rate = data.draw(st.sampled_from(ZONES)), load_or_skip(raw)
    terms: dict[str, Any] = {
        "start": data.draw(starts(zone, raw)),
        "timezone": zone,
        "rounding": rounding,
    }
    short, long = sorted((data.draw(durations), data.draw(durations)))
    first, second = (rate.price(**terms, duration=duration) for duration in (short, long))
    assert (first.cost_u, first.exact, first.billed_s) <= (
        second.cost_u,
        second.exact,
        second.billed_s,
    )
    helped = rate.price(**terms, duration=long, allowance_s=data.draw(allowances))
    assert helped.exact <= second.exact


def test_a_chain_needs_a_ladder_at_every_level() -> None:
    with pytest.raises(Exception, match="at least one step"):
        merge_ladders([[Step(30, 1)], []])


def find_step(ladder: list[Step], duration: Fraction | int) -> Step:
    return next(step for step in ladder if duration <= step.duration_s)
