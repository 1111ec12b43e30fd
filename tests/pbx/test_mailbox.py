"""Hearing one's own messages, key by key, as tables."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tronco.pbx.flow import MOST_STEPS, Ask, End
from tronco.pbx.mailbox import (
    MOST_MESSAGES,
    Box,
    Delete,
    Move,
    Play,
    Unlock,
    begin,
    go_on,
    opened,
    present,
    refused,
    step,
)

ENTER_PIN = Ask(("s:enter-pin",), 8, 10, 4)
KEYS = Ask(("s:message-keys",), 1, 6, 4)
GOODBYE = End(("s:goodbye",))
ONE_NEW = ("s:you-have", "s:n-1-f", "s:new-message")


def hear(*keys: str, messages: tuple[int, ...] = (7, 8), fresh: int = 1) -> tuple[Box, Move]:
    """Where somebody stands whose line has no PIN; what is to be deleted is."""
    box, move = opened(begin()[0], messages=messages, fresh=fresh)
    answer: Move = move
    for key in keys:
        if isinstance(answer, Delete):
            box, answer = go_on(box, "s:message-deleted")
        box, answer = step(box, key)
    return box, answer


@pytest.mark.parametrize(
    ("keys", "move"),
    [
        ((), Play(7, ONE_NEW)),
        (("1",), Play(7)),
        (("2",), Play(8)),
        (("2", "2"), End(("s:no-more-messages",))),
        (("3",), Delete(7)),
        (("3", "3"), Delete(8)),
        (("0",), GOODBYE),
        (("9",), Ask(("s:invalid-option", "s:message-keys"), 1, 6, 4)),
        (("",), KEYS),
        (("", "", ""), GOODBYE),
        (("", "", "1", "", ""), KEYS),
    ],
)
def test_keys(keys: tuple[str, ...], move: Move) -> None:
    assert hear(*keys)[1] == move


@pytest.mark.parametrize(
    ("messages", "fresh", "move"),
    [
        ((), 0, End(("s:no-messages",))),
        ((7,), 0, Play(7, ("s:no-new-messages",))),
        ((7, 8, 9), 2, Play(7, ("s:you-have", "s:n-2-f", "s:new-messages"))),
    ],
)
def test_what_there_is_is_told(messages: tuple[int, ...], fresh: int, move: Move) -> None:
    assert hear(messages=messages, fresh=fresh)[1] == move


def test_a_pin_is_asked_for_and_three_wrong_ones_end_it() -> None:
    box, asked = begin()
    assert asked == ENTER_PIN
    box, move = step(box, "")
    assert move == ENTER_PIN
    box, move = step(box, "2468")
    assert move == Unlock("2468")
    for place in range(3):
        box, again = refused(box, "s:wrong-pin")
        if place < 2:
            assert again == Ask(("s:wrong-pin", "s:enter-pin"), 8, 10, 4)
    assert again == End(("s:wrong-pin",))
    assert refused(begin()[0], "s:locked-out", is_final=True)[1] == End(("s:locked-out",))


def test_a_message_is_played_with_who_left_it_and_when() -> None:
    """An anonymous caller has left no number to be told."""
    now = datetime(2026, 11, 22, 18, tzinfo=UTC)
    when = {"at": now.replace(hour=14), "now": now}
    told = present(Play(7, ONE_NEW), caller="1140", **when)
    digits = ("s:n-1", "s:n-1", "s:n-4", "s:n-0")
    today = ("s:today", "s:at-hours", "s:n-14", "s:hours")
    assert told.sounds == (*ONE_NEW, "s:message-from", *digits, *today, "v:7", "s:message-keys")
    unknown = present(Play(7), caller="", **when)
    assert unknown.sounds == ("s:message-received", *today, "v:7", "s:message-keys")


def test_it_ends() -> None:
    """However many messages there are and however often one is heard."""
    box, _ = hear(messages=tuple(range(1, 200)))
    assert len(box.messages) == MOST_MESSAGES
    assert hear(*["1"] * MOST_STEPS)[1] == GOODBYE
