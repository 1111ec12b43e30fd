"""A tariff is checked when it is loaded: every fault, each with its path and its cure."""

from __future__ import annotations

import copy
import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.rating.reference import is_holiday
from tronco.rating import Problem, TariffError, load_rate, load_tariff, simple_rate
from tronco.rating.exact import read_json
from tronco.rating.schedule import is_national_holiday
from tronco.rating.tariffs import DEFAULT_TIMEZONE

GOOD: dict[str, Any] = {
    "timezone": "America/Sao_Paulo",
    "rounding": {"method": "down", "decimals": 2},
    "rates": [
        {
            "prefix": "5511",
            "free_under_s": 3,
            "max_cost": None,
            "windows": [
                {
                    "weekdays": None,
                    "from": None,
                    "to": None,
                    "dates": None,
                    "holidays": False,
                    "priority": 0,
                    "connect_fee": "0",
                    "unit": "s",
                    "tiers": [
                        {"from_s": 0, "price": "0.10", "per_s": 60, "increment_s": 30},
                        {"from_s": 30, "price": "0.10", "per_s": 60, "increment_s": 6},
                    ],
                }
            ],
        }
    ],
}
RATE, WINDOW = "rates[0]", "rates[0].windows[0]"
TIER = f"{WINDOW}.tiers[0]"


def broken(path: str, value: Any) -> dict[str, Any]:
    """The good tariff with one value changed, or removed where it is `...`."""
    data = copy.deepcopy(GOOD)
    place: Any = data
    *way, last = path.replace("[", ".").replace("]", "").split(".")
    for key in way:
        place = place[int(key) if key.isdigit() else key]
    if value is ...:
        del place[last]
    else:
        place[int(last) if last.isdigit() else last] = value
    return data


def problems_of(data: Any) -> list[Problem]:
    with pytest.raises(TariffError) as caught:
        load_tariff(data)
    return list(caught.value.problems)


