"""Hearing a line's messages by telephone (*97). Pure: keys in, moves out, as in `desk`.

Whoever has the database answers `Unlock` with `opened` or `refused`, and `Delete` with `go_on`;
`Play` becomes a question by `present`, or is skipped by `go_on` where the message is gone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from tronco.pbx.desk import FIRST_DIGIT_S, MOST_SILENT, MOST_WRONG, NEXT_DIGIT_S, PIN_DIGITS
from tronco.pbx.flow import MOST_STEPS, Ask, End, Sound
from tronco.pbx.speech import say_digits, say_messages, say_moment

# So many are heard in one call; the state of the call holds their ids.
MOST_MESSAGES: Final = 20
AGAIN, NEXT, DELETE, LEAVE = "1", "2", "3", "0"
FIRST_KEY_S: Final = 6


@dataclass(frozen=True, slots=True)
class Unlock:
    """Is this the PIN of the line?"""

    pin: str


@dataclass(frozen=True, slots=True)
class Play:
    """Let a message be heard, after other sounds."""

    message: int
    before: tuple[Sound, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a message."""

    message: int


Move = Ask | Unlock | Play | Delete | End


@dataclass(frozen=True, slots=True)
class Box:
    """Where whoever listens stands. `asks` is what he is to type: `pin` or `key`.

    `messages` are those still to be heard, the present one first.
    """

    asks: str = "pin"
    messages: tuple[int, ...] = ()
    wrong: int = 0
    silent: int = 0
    steps: int = 0


def begin() -> tuple[Box, Ask]:
    """Ask for the line's PIN. A line without one begins with `opened`."""
    return Box(steps=1), _ask_pin()


def opened(box: Box, *, messages: tuple[int, ...], fresh: int) -> tuple[Box, Play | End]:
    """Tell what there is, and play the first; `fresh` of the messages have not been heard yet."""
    said = tuple(f"s:{key}" for key in say_messages(fresh, len(messages) - fresh))
    if not messages:
        return box, End(said)
    box = replace(box, asks="key", messages=messages[:MOST_MESSAGES], silent=0)
    return box, Play(box.messages[0], said)


def refused(box: Box, *sounds: Sound, is_final: bool = False) -> tuple[Box, Ask | End]:
    """Go on after a PIN that was not right; `is_final`: not to be tried again."""
    box = replace(box, wrong=box.wrong + 1)
    if is_final or box.wrong >= MOST_WRONG:
        return box, End(sounds)
    return box, _ask_pin(*sounds)


def step(box: Box, heard: str) -> tuple[Box, Move]:
    """Go on with what was typed."""
    if box.steps >= MOST_STEPS:
        return box, End(("s:goodbye",))
    box = replace(box, steps=box.steps + 1, silent=0 if heard else box.silent + 1)
    if box.silent >= MOST_SILENT or heard == LEAVE:
        return box, End(("s:goodbye",))
    if box.asks == "pin":
        return box, Unlock(heard) if heard else _ask_pin()
    if heard == AGAIN:
        return box, Play(box.messages[0])
    if heard == NEXT:
        return go_on(box)
    if heard == DELETE:
        return box, Delete(box.messages[0])
    return box, _ask_key(*(("s:invalid-option",) if heard else ()))


def go_on(box: Box, *before: Sound) -> tuple[Box, Play | End]:
    """To the next message, if there is one."""
    box = replace(box, messages=box.messages[1:])
    if not box.messages:
        return box, End((*before, "s:no-more-messages"))
    return box, Play(box.messages[0], before)


def present(play: Play, *, caller: str, at: datetime, now: datetime) -> Ask:
    """Say who left it and when (`at`, on his clock who listens), play it, and ask what to do with
    it; any key interrupts.
    """
    digits = say_digits(caller)
    who = ("message-from", *digits) if digits else ("message-received",)
    words = (f"s:{key}" for key in (*who, *say_moment(at, now=now)))
    return _ask_key(*play.before, *words, f"v:{play.message}")


def _ask_pin(*before: Sound) -> Ask:
    return Ask((*before, "s:enter-pin"), PIN_DIGITS, FIRST_DIGIT_S, NEXT_DIGIT_S)


def _ask_key(*before: Sound) -> Ask:
    return Ask((*before, "s:message-keys"), 1, FIRST_KEY_S, NEXT_DIGIT_S)
