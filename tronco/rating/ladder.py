"""A ladder says how far each amount of money lets a call run; charging climbs it while it lasts."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from tronco.core.errors import InvalidInput

# Whole seconds are plain integers, which compare and add with fractions and cost far less.
Seconds = int | Fraction


class Step(NamedTuple):
    """All that a call costs, from its start, when it ends after the step before and by this one.

    `duration_s` is the end of an increment; `allowance_s` and `allowance_u` are what is taken from
    an allowance of seconds and of money (µR$) by then.
    """

    duration_s: Seconds
    cost_u: int
    allowance_s: Seconds = 0
    allowance_u: int = 0


class ChainStep(NamedTuple):
    """What each level of a reseller chain pays for a call that ends by `duration_s`."""

    duration_s: Seconds
    levels: tuple[Step, ...]

    @property
    def costs_u(self) -> tuple[int, ...]:
        return tuple(level.cost_u for level in self.levels)


def merge_ladders(levels: Sequence[Sequence[Step]]) -> list[ChainStep]:
    """Lay the ladders of a chain over common durations, up to where the shortest one ends.

    Each level keeps its own cadence: at a duration, its step is the first that reaches it.
    """
    if not levels or not all(levels):
        raise InvalidInput("every level needs a ladder of at least one step", code="empty-ladder")
    places = [0] * len(levels)
    merged = []
    while all(place < len(ladder) for place, ladder in zip(places, levels, strict=True)):
        current = tuple(ladder[place] for place, ladder in zip(places, levels, strict=True))
        end = min(step.duration_s for step in current)
        merged.append(ChainStep(end, current))
        for level, step in enumerate(current):
            if step.duration_s == end:
                places[level] += 1
    return merged
