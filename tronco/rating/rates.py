"""How a call is priced: exact integers all the way, and one rounding at the end.

A call is a chain of increments that does not depend on how long the call turns out to be: at second
`t` the window in force (by the wall clock at start + t) and the tier with the greatest start up to
`t` say how long the next increment is and what it costs. A call pays the increments it has begun.
That is rule 4 of the definition, for rounding a span up to whole increments is to take each
increment that begins inside it. `price` takes whole spans at a time, `ladder` lists the increments.

Inside, time is integer ticks (a millionth of a second; of a byte or message where those are sold)
and money is integers over the rate's own common denominator. See docs/rating.md.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Final, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from tronco.core.errors import InvalidInput
from tronco.rating.exact import NumberError, read_number
from tronco.rating.ladder import Seconds, Step
from tronco.rating.schedule import Schedule, WindowTimes, schedule_of, start_us_of

TICKS: Final = 1_000_000
MICRO: Final = 1_000_000
# About 31 years of a call, and a petabyte: beyond is a fault of the input, not a call.
MAX_SECONDS: Final = 10**9
MAX_UNITS: Final = 10**15
MAX_DURATION_DECIMALS: Final = 30
# A day in increments of a second: more is a mistake that must not stop call control.
MAX_STEPS: Final = 86_400
_NEVER: Final = 1 << 100

Number = int | str | Decimal | Fraction
Method = Literal["up", "down", "half_up", "none"]
Unit = Literal["s", "byte", "message"]


@dataclass(frozen=True, slots=True)
class Rounding:
    """The one rounding, by the plan. `none` is half up to the millionth, the ledger's unit."""

    method: Method = "none"
    decimals: int = 6
    # Rounds to whole multiples of this many µR$.
    quantum_u: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise InvalidInput(
                f"{self.method!r} is not a rounding; use up, down, half_up or none",
                field="method",
                code="unknown-rounding",
            )
        if type(self.decimals) is not int or not 0 <= self.decimals <= 6:
            raise InvalidInput(
                f"decimals is {self.decimals!r}; use an integer from 0 to 6",
                field="decimals",
                code="invalid-decimals",
            )
        if self.method == "none":
            object.__setattr__(self, "decimals", 6)
        object.__setattr__(self, "quantum_u", 10 ** (6 - self.decimals))

    def apply(self, numerator: int, denominator: int) -> int:
        """Return the µR$ of `numerator / denominator` µR$, which is never negative."""
        divisor = denominator * self.quantum_u
        if self.method == "down":
            return numerator // divisor * self.quantum_u
        if self.method == "up":
            return -(-numerator // divisor) * self.quantum_u
        return (2 * numerator + divisor) // (2 * divisor) * self.quantum_u


@dataclass(frozen=True, slots=True)
class Tier:
    """From `start` of the call's length on: `price` reais for each `per`, whole `increment`s."""

    start: int  # ticks, as all lengths here
    increment: int
    price: Fraction
    per: int


@dataclass(frozen=True, slots=True)
class Window:
    times: WindowTimes
    connect_fee: Fraction
    tiers: tuple[Tier, ...]


class _Leg(NamedTuple):
    """A tier ready for arithmetic: `amount` is what a tick costs, in parts of the rate's scale."""

    end: int
    increment: int
    amount: int
    tier: Tier


class _Span(NamedTuple):
    start: int
    window: int
    leg: _Leg
    increments: int


class PriceStep(NamedTuple):
    """A line of the explanation: so many increments, at this price, while that window held.

    `amount` is in reais, without the seconds that the allowance paid (`allowance_s`).
    """

    from_s: Seconds
    increments: int
    increment_s: Seconds
    price: Fraction
    per_s: Seconds
    amount: Fraction
    allowance_s: Seconds
    window: str


class Price(NamedTuple):
    """What a call costs, and why. Reais are fractions, `_u` are µR$ after the one rounding.

    `exact` is the cost before the rounding: after the maximum and after the allowances.
    `billed_s` is the length in whole increments, whoever pays them.
    """

    cost_u: int
    exact: Fraction
    billed_s: Seconds
    connect_fee: Fraction
    steps: tuple[PriceStep, ...]
    allowance_used_s: Seconds
    allowance_used_u: int
    is_capped: bool


_FREE: Final = Price(0, Fraction(0), 0, Fraction(0), (), 0, 0, False)


class Rate:
    """The price of one prefix, or of one call class. Made by `tariffs`, which checks it first."""

    __slots__ = (
        "_fees", "_legs", "_max", "_names",
        "call_class", "free_under", "max_cost", "prefix", "scale", "schedule", "unit", "windows",
    )  # fmt: skip

    def __init__(
        self,
        *,
        windows: tuple[Window, ...],
        prefix: str | None = None,
        call_class: str | None = None,
        free_under: int = 0,
        max_cost: Fraction | None = None,
        unit: Unit = "s",
    ) -> None:
        self.prefix = prefix
        self.call_class = call_class
        self.free_under = free_under
        self.max_cost = max_cost
        self.unit = unit
        self.windows = windows
        self._compile()

    def with_target(self, *, prefix: str | None, call_class: str | None) -> Rate:
        """Return the same price for another prefix or class, sharing everything else."""
        other = copy.copy(self)
        other.prefix, other.call_class = prefix, call_class
        return other

    def price(
        self,
        *,
        start: datetime,
        duration: Number,
        timezone: ZoneInfo,
        rounding: Rounding,
        allowance_s: Number = 0,
        allowance_money: Number = 0,
    ) -> Price:
        """Price a call of `duration` seconds that was answered at `start`.

        The allowance of seconds is used first, over the same increments: an increment it cannot
        cover whole is paid in money from the second at which it ended. The connect fee is money
        even then. `max_cost` caps fee and paid seconds together; the allowance of money (reais)
        pays the capped sum, and what it leaves is rounded.
        """
        length = self._length(duration, "duration")
        start_us = start_us_of(start)
        if not length or length * TICKS < self.free_under:
            return _FREE
        allowance = left = _floor_ticks(allowance_s, "allowance_s")
        amount, stop, fee_n, steps = 0, 0, 0, []
        for span in self._spans(start_us, _ceil_ticks(length), timezone):
            if not span.start:
                fee_n = self._fees[span.window]
            ticks = span.increments * span.leg.increment
            covered = min(ticks, left)
            left -= covered
            amount += (ticks - covered) * span.leg.amount
            stop = span.start + ticks
            steps.append((span, covered))
        gross = self._capped(amount + fee_n)
        money_u = _floor_micro(allowance_money)
        cost_u, used_u = self._pay(gross, money_u, rounding)
        return Price(
            cost_u=cost_u,
            exact=Fraction(max(gross - money_u * self.scale, 0), self.scale * MICRO),
            billed_s=_seconds(stop),
            connect_fee=self.windows[steps[0][0].window].connect_fee,
            steps=tuple(self._explain(steps)),
            allowance_used_s=_seconds(allowance - left),
            allowance_used_u=used_u,
            is_capped=amount + fee_n > gross,
        )

    def ladder(
        self,
        *,
        start: datetime,
        timezone: ZoneInfo,
        rounding: Rounding,
        upto_s: Number,
        from_s: Number = 0,
        allowance_s: Number = 0,
        allowance_money: Number = 0,
    ) -> list[Step]:
        """List the ends of the increments after `from_s`, with what a call that ends there costs.

        The last step reaches `upto_s`. A call that lasts at most `step.duration_s`, and longer than
        the step before, costs `step.cost_u`; under `free_under_s` it costs nothing, but the first
        step still asks for the first increment that is charged. Steps of equal cost are one step.
        """
        begin, end = self._length(from_s, "from_s"), self._length(upto_s, "upto_s")
        if end <= begin:
            raise InvalidInput(
                f"the ladder ends at {end} s, not after {begin} s", field="upto_s",
                code="empty-ladder",
            )  # fmt: skip
        first = max(_floor_ticks(begin, "from_s") + 1, self.free_under)
        left = allowance = _floor_ticks(allowance_s, "allowance_s")
        money_u, gross, steps = _floor_micro(allowance_money), 0, list[Step]()
        for span in self._spans(start_us_of(start), max(_ceil_ticks(end), first), timezone):
            t, (_, increment, amount, _), count = span.start, span.leg, span.increments
            if not t:
                gross = self._fees[span.window]
            passed = min(max((first - 1 - t) // increment, 0), count)
            if not left and (not amount or gross > self._capped(gross)):
                passed = count - 1  # nothing changes: one step for all of them
            if passed:
                covered = min(passed * increment, left)
                left -= covered
                gross += (passed * increment - covered) * amount
                t += passed * increment
            if len(steps) + count - passed > MAX_STEPS:
                raise InvalidInput(
                    f"the ladder has more than {MAX_STEPS} steps; ask for less than {end} s",
                    field="upto_s",
                    code="ladder-too-long",
                )
            for _ in range(count - passed):
                t += increment
                covered = increment if left >= increment else left
                left -= covered
                gross += (increment - covered) * amount
                if t >= first:
                    cost = self._pay(self._capped(gross), money_u, rounding)
                    step = Step(_seconds(t), cost[0], _seconds(allowance - left), cost[1])
                    if steps and steps[-1][1:] == step[1:]:
                        steps[-1] = step
                    else:
                        steps.append(step)
        return steps

    def _compile(self) -> None:
        per_tick = [
            [tier.price * MICRO / tier.per for tier in window.tiers] for window in self.windows
        ]
        fees = [window.connect_fee * MICRO for window in self.windows]
        cap = None if self.max_cost is None else self.max_cost * MICRO
        fractions = [*fees, cap or Fraction(0), *(amount for row in per_tick for amount in row)]
        self.scale = lcm(*(fraction.denominator for fraction in fractions))
        self._fees = tuple(_times(fee, self.scale) for fee in fees)
        self._max = None if cap is None else _times(cap, self.scale)
        self._legs = tuple(
            tuple(
                _Leg(end, tier.increment, _times(amount, self.scale), tier)
                for tier, amount, end in zip(
                    window.tiers, row, [*(t.start for t in window.tiers[1:]), _NEVER], strict=True
                )
            )
            for window, row in zip(self.windows, per_tick, strict=True)
        )
        self._names = tuple(window.times.describe() for window in self.windows)
        always = len(self.windows) == 1 and self.windows[0].times.is_always
        # None where the clock never changes the price.
        self.schedule: Schedule | None = (
            None if always else schedule_of(tuple(window.times for window in self.windows))
        )

    def _spans(self, start_us: int, stop: int, timezone: ZoneInfo) -> Iterator[_Span]:
        """Yield the spans of the call, each in whole increments, until `stop` is reached."""
        t, window, boundary = 0, 0, _NEVER
        if self.schedule is not None:
            boundary = 0
        while t < stop:
            if self.schedule is not None and t >= boundary:
                window, boundary_us = self.schedule.at(start_us + t, timezone)
                # What is not time is never split by the clock.
                boundary = boundary_us - start_us if self.unit == "s" else _NEVER
            leg = next(leg for leg in self._legs[window] if t < leg.end)
            end = min(stop, leg.end, boundary)
            count = -((t - end) // leg.increment)
            yield _Span(t, window, leg, count)
            t += count * leg.increment

    def _capped(self, gross: int) -> int:
        return gross if self._max is None or gross <= self._max else self._max

    def _pay(self, gross: int, money_u: int, rounding: Rounding) -> tuple[int, int]:
        """Return the µR$ that are charged and those that an allowance of money pays."""
        if not money_u:
            return rounding.apply(gross, self.scale), 0
        rest = gross - money_u * self.scale
        if rest <= 0:
            return 0, min(rounding.apply(gross, self.scale), money_u)
        return rounding.apply(rest, self.scale), money_u

    def _explain(self, steps: Sequence[tuple[_Span, int]]) -> Iterator[PriceStep]:
        """Yield a line for each stretch at one price; a mere midnight does not part them."""
        place = 0
        while place < len(steps):
            (begin, window, leg, count), covered = steps[place]
            place += 1
            while place < len(steps) and steps[place][0][1:3] == (window, leg):
                count += steps[place][0].increments
                covered += steps[place][1]
                place += 1
            tier = leg.tier
            paid = count * leg.increment - covered
            yield PriceStep(
                from_s=_seconds(begin),
                increments=count,
                increment_s=_seconds(leg.increment),
                price=tier.price,
                per_s=_seconds(tier.per),
                amount=Fraction(paid * leg.amount, self.scale * MICRO),
                allowance_s=_seconds(covered),
                window=self._names[window],
            )

    def _length(self, value: Number, name: str) -> int | Fraction:
        limit = MAX_SECONDS if self.unit == "s" else MAX_UNITS
        if type(value) is int and 0 <= value <= limit:
            return value
        try:
            return read_number(value, decimals=MAX_DURATION_DECIMALS, limit=limit)
        except NumberError as error:
            raise InvalidInput(str(error), field=name, code=f"invalid-{name}") from error


def _floor_ticks(value: Number, name: str) -> int:
    if type(value) is int and 0 <= value <= MAX_UNITS:
        return value * TICKS
    try:
        number = read_number(value, decimals=MAX_DURATION_DECIMALS, limit=MAX_UNITS)
    except NumberError as error:
        raise InvalidInput(str(error), field=name, code=f"invalid-{name}") from error
    return int(number * TICKS)


def _floor_micro(value: Number) -> int:
    """Return reais as µR$; an allowance is money of the ledger, so nothing finer exists."""
    return _floor_ticks(value, "allowance_money")


def _ceil_ticks(length: int | Fraction) -> int:
    # All increments end on a tick, so a call that reaches into a tick has begun what starts by it.
    return -int(-length * TICKS // 1)


def _seconds(ticks: int) -> Seconds:
    return Fraction(ticks, TICKS) if ticks % TICKS else ticks // TICKS


def _times(fraction: Fraction, scale: int) -> int:
    return fraction.numerator * (scale // fraction.denominator)
