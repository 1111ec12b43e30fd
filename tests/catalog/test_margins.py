"""What is sold for less than it costs: pairs of price lists, and what is found."""

from __future__ import annotations

from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.catalog.conftest import make_draft
from tests.support.world import World
from tronco.catalog.margins import (
    PriceList,
    find_below_cost,
    list_below_cost,
    possible_classes,
)
from tronco.catalog.models import CallClass
from tronco.catalog.rates import RateValues
from tronco.tenancy.access import Actor

ALWAYS: dict[str, Any] = {}
NIGHT = {"to": "07:00"}
WEEKEND = {"weekdays": [6, 7], "priority": 5}
HOLIDAY = {"holidays": True, "priority": 9}
CHRISTMAS = {"dates": ["12-25"], "priority": 9}


def rate(target: str, *prices: tuple[dict[str, Any], str], fee: str = "0") -> RateValues:
    windows = [
        {
            **times,
            "connect_fee": fee,
            "tiers": [{"price": price, "per_s": 60, "increment_s": 60}],
        }
        for times, price in prices
    ]
    if target.isdigit():
        return RateValues(prefix=target, windows=windows)
    return RateValues(call_class=target, windows=windows)


def tariff(*rates: RateValues) -> PriceList:
    return PriceList(rates, ZoneInfo("America/Sao_Paulo"))


def flat(**prices: str) -> PriceList:
    """`_55="0.10", ldi="1"`"""
    return tariff(*(rate(name.strip("_"), (ALWAYS, price)) for name, price in prices.items()))


# sale | cost | found: prefix, class, sale, cost
PAIRS = [
    (flat(_55="0.10"), flat(_55="0.05"), []),
    (flat(_55="0.10"), flat(_55="0.10"), []),
    (flat(_55="0.10"), flat(_55="0.11"), [("55", "", "0.10", "0.11")]),
    # A general price hides a special cost, and the reverse.
    (flat(_55="0.10"), flat(_55="0.05", _55119="0.20"), [("55119", "", "0.10", "0.20")]),
    (flat(_55="0.10", _5511="0.04"), flat(_55="0.05"), [("5511", "", "0.04", "0.05")]),
    # By class, and class against prefix.
    (flat(ldi="1"), flat(ldi="2"), [("", "ldi", "1", "2")]),
    (flat(ldi="1", local_fixed="1"), flat(_54="2"), [("54", "ldi", "1", "2")]),
    (
        flat(_5511="0.10"),
        flat(local_fixed="0.05", ldn_fixed="0.20", ldn_mobile="0.30"),
        [("5511", "ldn_mobile", "0.10", "0.30"), ("5511", "ldn_fixed", "0.10", "0.20")],
    ),
    # What one of them does not price is refused on the call, not compared.
    (flat(_5511="0.10"), flat(_5521="0.20"), []),
    (flat(n0800="0"), flat(n0800="0"), []),
]


@pytest.mark.parametrize(("sale", "cost", "expected"), PAIRS)
def test_pairs_of_price_lists(sale: Any, cost: Any, expected: list[Any]) -> None:
    found = find_below_cost(sale=sale, cost=cost)
    assert [(b.prefix, b.call_class, b.sale, b.cost) for b in found] == [
        (prefix, call_class, Fraction(sold), Fraction(bought))
        for prefix, call_class, sold, bought in expected
    ]


def test_the_greatest_loss_comes_first() -> None:
    found = find_below_cost(
        sale=flat(_5511="1", _5521="1", _5531="1"), cost=flat(_5511="2", _5521="4", _5531="3")
    )
    assert [b.prefix for b in found] == ["5521", "5531", "5511"]


def test_a_connect_fee_counts() -> None:
    sale = tariff(rate("55", (ALWAYS, "0.10"), fee="0.05"))
    cost = tariff(rate("55", (ALWAYS, "0.10"), fee="0.06"))
    assert [b.loss for b in find_below_cost(sale=sale, cost=cost)] == [Fraction("0.01")]


# sale windows | cost windows | when the loss is found
CLOCKS = [
    ([(ALWAYS, "0.10"), (WEEKEND, "0.04")], [(ALWAYS, "0.05")], "Sat 00:00"),
    ([(ALWAYS, "0.10")], [(ALWAYS, "0.05"), ({**NIGHT, "priority": 1}, "0.20")], "Mon 00:00"),
    ([(ALWAYS, "0.10")], [(ALWAYS, "0.20"), ({**NIGHT, "priority": 1}, "0.05")], "Mon 07:00"),
    ([(ALWAYS, "0.10"), (HOLIDAY, "0.01")], [(ALWAYS, "0.05")], "Mon 00:00 7/9"),
    ([(ALWAYS, "0.10"), (CHRISTMAS, "0.01")], [(ALWAYS, "0.05")], "Mon 00:00 25/12"),
    ([(ALWAYS, "0.10"), (WEEKEND, "0.05")], [(ALWAYS, "0.05")], None),
]


@pytest.mark.parametrize(("sold", "bought", "when"), CLOCKS)
def test_prices_that_follow_the_clock(sold: Any, bought: Any, when: str | None) -> None:
    found = find_below_cost(sale=tariff(rate("55", *sold)), cost=tariff(rate("55", *bought)))
    if when is None:
        assert found == []
        return
    assert found[0].at is not None
    at = found[0].at
    told = f"{at:%a %H:%M}" + (f" {at.day}/{at.month}" if when.count(" ") == 2 else "")
    assert told == when


@pytest.mark.parametrize(
    ("prefix", "classes"),
    [
        ("54", ["ldi"]),
        ("1", ["ldi", "services"]),
        ("5511", ["local_fixed", "ldn_fixed", "local_mobile", "ldn_mobile"]),
        ("55113", ["local_fixed", "ldn_fixed"]),
        ("55119", ["local_mobile", "ldn_mobile"]),
        ("55800", ["n0800"]),
        ("55300", ["n0300"]),
        ("55900", ["n0300"]),
        ("554004", [c for c in CallClass.values if c != "ldi"]),
        ("5", CallClass.values),
        ("55", [c for c in CallClass.values if c != "ldi"]),
        ("551", [c for c in CallClass.values if c != "ldi"]),
        ("190", ["services", "ldi"]),
        ("10315", ["services", "ldi"]),
    ],
)
def test_the_classes_that_a_prefix_may_have(prefix: str, classes: list[str]) -> None:
    assert set(possible_classes(prefix)) == set(classes)


def test_versions_in_the_database(world: World, actor: Actor) -> None:
    sale = world.plan(world.master).tariff.versions.get()
    wholesale = world.plan(world.master, "wholesale").tariff.versions.get()
    assert list_below_cost(sale=sale, cost=wholesale) == []
    dear = make_draft(actor, wholesale.tariff, local_fixed="0.1001", ldi="0")
    found = list_below_cost(sale=sale, cost=dear)
    assert [(b.call_class, b.loss) for b in found] == [("local_fixed", Fraction("0.0001"))]
