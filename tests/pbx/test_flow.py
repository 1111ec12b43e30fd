"""An IVR, step by step, as tables: what was heard, what comes next."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tronco.pbx.flow import (
    MOST_STEPS,
    Ask,
    Book,
    End,
    MenuCard,
    Move,
    Out,
    Queue,
    QueueCard,
    Record,
    Ring,
    Target,
    Walk,
    enter,
    step,
)
from tronco.pbx.schedules import ScheduleCard

NOON = datetime(2026, 11, 18, 15, tzinfo=UTC)
NEVER = ScheduleCard()  # no windows at all
SALES = Target("circuit", circuit="1001")
MAIN = MenuCard(
    1,
    greeting="p:hello",
    dials_extensions=False,
    options={
        "1": SALES,
        "2": Target("queue", queue=7),
        "3": Target("menu", menu=2),
        "4": Target("number", number="1133334444", payer="1001"),
        "5": Target("voicemail", circuit="1001"),
        "6": Target("prompt", prompt="p:address"),
        "7": Target("menu", menu=3),
        "8": Target("number", number="1133334444"),
        "9": Target("hangup"),
        "0": Target("queue", queue=8),
        "*": Target("repeat"),
        "#": Target("menu", menu=4),
    },
)
SUB = MenuCard(
    2,
    greeting="p:sub",
    max_tries=2,
    invalid="p:wrong",
    first_digit_s=9,
    next_digit_s=3,
    options={"0": Target("back"), "timeout": SALES, "invalid": Target("queue", queue=7)},
)
CLOSED = MenuCard(3, schedule=NEVER, options={"closed": Target("voicemail", circuit="1001")})
JUST_CLOSED = MenuCard(4, schedule=NEVER)
ROUND_A = MenuCard(5, schedule=NEVER, options={"closed": Target("menu", menu=6)})
ROUND_B = MenuCard(6, schedule=NEVER, options={"closed": Target("menu", menu=5)})
SUPPORT = QueueCard(7, welcome="p:welcome", max_wait_s=60, overflow=Target("menu", menu=2))
NIGHT = QueueCard(8, schedule=NEVER, overflow=Target("hangup"))
BOOK = Book(
    {menu.id: menu for menu in (MAIN, SUB, CLOSED, JUST_CLOSED, ROUND_A, ROUND_B)},
    {queue.id: queue for queue in (SUPPORT, NIGHT)},
)
ASK_MAIN = Ask(("p:hello",), 1, 5, 2)
ASK_SUB = Ask(("p:sub",), 20, 9, 3)


def walk_through(first: Target, *heard: str) -> Move:
    """The move after all that was heard."""
    walk, move = enter(BOOK, first, at=NOON)
    for one in heard:
        walk, move = step(BOOK, walk, one, at=NOON)
    return move


@pytest.mark.parametrize(
    ("keys", "move"),
    [
        ("1", Ring("1001")),
        ("2", Queue(7, ("p:welcome",), 60)),
        ("3", ASK_SUB),
        ("4", Out("1133334444", "1001")),
        ("5", Record("1001")),
        ("6", End(("p:address",))),
        ("7", Record("1001")),  # closed, with somewhere to go
        ("8", End(("s:unavailable",))),  # nobody pays
        ("9", End(("s:goodbye",))),
        ("0", End(("s:closed",))),  # a closed queue
        ("*", ASK_MAIN),
        ("#", End(("s:closed",))),  # closed, with nowhere to go
        ("", Ask(("s:no-option", "p:hello"), 1, 5, 2)),
        ("12", Ask(("s:invalid-option", "p:hello"), 1, 5, 2)),
    ],
)
def test_every_key_of_a_menu(keys: str, move: Move) -> None:
    assert walk_through(Target("menu", menu=1), keys) == move


@pytest.mark.parametrize(
    ("heard", "move"),
    [
        (("3", "0"), ASK_MAIN),  # back
        (("3", "", ""), Ring("1001")),  # nothing typed, twice
        (("3", "7", "7"), Queue(7, ("p:welcome",), 60)),  # wrong keys, twice
        (("3", "7"), Ask(("p:wrong", "p:sub"), 20, 9, 3)),  # its own recording
        (("3", "", "0", "3", ""), Ask(("s:no-option", "p:sub"), 20, 9, 3)),  # tries begin anew
        (("", "", ""), End(("s:goodbye",))),  # nothing is configured for that
        (("1", "BUSY"), Ask(("s:busy", "p:hello"), 1, 5, 2)),
        (("1", "NOANSWER"), Ask(("s:no-answer", "p:hello"), 1, 5, 2)),
        (("4", "CHANUNAVAIL"), Ask(("s:unavailable", "p:hello"), 1, 5, 2)),
        (("1", "ANSWER"), End()),
        (("2", ""), End()),  # a member answered
        (("2", "CONTINUE"), End()),
        (("2", "TIMEOUT"), Ask(("s:nobody-there", "p:sub"), 20, 9, 3)),  # the overflow
        (("2", "FULL", "0"), ASK_MAIN),  # back from where the overflow led
    ],
)
def test_after_more_than_one_step(heard: tuple[str, ...], move: Move) -> None:
    assert walk_through(Target("menu", menu=1), *heard) == move


@pytest.mark.parametrize(
    ("target", "move"),
    [
        (Target("queue", queue=7), Queue(7, ("p:welcome",), 60)),
        (SALES, Ring("1001")),
        (Target("menu", menu=99), End(("s:error",))),
        (Target("queue", queue=99), End(("s:error",))),
        (Target("circuit"), End(("s:unavailable",))),
        (Target("repeat"), End(("s:goodbye",))),  # there is no menu to repeat
        (Target("menu", menu=5), End(("s:error",))),  # two closed menus that name each other
    ],
)
def test_where_a_call_may_begin(target: Target, move: Move) -> None:
    assert walk_through(target) == move


def test_without_a_menu_a_line_that_is_busy_is_the_end() -> None:
    assert walk_through(SALES, "BUSY") == End(("s:busy",))


@pytest.mark.parametrize(("dials_extensions", "rings"), [(True, True), (False, False)])
def test_extensions_where_the_menu_lets_them_be_dialled(
    dials_extensions: bool, rings: bool
) -> None:
    menu = MenuCard(1, dials_extensions=dials_extensions)
    book = Book({1: menu})
    walk, _ = enter(book, Target("menu", menu=1), at=NOON)
    _, move = step(book, walk, "1002", at=NOON, extension=Target("circuit", circuit="1002"))
    assert (move == Ring("1002")) is rings


def test_an_option_is_stronger_than_an_extension() -> None:
    walk, _ = enter(BOOK, Target("menu", menu=1), at=NOON)
    _, move = step(BOOK, walk, "1", at=NOON, extension=Target("circuit", circuit="1"))
    assert move == Ring("1001")


def test_menus_that_lead_in_circles_end() -> None:
    walk, move = enter(BOOK, Target("menu", menu=1), at=NOON)
    taken = 1
    while not isinstance(move, End):
        walk, move = step(BOOK, walk, "*", at=NOON)
        taken += 1
        assert taken <= MOST_STEPS + 1
    assert taken == MOST_STEPS + 1
    assert len(walk.menus) <= 8


def test_a_menu_that_was_deleted_meanwhile_is_an_error() -> None:
    assert step(Book(), Walk((1,), "ask"), "1", at=NOON)[1] == End(("s:error",))