def places(problems: list[Problem]) -> list[tuple[str, str]]:
    return [(problem.path, problem.code) for problem in problems]


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("timezone", "America/Sao Paulo", "unknown-timezone"),
        ("timezone", "../etc/passwd", "unknown-timezone"),
        ("timezone", "America", "unknown-timezone"),
        ("timezone", 3, "unknown-timezone"),
        ("rounding", "down", "not-an-object"),
        ("rounding.method", "cut", "unknown-rounding"),
        ("rounding.method", ["down"], "unknown-rounding"),
        ("rounding.method", ..., "missing"),
        ("rounding.decimals", 7, "invalid-decimals"),
        ("rounding.decimals", True, "invalid-decimals"),
        ("rounding.decimals", "2", "invalid-decimals"),
        ("rounding.decimals", ..., "missing"),
        ("rates", ..., "missing"),
        ("rates", [], "not-a-list"),
        ("rates", {}, "not-a-list"),
        ("rates[0]", "5511", "not-an-object"),
        ("currency", "BRL", "unknown-key"),
        (f"{RATE}.prefix", "", "invalid-prefix"),
        (f"{RATE}.prefix", 5511, "invalid-prefix"),
        (f"{RATE}.prefix", "+5511", "invalid-prefix"),
        (f"{RATE}.prefix", "55 11", "invalid-prefix"),
        (f"{RATE}.prefix", "55\n", "invalid-prefix"),
        (f"{RATE}.prefix", "٥٥", "invalid-prefix"),
        (f"{RATE}.prefix", "1" * 19, "invalid-prefix"),
        (f"{RATE}.prefix", ..., "no-target"),
        (f"{RATE}.prefix", None, "no-target"),
        (f"{RATE}.free_under_s", -1, "negative"),
        (f"{RATE}.free_under_s", 2.5, "inexact-number"),
        (f"{RATE}.free_under_s", True, "not-a-number"),
        (f"{RATE}.free_under_s", "3.0000001", "too-precise"),
        (f"{RATE}.max_cost", "-1", "negative"),
        (f"{RATE}.max_cost", 1.5, "inexact-number"),
        (f"{RATE}.max_cost", "1,50", "not-a-number"),
        (f"{RATE}.max_cost", "9" * 13, "too-large"),
        (f"{RATE}.windows", ..., "missing"),
        (f"{RATE}.windows", [], "not-a-list"),
        (WINDOW, 3, "not-an-object"),
        (f"{RATE}.freeunder", 3, "unknown-key"),
        (f"{WINDOW}.weekdays", [0], "invalid-weekdays"),
        (f"{WINDOW}.weekdays", [8], "invalid-weekdays"),
        (f"{WINDOW}.weekdays", ["1"], "invalid-weekdays"),
        (f"{WINDOW}.weekdays", 1, "invalid-weekdays"),
        (f"{WINDOW}.weekdays", [True], "invalid-weekdays"),
        (f"{WINDOW}.from", "8h", "invalid-clock"),
        (f"{WINDOW}.from", "24:00:01", "invalid-clock"),
        (f"{WINDOW}.from", "08:60:00", "invalid-clock"),
        (f"{WINDOW}.from", 8, "invalid-clock"),
        (f"{WINDOW}.to", "25:00:00", "invalid-clock"),
        (f"{WINDOW}.to", "8:00:00", "invalid-clock"),
        (f"{WINDOW}.dates", ["25/12"], "invalid-dates"),
        (f"{WINDOW}.dates", ["02-30"], "invalid-dates"),
        (f"{WINDOW}.dates", ["2026-02-29"], "invalid-dates"),
        (f"{WINDOW}.dates", ["1225"], "invalid-dates"),
        (f"{WINDOW}.dates", "12-25", "invalid-dates"),
        (f"{WINDOW}.holidays", "yes", "wrong-type"),
        (f"{WINDOW}.holidays", 1, "wrong-type"),
        (f"{WINDOW}.priority", "1", "wrong-type"),
        (f"{WINDOW}.priority", 1.0, "wrong-type"),
        (f"{WINDOW}.connect_fee", 0.1, "inexact-number"),
        (f"{WINDOW}.connect_fee", "R$ 1", "not-a-number"),
        (f"{WINDOW}.unit", "min", "unknown-unit"),
        (f"{WINDOW}.unit", ["s"], "unknown-unit"),
        (f"{WINDOW}.tiers", ..., "missing"),
        (f"{WINDOW}.tiers", [], "not-a-list"),
        (f"{WINDOW}.hours", "8-18", "unknown-key"),
        (f"{TIER}.price", ..., "missing"),
        (f"{TIER}.price", 0.1, "inexact-number"),
        (f"{TIER}.price", "abc", "not-a-number"),
        (f"{TIER}.price", "1e3", "not-a-number"),
        (f"{TIER}.price", "0." + "1" * 19, "too-precise"),
        (f"{TIER}.price", [], "not-a-number"),
        (f"{TIER}.per_s", ..., "missing"),
        (f"{TIER}.per_s", 0, "not-positive"),
        (f"{TIER}.per_s", -60, "negative"),
        (f"{TIER}.increment_s", 0, "not-positive"),
        (f"{TIER}.increment_s", ..., "missing"),
        (f"{TIER}.step", 6, "unknown-key"),
    ],
)
def test_each_fault_is_told_at_its_place(path: str, value: Any, code: str) -> None:
    found = problems_of(broken(path, value))
    assert places(found) == [(path, code)]
    assert len(found[0].message) > 8


@pytest.mark.parametrize(
    ("path", "value", "at", "code"),
    [
        (f"{TIER}.from_s", 10, f"{WINDOW}.tiers", "gap"),
        (f"{TIER}.from_s", 30, f"{WINDOW}.tiers", "duplicate"),
        (f"{WINDOW}.from", "00:00:01", f"{RATE}.windows", "gap"),
        (f"{WINDOW}.to", "23:59:59", f"{RATE}.windows", "gap"),
        (f"{WINDOW}.to", "00:00:00", f"{WINDOW}.to", "empty-hours"),
        (f"{WINDOW}.from", "24:00:00", f"{WINDOW}.to", "empty-hours"),
        (f"{WINDOW}.weekdays", [1, 2, 3, 4, 5, 6], f"{RATE}.windows", "gap"),
        (f"{WINDOW}.dates", ["12-25"], f"{RATE}.windows", "gap"),
        (f"{WINDOW}.holidays", True, f"{RATE}.windows", "gap"),
        (f"{RATE}.call_class", "ldi", f"{RATE}.prefix", "no-target"),
    ],
)
def test_what_leaves_a_call_without_one_price(path: str, value: Any, at: str, code: str) -> None:
    found = problems_of(broken(path, value))
    assert (at, code) in places(found)


def with_windows(*changes: dict[str, Any]) -> dict[str, Any]:
    base = GOOD["rates"][0]["windows"][0]
    return broken(f"{RATE}.windows", [{**base, **change} for change in changes])


