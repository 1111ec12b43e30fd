"""The terms on which a call is bought at each level, fixed when it is authorised.

They are kept with the call (`Authorization.facts`) and name rates by id: a published rate never
changes, so the price of a call can be told again at any time, whatever became of the plan since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Final, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from tronco.core.money import MICRO
from tronco.rating import Rounding

# Carriers are paid to the millionth.
EXACT: Final = Rounding("none", 6)
MS: Final = 1000
AllowanceUnit = Literal["seconds", "money"]


class RateTerm(NamedTuple):
    """A rate, and from when on it is the one in effect; None is "from before the call"."""

    since: datetime | None
    version: int
    rate: int


class AllowanceTerm(NamedTuple):
    """An allowance that covers the call. `granted` is in the bucket's unit: milliseconds or µR$."""

    allowance: int
    unit: AllowanceUnit
    granted: int
    cycle: date


@dataclass(frozen=True, slots=True)
class LevelTerms:
    """What one account pays for the call, and by which rules.

    `is_own_plan` False: the plan is not one of the account's. Only who lets the call through asks.
    """

    level: int
    account: int
    tenant: int
    plan: int
    plan_name: str
    timezone: str
    rounding: Rounding
    rates: tuple[RateTerm, ...]
    allowances: tuple[AllowanceTerm, ...] = ()
    is_own_plan: bool = True

    def as_json(self) -> dict[str, Any]:
        return {
            "level": self.level,
            "account": self.account,
            "tenant": self.tenant,
            "plan": self.plan,
            "plan_name": self.plan_name,
            "timezone": self.timezone,
            "rounding": self.rounding.method,
            "decimals": self.rounding.decimals,
            "rates": _rates_as_json(self.rates),
            "allowances": [[*term[:3], term.cycle.isoformat()] for term in self.allowances],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            level=data["level"],
            account=data["account"],
            tenant=data["tenant"],
            plan=data["plan"],
            plan_name=data["plan_name"],
            timezone=data["timezone"],
            rounding=Rounding(data["rounding"], data["decimals"]),
            rates=_rates_from_json(data["rates"]),
            allowances=tuple(
                AllowanceTerm(allowance, unit, granted, date.fromisoformat(cycle))
                for allowance, unit, granted, cycle in data["allowances"]
            ),
        )


@dataclass(frozen=True, slots=True)
class CarrierTerms:
    """What the carrier behind a trunk charges for the call."""

    trunk: int
    timezone: str
    rates: tuple[RateTerm, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "trunk": self.trunk,
            "timezone": self.timezone,
            "rates": _rates_as_json(self.rates),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(data["trunk"], data["timezone"], _rates_from_json(data["rates"]))


@dataclass(frozen=True, slots=True)
class CallTerms:
    """The terms of every level, from the circuit upwards, and of each trunk that may carry it."""

    levels: tuple[LevelTerms, ...] = ()
    carriers: tuple[CarrierTerms, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "levels": [level.as_json() for level in self.levels],
            "carriers": [carrier.as_json() for carrier in self.carriers],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            levels=tuple(map(LevelTerms.from_json, data["levels"])),
            carriers=tuple(map(CarrierTerms.from_json, data["carriers"])),
        )

    def carrier_of(self, trunk: int | None) -> CarrierTerms | None:
        return next((carrier for carrier in self.carriers if carrier.trunk == trunk), None)

    @property
    def rate_ids(self) -> set[int]:
        sides: tuple[LevelTerms | CarrierTerms, ...] = (*self.levels, *self.carriers)
        return {term.rate for side in sides for term in side.rates}


def rate_at(rates: Sequence[RateTerm], moment: datetime) -> RateTerm:
    """Return the rate in effect at a moment."""
    found = rates[0]
    for term in rates[1:]:
        if term.since is not None and term.since <= moment:
            found = term
    return found


def zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)  # cached by the standard library


def allowance_totals(terms: Sequence[AllowanceTerm], lefts: Sequence[int]) -> tuple[int, int]:
    """Return what buckets have together: milliseconds, and µR$."""
    sums = {"seconds": 0, "money": 0}
    for term, left in zip(terms, lefts, strict=True):
        sums[term.unit] += left
    return sums["seconds"], sums["money"]


def bucket_uses(
    terms: Sequence[AllowanceTerm], lefts: Sequence[int], *, used_s: Fraction | int, used_u: int
) -> list[int]:
    """Share out what a price takes from the allowances among their buckets, in their order."""
    rest = {"seconds": -int(-used_s * MS // 1), "money": used_u}
    uses = []
    for term, left in zip(terms, lefts, strict=True):
        uses.append(min(rest[term.unit], left))
        rest[term.unit] -= uses[-1]
    return uses


def as_reais(amount_u: int) -> Fraction | int:
    return Fraction(amount_u, MICRO) if amount_u else 0


def as_seconds(milliseconds: int) -> Fraction | int:
    seconds, rest = divmod(milliseconds, MS)
    return Fraction(milliseconds, MS) if rest else seconds


def _rates_as_json(rates: Sequence[RateTerm]) -> list[list[Any]]:
    return [[t.since.isoformat() if t.since else None, t.version, t.rate] for t in rates]


def _rates_from_json(data: Sequence[Sequence[Any]]) -> tuple[RateTerm, ...]:
    return tuple(
        RateTerm(datetime.fromisoformat(since) if since else None, version, rate)
        for since, version, rate in data
    )
