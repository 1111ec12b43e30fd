"""Who calls whom in the demonstration, when and for how long. Chance is seeded; nothing is stored.

Numbers are invented in ranges with 555, as in films; some may exist all the same, and are only ever
dialled towards the demonstration's own carrier.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from tronco.calls.models import Cdr, Direction
from tronco.catalog.models import CallClass
from tronco.charging.cycles import ZONE
from tronco.demo.lines import Line

T = TypeVar("T")
Outcome = Cdr.Outcome

# How the calls of a day spread over its hours, at work and at home.
AT_WORK: Final = [0, 0, 0, 0, 0, 0, 1, 4, 16, 24, 27, 22, 11, 16, 25, 26, 22, 14, 6, 3, 2, 1, 0, 0]
AT_HOME: Final = [1, 0, 0, 0, 0, 1, 2, 4, 6, 8, 9, 8, 10, 8, 7, 7, 8, 10, 14, 18, 19, 14, 8, 3]
# Monday to Sunday.
WEEK_AT_WORK: Final = [1.1, 1.05, 1.0, 1.0, 0.95, 0.35, 0.08]
WEEK_AT_HOME: Final = [0.9, 0.9, 0.9, 0.9, 1.0, 1.2, 1.3]
HOMES: Final = frozenset({"helena", "joao"})
INCOMING, INTERNAL = 0.2, 0.05
# What becomes of a call that is let through, out of a hundred.
FATES: Final = {
    Outcome.ANSWERED: 71,
    Outcome.NO_ANSWER: 14,
    Outcome.BUSY: 8,
    Outcome.CANCELLED: 5,
    Outcome.FAILED: 2,
}
# The kinds of numbers people know, out of a hundred.
KNOWN: Final = {"near": 62, "far": 26, "toll-free": 4, "national": 3, "shared": 1, "abroad": 4}
CAPITALS: Final = (11, 21, 31, 41, 48, 51, 61, 62, 71, 81, 85, 91, 92, 27, 19, 47, 13, 32, 54, 65)
ABROAD: Final = (
    "0015112125550123", "0021113055550187", "0015351210001234", "0021351912345678",
    "0021442079460123", "0015541150001234", "0015595214123456", "00144930123456",
    "0021390612345678", "001581312345678", "0015244222123456",
)  # fmt: skip
SERVICES: Final = ("102", "142", "10315", "116", "115")
EMERGENCIES: Final = ("190", "192", "193")
# Rare: a satellite, a country that few price lists have, and numbers that are none.
ODD: Final = ("0015870776123456", "0015870776123457", "00156797012345", "11123", "0119555")
CONTACTS = 26


@dataclass(frozen=True, slots=True)
class Intent:
    """Somebody's wish to call: `other` is what the line dials, or who calls it.

    `outcome` is how it goes if it is let through.
    """

    line: Line
    at: datetime
    direction: Direction
    other: str
    outcome: Outcome
    ring: timedelta
    talk: timedelta

    @property
    def is_answered(self) -> bool:
        return self.outcome == Outcome.ANSWERED


def list_intents(
    lines: Sequence[Line], *, since: datetime, until: datetime, chance: random.Random
) -> list[Intent]:
    """Return what everybody wanted between two moments, and would be through with by the latter."""
    return [
        intent
        for line in lines
        for intent in _Habits(line, lines, chance).intents(since, until)
        if since <= intent.at and intent.at + intent.ring + intent.talk < until
    ]


class _Habits:
    """Those of one line: its hours, and the numbers it knows."""

    def __init__(self, line: Line, lines: Sequence[Line], chance: random.Random) -> None:
        self.line = line
        self.chance = chance
        self.colleagues = [one.number for one in lines if one.of == line.of and one != line]
        self.is_home = line.of in HOMES
        self.contacts = [self._contact() for _ in range(CONTACTS)]
        # A few are called again and again.
        self.liking = [1 / (place + 1) ** 0.7 for place in range(CONTACTS)]

    def intents(self, since: datetime, until: datetime) -> Iterator[Intent]:
        hours, week = (AT_HOME, WEEK_AT_HOME) if self.is_home else (AT_WORK, WEEK_AT_WORK)
        midnight = since.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        while midnight < until:
            mean = self.line.calls * week[midnight.weekday()] * self.chance.uniform(0.75, 1.25)
            for hour in self.chance.choices(range(24), hours, k=self._poisson(mean)):
                second = self.chance.randrange(3600)
                yield self._intent(midnight + timedelta(hours=hour, seconds=second))
            midnight += timedelta(days=1)

    def _intent(self, at: datetime) -> Intent:
        dice = self.chance.random()
        if dice < INCOMING:
            direction, other = Direction.IN, self._geographic(self._near_ddd())
        elif dice < INCOMING + INTERNAL and self.colleagues:
            direction, other = Direction.INTERNAL, self.chance.choice(self.colleagues)
        else:
            direction, other = Direction.OUT, self._dialled()
        outcome = self._one_of(FATES)
        if other in EMERGENCIES or other in SERVICES:
            outcome = Outcome.ANSWERED
        ring = {Outcome.NO_ANSWER: 32.0, Outcome.BUSY: 1.5, Outcome.FAILED: 1.0}.get(outcome)
        talk_s = min(self.chance.lognormvariate(4.35, 1.0), 2700.0)
        return Intent(
            line=self.line,
            at=at,
            direction=direction,
            other=other,
            outcome=outcome,
            ring=_seconds(ring or self.chance.uniform(2.5, 18.0)),
            talk=_seconds(talk_s if outcome == Outcome.ANSWERED else 0.0),
        )

    def _dialled(self) -> str:
        dice = self.chance.random()
        if dice < 0.003:
            return self.chance.choice(EMERGENCIES)
        if dice < 0.02:
            return self.chance.choice(SERVICES)
        if dice < 0.03:
            return self.chance.choice(ODD)
        return self.chance.choices(self.contacts, self.liking)[0]

    def _contact(self) -> str:
        """A number as people of that line dial it."""
        kind = self._one_of(KNOWN)
        if kind == "abroad" and (CallClass.LDI in self.line.classes or self.chance.random() < 0.3):
            return self.chance.choice(ABROAD)
        digits = f"{self.chance.randrange(10_000):04}"
        if kind == "toll-free":
            return f"0800555{digits}"
        if kind == "shared":
            return f"0300555{digits}"
        if kind == "national":
            return f"4004{digits}"
        if kind == "far":
            return self.chance.choice(("015", "021", "0")) + self._geographic(
                self.chance.choice([ddd for ddd in CAPITALS if ddd != self.line.ddd])
            )
        number = self._geographic(self.line.ddd)
        return number if self.chance.random() < 0.3 else number[2:]

    def _geographic(self, ddd: int) -> str:
        """DDD and number, more often a mobile one."""
        digits = f"{self.chance.randrange(10_000):04}"
        if self.chance.random() < 0.56:
            return f"{ddd}9{self.chance.choice('6789')}555{digits}"
        return f"{ddd}{self.chance.choice('2345')}555{digits}"

    def _near_ddd(self) -> int:
        return self.line.ddd if self.chance.random() < 0.7 else self.chance.choice(CAPITALS)

    def _one_of(self, shares: Mapping[T, int]) -> T:
        return self.chance.choices(list(shares), list(shares.values()))[0]

    def _poisson(self, mean: float) -> int:
        limit, product, count = math.exp(-mean), self.chance.random(), 0
        while product > limit:
            product *= self.chance.random()
            count += 1
        return count


def _seconds(value: float) -> timedelta:
    return timedelta(milliseconds=round(value * 1000))