@pytest.mark.parametrize(
    "changes",
    [
        ({}, {}),
        ({}, {"weekdays": [1, 2, 3, 4, 5, 6, 7]}),
        ({}, {"weekdays": [1, 2]}, {"weekdays": [2, 3]}),
        ({}, {"holidays": True}, {"holidays": True, "weekdays": [1]}),
        ({}, {"dates": ["12-25"]}, {"dates": ["2026-12-25", "2026-01-01"]}),
        ({}, {"dates": ["12-25"], "holidays": True}, {"dates": ["12-24"], "holidays": True}),
        ({}, {"from": "08:00:00", "to": "18:00:00"}, {"from": "08:00:00", "to": "09:00:00"}),
    ],
)
def test_two_windows_between_which_nothing_decides_are_refused(changes: Any) -> None:
    found = problems_of(with_windows(*changes))
    assert [problem.code for problem in found] == ["ambiguous"]
    assert found[0].path == f"{RATE}.windows[{len(changes) - 1}]"
    assert "higher priority" in found[0].message


@pytest.mark.parametrize(
    "changes",
    [
        ({"to": "18:00:00"}, {"from": "18:00:00"}),
        ({"to": "18:00:00"}, {"from": "12:00", "to": "24:00"}),
        ({"weekdays": [6, 7]}, {"weekdays": [1, 2, 3, 4, 5]}),
        ({}, {"holidays": True}, {"dates": ["12-24"]}),
        ({}, {"dates": ["12-24"]}, {"dates": ["12-25"]}),
        ({}, {"weekdays": [1], "dates": ["12-24"]}, {"weekdays": [2], "dates": ["12-24"]}),
        ({"weekdays": []}, {"priority": 1, "dates": []}),
    ],
)
def test_windows_that_are_well_ordered(changes: Any) -> None:
    assert load_tariff(with_windows(*changes)).rates


def test_dates_that_name_every_day_leave_no_gap() -> None:
    days = [f"{m:02}-{d:02}" for m in range(1, 13) for d in range(1, 32)]
    wrong = {"02-30", "02-31", "04-31", "06-31", "09-31", "11-31"}
    days = [day for day in days if day not in wrong]
    summer = {"dates": days[:100]}
    assert load_tariff(with_windows(summer, {"dates": days[100:]}))
    found = problems_of(with_windows(summer, {"dates": days[100:], "to": "23:00:00"}))
    assert [problem.code for problem in found] == ["gap"]
    assert "23:00:00 to 24:00:00" in found[0].message


def test_all_faults_are_told_at_once() -> None:
    data = broken(f"{TIER}.price", 0.1)
    data["timezone"] = "Mars"
    data["rates"].append({"prefix": "5511", "windows": []})
    assert places(problems_of(data)) == [
        ("timezone", "unknown-timezone"),
        (f"{TIER}.price", "inexact-number"),
        ("rates[1].windows", "not-a-list"),
        ("rates[1].prefix", "duplicate"),
    ]


def test_a_fault_in_a_rate_like_another_is_told_for_each() -> None:
    data = broken(f"{TIER}.price", "x")
    data["rates"].append({**copy.deepcopy(data["rates"][0]), "prefix": "5512"})
    assert [problem.path for problem in problems_of(data)] == [
        f"{TIER}.price",
        "rates[1].windows[0].tiers[0].price",
    ]


def test_a_class_may_stand_for_a_prefix_but_only_once() -> None:
    body = {"windows": GOOD["rates"][0]["windows"]}
    rates = [{"call_class": "ldi", **body}, {"call_class": "ldi", **body}]
    assert places(problems_of({"rates": rates})) == [("rates[1].call_class", "duplicate")]
    assert [p.code for p in problems_of({"rates": [{"call_class": "LDI!", **body}]})] == [
        "invalid-call-class"
    ]


