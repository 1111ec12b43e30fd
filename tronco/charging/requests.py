"""A call that asks to start, and the ladder with which the database is asked for its holds. Pure.

A ladder is a grid of durations, and for each account of the chain what the call costs it by each of
them. The database climbs as far as every account can pay; that is the deadline it grants.

The price depends on when the call is answered, and that is not known yet: where the clock could
change the price while it rings, the ladder holds the most that any answer in time would cost. So a
price never exceeds its hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tronco.charging.terms import (
    AllowanceTerm,
    CallTerms,
    LevelTerms,
    allowance_totals,
    as_reais,
    as_seconds,
    bucket_uses,
    zone,
)
from tronco.numbering.number import CallClass, Number
from tronco.rating import Rate, Step, merge_ladders
from tronco.rating.schedule import MICRO, start_us_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Who is charged: a circuit for the calls it makes, a number for those it receives.

    `account_id` None: nobody, which only a call that is not charged can do without. `plan_id` is
    the plan that prices the call instead of the account's own. `status` is that of the circuit,
    and `suspended_at` since when it is suspended. `allowed_classes` are those that it may call;
    None allows all.
    """

    account_id: int | None
    tenant_id: int
    circuit_id: int | None = None
    did_id: int | None = None
    plan_id: int | None = None
    status: str = "active"
    suspended_at: datetime | None = None
    allowed_classes: frozenset[str] | None = None


class Limit(NamedTuple):
    """How many calls at a time and a second, and what they may cost the customer in a day.

    None is no limit. `key`: `circuit:7`, `tenant:3`. A call belongs to the day of São Paulo on
    which it came in.
    """

    key: str
    max_calls: int | None
    max_cps: int | None
    max_day_u: int | None = None


class CarrierOption(NamedTuple):
    """A trunk that may carry the call, and the price list of what it costs, if there is one."""

    trunk_id: int
    cost_tariff_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """A call that asks to start. `at` is when it came in; `is_charged` False: within the platform.

    `direction` is "out", "internal", or "in" for a call that rings a number of ours. `priced` is
    the number that price lists are asked about where it is not the dialled one: of an incoming call
    the caller's, as seen from the number that rings, or None when he does not say who he is.
    `line` None: nobody known. `carriers` are in the order in which they would be tried.
    """

    call_id: str
    central: str
    direction: str
    caller: str
    dialled: str
    number: Number
    line: Line | None
    at: datetime
    priced: Number | None = None
    limits: tuple[Limit, ...] = ()
    carriers: tuple[CarrierOption, ...] = ()
    is_charged: bool = True

    @property
    def is_emergency(self) -> bool:
        return self.number.call_class is CallClass.EMERGENCY

    @property
    def is_free(self) -> bool:
        return self.is_emergency or not self.is_charged

    @property
    def is_incoming(self) -> bool:
        return self.direction == "in"

    @property
    def priced_number(self) -> Number:
        """The number whose price is asked for."""
        return self.priced or self.number


class Answer(NamedTuple):
    """Between which moments the call is answered; the same twice once it has been."""

    earliest: datetime
    latest: datetime

    @property
    def is_known(self) -> bool:
        return self.earliest == self.latest

    @classmethod
    def within(cls, at: datetime, ring_limit_s: int) -> Answer:
        return cls(at, at + timedelta(seconds=ring_limit_s))


@dataclass(frozen=True, slots=True)
class LevelAsk:
    """What one account is asked to hold at each point of the grid.

    `uses` has a row for each bucket; `expects` what the bucket must have left for this, or None
    where it is enough that it covers the last point. `needs_u` must be available to begin with.
    """

    terms: LevelTerms
    costs: tuple[int, ...]
    uses: tuple[tuple[int, ...], ...] = ()
    expects: tuple[int | None, ...] = ()
    needs_u: int | None = None

    def hold_at(self, point: int) -> dict[str, Any]:
        """What is held at a point of the grid, in the form that `charging_restore` takes."""
        return {
            "account": self.terms.account,
            "tenant": self.terms.tenant,
            "level": self.terms.level,
            "amount_u": self.costs[point],
            "buckets": [
                {**bucket_json(term), "amount": uses[point]}
                for term, uses in zip(self.terms.allowances, self.uses, strict=True)
            ],
        }


@dataclass(frozen=True)
class Ask:
    """A ladder over the whole chain; the levels in ascending order of account, that of locking."""

    grid: tuple[int, ...]
    levels: tuple[LevelAsk, ...]

    def holds_at(self, second: int) -> list[dict[str, Any]]:
        """What is held once the grid is climbed to that second, as `charging_restore` takes it."""
        point = self.grid.index(second)
        return [level.hold_at(point) for level in self.levels]

    @cached_property
    def arrays(self) -> Mapping[str, str | None]:
        """The ladder as the database functions take it (`sql/afford.sql`): arrays, as text."""
        levels = self.levels
        return {
            "grid": int_array(self.grid),
            "accounts": int_array(ask.terms.account for ask in levels),
            "tenants": int_array(ask.terms.tenant for ask in levels),
            "levels": int_array(ask.terms.level for ask in levels),
            "plans": int_array(ask.terms.plan if ask.terms.is_own_plan else None for ask in levels),
            "needs_u": int_array(ask.needs_u for ask in levels),
            "costs_u": "{" + ",".join(int_array(ask.costs) for ask in levels) + "}",
            "buckets": self._buckets(),
        }

    def _buckets(self) -> str | None:
        buckets = [
            {
                "account": ask.terms.account,
                "tenant": ask.terms.tenant,
                "level": ask.terms.level,
                **bucket_json(term),
                "expect": expect,
                "uses": uses,
            }
            for ask in self.levels
            for term, uses, expect in zip(ask.terms.allowances, ask.uses, ask.expects, strict=True)
        ]
        return json.dumps(buckets) if buckets else None


