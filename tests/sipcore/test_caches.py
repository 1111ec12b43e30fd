"""Which lines Asterisk is told to forget, when it is. That it reads them anew: tests/asterisk."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from tronco.core.errors import Unavailable
from tronco.sipcore.ami import Manager
from tronco.sipcore.caches import MOST_TO_FORGET, StaleLines


class Switch:
    """What is asked of Asterisk; `dies_at` is the line at which its connection breaks."""

    def __init__(self) -> None:
        self.read_anew: list[str] = []
        self.emptied: set[str] = set()
        self.is_there = self.is_database_up = True
        self.dies_at = ""
        self.lines = StaleLines(
            self.connected,
            is_database_up=lambda: self.is_database_up,
            registered=lambda: ["1001", "1002"],
        )

    def connected(self) -> Manager:
        if not self.is_there:
            raise Unavailable("Asterisk is not there", code="ami-away")
        return cast(Manager, self)

    async def attempt(self, name: str, **fields: str) -> None:
        if self.dies_at in fields.values():
            self.dies_at = ""
            raise Unavailable("the connection is lost", code="ami-away")
        if name == "SorceryMemoryCacheExpire":
            self.emptied.add(fields["Cache"])
        if name == "PJSIPShowEndpoint":
            self.read_anew.append(fields["Endpoint"])

    def forget(self, *numbers: str) -> list[str]:
        """Which lines are read anew when these have changed."""
        for number in numbers:
            self.lines.changed(number)
        self.read_anew.clear()
        asyncio.run(self.lines.forget())
        return self.read_anew


@pytest.fixture
def switch() -> Switch:
    return Switch()


def test_lines_are_read_anew_once_and_in_order(switch: Switch) -> None:
    assert switch.forget("1003", "1001", "1003") == ["1003", "1001"]
    assert switch.forget() == []
    assert not switch.emptied


@pytest.mark.parametrize("away", ["is_there", "is_database_up"])
def test_what_cannot_be_done_now_is_done_later(switch: Switch, away: str) -> None:
    """Without the database Asterisk could not read again what it forgot."""
    setattr(switch, away, False)
    assert switch.forget("1003") == []
    setattr(switch, away, True)
    assert switch.forget("1004") == ["1003", "1004"]


@pytest.mark.parametrize(
    "changed", [["*"], ["1003", "*"], [str(2000 + n) for n in range(MOST_TO_FORGET + 1)]]
)
def test_of_many_all_is_forgotten_and_telephones_that_are_there_are_read(
    switch: Switch, changed: list[str]
) -> None:
    assert switch.forget(*changed) == ["1001", "1002"]
    assert len(switch.emptied) == 3


def test_what_a_broken_connection_left_is_done_by_the_next(switch: Switch) -> None:
    switch.dies_at = "1004"
    with pytest.raises(Unavailable):
        switch.forget("1003", "1004", "1005")
    assert switch.lines.soon.is_set()
    assert switch.forget() == ["1003", "1004", "1005"]
