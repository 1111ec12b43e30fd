"""Portal, card and call-back, step by step, as tables."""

from __future__ import annotations

import pytest

from tronco.pbx.desk import Check, Desk, Move, Spend, begin, checked, step
from tronco.pbx.flow import MOST_STEPS, Ask, End

ENTER_PIN = Ask(("s:enter-pin",), 8, 10, 4)
ENTER_CARD = Ask(("s:enter-card",), 16, 10, 4)
ENTER_CARD_PIN = Ask(("s:enter-card-pin",), 8, 10, 4)
ENTER_NUMBER = Ask(("s:enter-number",), 24, 10, 4)
RIGHT, WRONG, DEAD = "right", "wrong", "dead"


def walk_through(asks: str, *heard: str, payer: str = "") -> tuple[Desk, Move]:
    """Where a caller stands after all that was typed and checked."""
    desk, move = begin(asks, payer=payer)
    for one in heard:
        if isinstance(move, Check):
            desk, move = {
                RIGHT: lambda desk=desk: checked(desk, payer="line:1001", sounds=("s:balance-is",)),
                WRONG: lambda desk=desk: checked(desk, sounds=("s:wrong-pin",)),
                DEAD: lambda desk=desk: checked(desk, sounds=("s:card-blocked",), is_final=True),
            }[one]()
        else:
            desk, move = step(desk, one)
    return desk, move


@pytest.mark.parametrize(
    ("asks", "heard", "move"),
    [
        ("pin", (), ENTER_PIN),
        ("pin", ("1234",), Check("1234")),
        ("pin", ("1234", RIGHT), Ask(("s:balance-is", "s:enter-number"), 24, 10, 4)),
        ("pin", ("1234", RIGHT, "1133334444"), Spend("1133334444")),
        ("pin", ("1234", RIGHT, "1133334444", "ANSWER"), ENTER_NUMBER),
        (
            "pin",
            ("1234", RIGHT, "1133334444", "BUSY"),
            Ask(("s:busy", "s:enter-number"), 24, 10, 4),
        ),
        ("pin", ("1234", RIGHT, "1133334444", "CONGESTION", "2133334444"), Spend("2133334444")),
        ("pin", ("", "1234"), Check("1234")),
        ("pin", ("", "", ""), End(("s:goodbye",))),
        ("pin", ("1", WRONG), Ask(("s:wrong-pin", "s:enter-pin"), 8, 10, 4)),
        ("pin", ("1", WRONG, "2", WRONG, "3", WRONG), End(("s:wrong-pin",))),
        ("pin", ("1", WRONG, "2", WRONG, "3", RIGHT, "190"), Spend("190")),
        ("card", (), ENTER_CARD),
        ("card", ("55667788",), ENTER_CARD_PIN),
        ("card", ("55667788", "4321"), Check("4321", "55667788")),
        ("card", ("55667788", "4321", RIGHT, "1133334444"), Spend("1133334444")),
        # Another card may be meant: its number is asked again.
        ("card", ("55667788", "1", WRONG), Ask(("s:wrong-pin", "s:enter-card"), 16, 10, 4)),
        ("card", ("55667788", "4321", DEAD), End(("s:card-blocked",))),
        ("number", (), ENTER_NUMBER),
        ("number", ("1133334444",), Spend("1133334444")),
        ("number", ("", "", ""), End(("s:goodbye",))),
    ],
)
def test_every_turn(asks: str, heard: tuple[str, ...], move: Move) -> None:
    assert walk_through(asks, *heard)[1] == move


def test_the_payer_is_known_only_after_the_right_pin() -> None:
    assert walk_through("pin", "1", WRONG)[0].payer == ""
    assert walk_through("pin", "1", RIGHT)[0].payer == "line:1001"
    assert walk_through("number", payer="line:1002")[0].payer == "line:1002"


def test_the_card_is_forgotten_once_it_is_checked() -> None:
    for outcome in (RIGHT, WRONG):
        assert walk_through("card", "55667788", "4321", outcome)[0].card == ""


def test_a_call_has_a_bounded_number_of_steps() -> None:
    desk, move = begin("number", payer="line:1001")
    taken = 1
    while not isinstance(move, End):
        desk, move = step(desk, "1133334444" if desk.asks == "number" else "ANSWER")
        taken += 1
    assert taken == MOST_STEPS + 1