@dataclass(frozen=True, slots=True)
class Climb:
    """From where to where a ladder goes, and what is believed to be left of allowances.

    `lefts` is keyed by account and allowance, and includes what the call holds already. What is
    not in it counts as untouched.
    """

    answer: Answer
    from_s: int
    upto_s: int
    rates: Mapping[int, Rate]
    lefts: Mapping[tuple[int, int], int] = field(default_factory=dict)


def build_ask(terms: CallTerms, climb: Climb) -> Ask:
    """Return the ladder from `climb.from_s` to at least `climb.upto_s`."""
    ladders = [_worst_ladder(level, climb) for level in terms.levels]
    steps = [(step.duration_s, step.levels) for step in merge_ladders(ladders)]
    grid: list[int] = []
    points: list[tuple[Step, ...]] = []
    for duration, level_steps in steps:
        # The switch counts whole seconds; of the increments that end within one, the first
        # already reaches it.
        second = int(duration)
        if second > climb.from_s and (not grid or second > grid[-1]):
            grid.append(second)
            points.append(level_steps)
    asks = [
        _level_ask(level, [point[place] for point in points], climb)
        for place, level in enumerate(terms.levels)
    ]
    return Ask(tuple(grid), tuple(sorted(asks, key=lambda ask: ask.terms.account)))


def int_array(values: Iterable[int | None]) -> str:
    """Write integers as PostgreSQL reads an array."""
    return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"


def text_array(values: Iterable[str]) -> str:
    """Write texts as PostgreSQL reads an array: JSON's quotes and escapes are its own too."""
    return "{" + ",".join(json.dumps(value, ensure_ascii=False) for value in values) + "}"


def bucket_json(term: AllowanceTerm) -> dict[str, Any]:
    return {
        "allowance": term.allowance,
        "cycle": term.cycle.isoformat(),
        "granted": term.granted,
    }


def bucket_lefts(level: LevelTerms, lefts: Mapping[tuple[int, int], int]) -> list[int]:
    """Return what each bucket of a level is believed to have left for the call."""
    return [lefts.get((level.account, term.allowance), term.granted) for term in level.allowances]


def _level_ask(level: LevelTerms, steps: Sequence[Step], climb: Climb) -> LevelAsk:
    costs = tuple(step.cost_u for step in steps)
    first = steps[0]
    # Even where rounding makes its first seconds free, a call that is charged does not start at
    # zero. What an allowance pays needs no money, but no debt either.
    needs_u = None
    if not climb.from_s and any(_is_priced(climb.rates[term.rate]) for term in level.rates):
        needs_u = 0 if first.allowance_s or first.allowance_u else 1
    if not level.allowances:
        return LevelAsk(level, costs, needs_u=needs_u)
    lefts = bucket_lefts(level, climb.lefts)
    by_point = [
        bucket_uses(level.allowances, lefts, used_s=step.allowance_s, used_u=step.allowance_u)
        for step in steps
    ]
    uses = tuple(zip(*by_point, strict=True))
    expects = tuple(
        left if use[-1] == left else None for use, left in zip(uses, lefts, strict=True)
    )
    return LevelAsk(level, costs, uses, expects, needs_u)


def _is_priced(rate: Rate) -> bool:
    return any(
        window.connect_fee or any(tier.price for tier in window.tiers) for window in rate.windows
    )


def _worst_ladder(level: LevelTerms, climb: Climb) -> list[Step]:
    """Return the ladder of one level, at each duration for the dearest moment of answer."""
    timezone = zone(level.timezone)
    left_ms, left_u = allowance_totals(level.allowances, bucket_lefts(level, climb.lefts))
    ladders = [
        rate.ladder(
            start=start,
            timezone=timezone,
            rounding=level.rounding,
            from_s=climb.from_s,
            upto_s=climb.upto_s,
            allowance_s=as_seconds(left_ms),
            allowance_money=as_reais(left_u),
        )
        for rate, start in _starts(level, climb, timezone)
    ]
    if len(ladders) == 1:
        return ladders[0]
    return [
        Step(
            step.duration_s,
            max(one.cost_u for one in step.levels),
            max(one.allowance_s for one in step.levels),
            max(one.allowance_u for one in step.levels),
        )
        for step in merge_ladders(ladders)
    ]


def _starts(level: LevelTerms, climb: Climb, timezone: ZoneInfo) -> Iterator[tuple[Rate, datetime]]:
    """Yield the moments of answer that may differ in price.

    Boundaries and increments are whole seconds, so within one second all answers are alike.
    """
    earliest, latest = climb.answer
    ends: Iterable[datetime | None] = [*(term.since for term in level.rates[1:]), None]
    for term, next_since in zip(level.rates, ends, strict=True):
        rate = climb.rates[term.rate]
        begin = max(earliest, term.since or earliest)
        if begin > latest or (next_since is not None and begin >= next_since):
            continue  # nobody answers while it counts
        end = min(latest, next_since or latest)
        yield rate, begin
        if begin < end and not _is_steady(rate, begin, end, climb.upto_s, timezone):
            second = begin.replace(microsecond=0) + timedelta(seconds=1)
            while second <= end:
                yield rate, second
                second += timedelta(seconds=1)


def _is_steady(
    rate: Rate, begin: datetime, end: datetime, length_s: int, timezone: ZoneInfo
) -> bool:
    """True when one window holds for all the calls of that length that begin in between."""
    if rate.schedule is None:
        return True
    moment, until = start_us_of(begin), start_us_of(end) + length_s * MICRO
    window, moment = rate.schedule.at(moment, timezone)
    while moment <= until:
        following, moment = rate.schedule.at(moment, timezone)
        if following != window:
            return False
    return True
