"""Who may call on somebody's account from a telephone: portal, calling card, call-back. Pure.

The caller says who he is (a PIN, a card and its PIN, or nothing), then dials one number after
another. Whether a PIN is right is asked of whoever has the database: `Check`, answered to
`checked`; everything else is told to `step`, as in `flow`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from tronco.pbx.flow import ANSWERED, MOST_STEPS, Ask, End, Sound

MOST_WRONG: Final = 3
MOST_SILENT: Final = 3
PIN_DIGITS: Final = 8
CARD_DIGITS: Final = 16
NUMBER_DIGITS: Final = 24
FIRST_DIGIT_S: Final = 10
NEXT_DIGIT_S: Final = 4


@dataclass(frozen=True, slots=True)
class Check:
    """Is this PIN right for this card, or for a line of this caller where `card` is empty?"""

    pin: str
    card: str = ""


@dataclass(frozen=True, slots=True)
class Spend:
    """Call a number on the account of whoever stands at the desk."""

    number: str


Move = Ask | Check | Spend | End


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a caller stands. `asks` is what he is to type: `card`, `pin`, `number`; or `calls`.

    `payer` is known once he has said who he is.
    """

    asks: str
    card: str = ""
    payer: str = ""
    wrong: int = 0
    silent: int = 0
    steps: int = 0


def begin(asks: str, *, payer: str = "") -> tuple[Desk, Move]:
    """Begin with what is to be typed first."""
    desk = Desk(asks, payer=payer, steps=1)
    return desk, _ask(desk)


def step(desk: Desk, heard: str) -> tuple[Desk, Move]:
    """Go on with what was typed, or with how a call ended (DIALSTATUS)."""
    if desk.steps >= MOST_STEPS:
        return desk, End(("s:goodbye",))
    desk = replace(desk, steps=desk.steps + 1)
    if desk.asks == "calls":
        desk = replace(desk, asks="number", silent=0)
        # Why it was not let through, the caller has heard as it was refused.
        return desk, _ask(desk, *_after_call(heard))
    if not heard:
        desk = replace(desk, silent=desk.silent + 1)
        if desk.silent >= MOST_SILENT:
            return desk, End(("s:goodbye",))
        return desk, _ask(desk)
    if desk.asks == "number":
        return replace(desk, asks="calls", silent=0), Spend(heard)
    if desk.asks == "card":
        desk = replace(desk, asks="pin", card=heard, silent=0)
        return desk, _ask(desk)
    return desk, Check(heard, desk.card)


def checked(
    desk: Desk, *, payer: str = "", sounds: tuple[Sound, ...] = (), is_final: bool = False
) -> tuple[Desk, Move]:
    """Go on after a check: with `payer` it was right, else `sounds` say what was wrong.

    `is_final`: not to be tried again.
    """
    if payer:
        desk = replace(desk, asks="number", payer=payer, card="", silent=0)
        return desk, _ask(desk, *sounds)
    desk = replace(desk, wrong=desk.wrong + 1, asks="card" if desk.card else "pin", card="")
    if is_final or desk.wrong >= MOST_WRONG:
        return desk, End(sounds)
    return desk, _ask(desk, *sounds)


def _after_call(status: str) -> tuple[Sound, ...]:
    if status == ANSWERED:
        return ()
    return {"BUSY": ("s:busy",), "NOANSWER": ("s:no-answer",)}.get(status, ())


_QUESTIONS: Final = {
    "card": ("s:enter-card", CARD_DIGITS),
    "pin": ("s:enter-pin", PIN_DIGITS),
    "number": ("s:enter-number", NUMBER_DIGITS),
}


def _ask(desk: Desk, *before: Sound) -> Ask:
    sound, digits = _QUESTIONS[desk.asks]
    if desk.asks == "pin" and desk.card:
        sound = "s:enter-card-pin"
    return Ask((*before, sound), digits, FIRST_DIGIT_S, NEXT_DIGIT_S)