def test_units_are_neither_mixed_nor_split() -> None:
    found = problems_of(with_windows({"to": "18:00:00"}, {"from": "18:00:00", "unit": "byte"}))
    assert places(found) == [(f"{RATE}.windows", "mixed-units")]
    tiers = [{"from_s": 0, "price": "1", "per_s": 1, "increment_s": "0.5"}]
    found = problems_of(with_windows({"unit": "message", "tiers": tiers}))
    assert places(found) == [(TIER, "split-unit")]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('"price": "0.10"', '"price": 0.10', "inexact-money"),
        ('"price": "0.10"', '"price": 1e400', "inexact-money"),
        ('"connect_fee": "0"', '"connect_fee": NaN', "inexact-money"),
        ('"per_s": 60', '"per_s": NaN', "not-a-number"),
        ('"per_s": 60', '"per_s": 1e999999999999999999999', "not-a-number"),
        ('"per_s": 60', '"per_s": 1e999999999', "too-large"),
        ('"per_s": 60', '"per_s": 60, "per_s": 30', "repeated-key"),
        ('"per_s": 60', '"per_s": ' + "9" * 5000, "too-large"),
        ('"priority": 0', '"priority": 0.5', "wrong-type"),
    ],
)
def test_numbers_of_the_file_stay_exact(old: str, new: str, code: str) -> None:
    text = json.dumps(GOOD).replace(old, new, 1)
    assert [problem.code for problem in problems_of(read_json(text))] == [code]


def test_tiers_may_stand_in_any_order() -> None:
    tiers = GOOD["rates"][0]["windows"][0]["tiers"]
    rates = [load_tariff(broken(f"{WINDOW}.tiers", t)).rates[0] for t in (tiers, tiers[::-1])]
    assert rates[0].windows == rates[1].windows


def test_seconds_may_be_fractions() -> None:
    text = json.dumps(GOOD).replace('"increment_s": 6', '"increment_s": 0.1')
    tariff = load_tariff(read_json(text))
    assert tariff.rates[0].windows[0].tiers[1].increment == 100_000


def test_defaults() -> None:
    tiers = [{"price": Decimal("0.5"), "per_s": 60, "increment_s": 60}]
    tariff = load_tariff({"rates": [{"prefix": "1", "windows": [{"tiers": tiers}]}]})
    assert tariff.timezone.key == DEFAULT_TIMEZONE
    assert (tariff.rounding.method, tariff.rounding.decimals) == ("none", 6)


@pytest.mark.parametrize("data", [None, [], "x", 3, {"rates": [None]}])
def test_what_is_not_a_tariff_at_all(data: Any) -> None:
    assert "not-an-object" in [problem.code for problem in problems_of(data)]


def test_a_single_rate() -> None:
    rate = load_rate(GOOD["rates"][0])
    assert (rate.prefix, rate.call_class, rate.free_under) == ("5511", None, 3_000_000)
    with pytest.raises(TariffError, match=r"windows\[0\].tiers: is missing"):
        load_rate({"prefix": "55", "windows": [{}]})
    with pytest.raises(TariffError, match="freeunder: is not known here; use call_class"):
        load_rate({**GOOD["rates"][0], "freeunder": 3})
    with pytest.raises(TariffError, match="must be an object"):
        load_rate(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"prefix": "x"}, "prefix"),
        ({"call_class": "ldi"}, "prefix"),
        ({"price_per_min": 0.1}, "windows[0].tiers[0].price"),
        ({"price_per_min": "-1"}, "windows[0].tiers[0].price"),
        ({"step_s": 0}, "windows[0].tiers[1].increment_s"),
        ({"minimum_s": -1}, "windows[0].tiers[0].increment_s"),
        ({"free_under_s": -3}, "free_under_s"),
        ({"max_cost": "x"}, "max_cost"),
        ({"connect_fee": None, "max_cost": 1.5}, "max_cost"),
    ],
)
def test_a_cadence_that_cannot_be(change: dict[str, Any], path: str) -> None:
    terms: dict[str, Any] = {
        "prefix": "55",
        "price_per_min": "0.10",
        "minimum_s": 30,
        "step_s": 6,
        "free_under_s": 3,
    }
    simple_rate(**terms)  # remembered: 1 and True, or 1 and 1.0, must not be taken for each other
    with pytest.raises(TariffError) as caught:
        simple_rate(**{**terms, **change})
    assert caught.value.problems[0].path == path


def test_a_remembered_cadence_does_not_let_a_float_pass() -> None:
    assert simple_rate(prefix="1", price_per_min=1, minimum_s=1, step_s=1, free_under_s=0)
    with pytest.raises(TariffError, match="float"):
        simple_rate(
            prefix="1",
            price_per_min=1.0,  # type: ignore[arg-type]
            minimum_s=1,
            step_s=1,
            free_under_s=0,
        )


def test_holidays_are_the_reference_calendar() -> None:
    days = [date(2015, 1, 1) + timedelta(days=n) for n in range(366 * 20)]
    assert [day for day in days if is_national_holiday(day)] == list(filter(is_holiday, days))
