"""Which trunks are tried, in which order, and what is dialled: tables."""

from __future__ import annotations

import pytest

from tronco.numbering.classify import classify
from tronco.routing.select import (
    Choice,
    RouteSnapshot,
    TrunkChoice,
    TrunkHealth,
    choose,
    dial_string,
)


def trunk(number: int, **fields: object) -> TrunkChoice:
    facts = {"name": f"t{number}", "carrier_id": number, "number_format": "digits", **fields}
    return TrunkChoice(id=number, **facts)  # type: ignore[arg-type]


ONE, TWO, THREE = trunk(1), trunk(2, max_calls=10), trunk(3)
SOS = trunk(9)
DEAD = TrunkHealth(reachable=False)
FULL = TrunkHealth(reachable=True, active_calls=10)


def route(*, least_cost: bool = False, emergency: tuple[TrunkChoice, ...] = ()) -> RouteSnapshot:
    steps = {"local_fixed": (ONE, TWO, THREE), "ldi": (TWO,)}
    return RouteSnapshot(
        id=1, name="Padrão", least_cost=least_cost, steps=steps, emergency=emergency
    )


def ids(choice: Choice) -> list[int]:
    return [attempt.trunk.id for attempt in choice.attempts]


@pytest.mark.parametrize(
    ("dialled", "health", "expected", "reason"),
    [
        ("1133334444", {}, [1, 2, 3], ""),
        ("1133334444", {1: DEAD}, [2, 3, 1], ""),
        ("1133334444", {1: DEAD, 2: DEAD, 3: DEAD}, [1, 2, 3], ""),
        ("1133334444", {2: FULL}, [1, 3], ""),
        ("1133334444", {1: TrunkHealth(reachable=None), 3: DEAD}, [1, 2, 3], ""),
        ("00211 3434", {}, [], "no-route"),
        ("0021 1 212 555 0100", {2: FULL}, [], "trunks-full"),
        ("0021 1 212 555 0100", {2: DEAD}, [2], ""),
        ("11 98888 7777", {}, [], "no-route"),
    ],
)
def test_order_of_trunks(
    dialled: str, health: dict[int, TrunkHealth], expected: list[int], reason: str
) -> None:
    choice = choose(route(), classify(dialled, own_ddd=11), health=health)
    assert (ids(choice), choice.reason) == (expected, reason)


@pytest.mark.parametrize(
    ("least_cost", "costs_u", "health", "expected"),
    [
        (True, {1: 30, 2: 20, 3: 10}, {}, [3, 2, 1]),
        (True, {1: 30, 2: 20}, {}, [2, 1, 3]),
        (True, {1: 30, 2: 20, 3: 10}, {3: DEAD}, [2, 1, 3]),
        (True, None, {}, [1, 2, 3]),
        (False, {1: 30, 2: 20, 3: 10}, {}, [1, 2, 3]),
    ],
)
def test_least_cost(
    least_cost: bool,
    costs_u: dict[int, int] | None,
    health: dict[int, TrunkHealth],
    expected: list[int],
) -> None:
    number = classify("1133334444", own_ddd=11)
    choice = choose(route(least_cost=least_cost), number, health=health, costs_u=costs_u)
    assert ids(choice) == expected


@pytest.mark.parametrize(
    ("emergency", "health", "expected"),
    [
        ((SOS,), {}, [9, 1, 2, 3]),
        ((SOS,), {9: DEAD}, [1, 2, 3, 9]),
        ((), {}, [1, 2, 3]),
        ((), {2: FULL}, [1, 3, 2]),
        ((TWO,), dict.fromkeys((1, 2, 3), DEAD), [2, 1, 3]),
    ],
)
def test_an_emergency_call_tries_whatever_is_left(
    emergency: tuple[TrunkChoice, ...], health: dict[int, TrunkHealth], expected: list[int]
) -> None:
    choice = choose(route(emergency=emergency), classify("190"), health=health)
    assert ids(choice) == expected
    assert {attempt.dial_string for attempt in choice.attempts} == {"190"}


@pytest.mark.parametrize(
    ("dialled", "e164", "digits", "national", "ddd"),
    [
        ("1133334444", "+551133334444", "551133334444", "01133334444", "1133334444"),
        ("0 21 21 99999-8888", "+5521999998888", "5521999998888", "021999998888", "21999998888"),
        ("0800 123 4567", "+558001234567", "558001234567", "08001234567", "08001234567"),
        ("4004-1234", "+5540041234", "5540041234", "40041234", "40041234"),
        ("0021 1 212 555 2368", "+12125552368", "12125552368", "0012125552368", "0012125552368"),
        ("193", "193", "193", "193", "193"),
        ("10315", "10315", "10315", "10315", "10315"),
    ],
)
def test_what_a_trunk_is_given_to_dial(
    dialled: str, e164: str, digits: str, national: str, ddd: str
) -> None:
    number = classify(dialled, own_ddd=11)
    wanted = {"e164": e164, "digits": digits, "national": national, "ddd": ddd}
    got = {form: dial_string(number, trunk(1, number_format=form)) for form in wanted}
    assert got == wanted


def test_the_tech_prefix_goes_before_everything() -> None:
    number = classify("1133334444", own_ddd=11)
    assert dial_string(number, trunk(1, tech_prefix="77#")) == "77#551133334444"
