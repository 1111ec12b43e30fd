"""What an ended call costs at every level, and why. Pure; settlement and re-rating share it.

The length is the measured one, but never beyond the deadline that was paid for; the allowance is
what the call holds. So a price is never above its hold.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from tronco.charging.terms import (
    EXACT,
    MS,
    CallTerms,
    CarrierTerms,
    LevelTerms,
    RateTerm,
    allowance_totals,
    as_reais,
    as_seconds,
    bucket_uses,
    rate_at,
    zone,
)
from tronco.rating import Price, Rate
from tronco.rating.exact import decimal_text


@dataclass(frozen=True, slots=True)
class LevelPrice:
    """What one account pays; `uses` is what is taken from each bucket it holds of, in order."""

    terms: LevelTerms
    price_u: int
    billed_ms: int
    uses: tuple[int, ...]
    explanation: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CallPrice:
    """What a call costs everybody. `levels` run from the circuit upwards."""

    levels: tuple[LevelPrice, ...]
    cost_u: int
    explanation: dict[str, Any]

    @property
    def price_u(self) -> int:
        """What the circuit's customer pays."""
        return self.levels[0].price_u if self.levels else 0

    @property
    def billed_ms(self) -> int:
        """The length in whole increments that the customer is told."""
        return self.levels[0].billed_ms if self.levels else 0

    @property
    def charges(self) -> list[dict[str, int]]:
        """Every level's own price, as call records keep it."""
        return [
            {
                "level": level.terms.level,
                "tenant": level.terms.tenant,
                "account": level.terms.account,
                "price_u": level.price_u,
            }
            for level in self.levels
        ]


def price_call(
    terms: CallTerms,
    rates: Mapping[int, Rate],
    *,
    answered_at: datetime,
    duration_ms: int,
    deadline_s: int | None = None,
    trunk_id: int | None = None,
    held: Mapping[int, Sequence[int]] | None = None,
) -> CallPrice:
    """Price a call on its terms.

    `held` has, for each level, what the call holds of the allowances of its terms, in their order.
    """
    length = Fraction(duration_ms, MS)
    if deadline_s is not None:
        length = min(length, Fraction(deadline_s))
    held = held or {}
    levels = tuple(
        _price_level(level, rates, answered_at, length, held.get(level.level, ()))
        for level in terms.levels
    )
    explanation: dict[str, Any] = {
        "answered_at": answered_at.isoformat(),
        "duration_ms": duration_ms,
        "deadline_s": deadline_s,
        "levels": [level.explanation for level in levels],
    }
    cost_u = 0
    carrier = terms.carrier_of(trunk_id)
    if carrier is not None:
        cost_u, explanation["carrier"] = _price_carrier(carrier, rates, answered_at, length)
    return CallPrice(levels, cost_u, explanation)


def affordable_s(
    terms: CallTerms,
    rates: Mapping[int, Rate],
    *,
    answered_at: datetime,
    funds_u: Mapping[int, int],
    held: Mapping[int, Sequence[int]],
    most_s: int,
) -> int:
    """Return how many seconds of a call every level can pay; at most `most_s`.

    `funds_u` has what each level may spend, and no entry for one without a limit; `held` what it
    may take of the allowances of its terms, in their order.
    """
    lasts = most_s
    for level in terms.levels:
        if level.level not in funds_u:
            continue

        def price_u(seconds: int, level: LevelTerms = level) -> int:
            allowed = held.get(level.level, ())
            return _price_level(level, rates, answered_at, Fraction(seconds), allowed).price_u

        lasts = bisect_right(range(1, lasts + 1), funds_u[level.level], key=price_u)
    return lasts


def _price_level(
    level: LevelTerms,
    rates: Mapping[int, Rate],
    answered_at: datetime,
    length: Fraction,
    held: Sequence[int],
) -> LevelPrice:
    term = rate_at(level.rates, answered_at)
    lefts = held or [0] * len(level.allowances)
    left_ms, left_u = allowance_totals(level.allowances, lefts)
    rate = rates[term.rate]
    price = rate.price(
        start=answered_at,
        duration=length,
        timezone=zone(level.timezone),
        rounding=level.rounding,
        allowance_s=as_seconds(left_ms),
        allowance_money=as_reais(left_u),
    )
    uses = bucket_uses(
        level.allowances,
        lefts,
        used_s=price.allowance_used_s,
        used_u=price.allowance_used_u,
    )
    return LevelPrice(
        terms=level,
        price_u=price.cost_u,
        billed_ms=-int(-price.billed_s * MS // 1),
        uses=tuple(uses),
        explanation={
            "level": level.level,
            "tenant": level.tenant,
            "account": level.account,
            "plan": level.plan,
            "plan_name": level.plan_name,
            "rounding": level.rounding.method,
            "decimals": level.rounding.decimals,
            "timezone": level.timezone,
            "allowances": [
                {"allowance": allowance.allowance, "unit": allowance.unit, "used": used}
                for allowance, used in zip(level.allowances, uses, strict=True)
                if used
            ],
            **_explain(price, rate, term),
        },
    )


def _price_carrier(
    carrier: CarrierTerms, rates: Mapping[int, Rate], answered_at: datetime, length: Fraction
) -> tuple[int, dict[str, Any]]:
    term = rate_at(carrier.rates, answered_at)
    rate = rates[term.rate]
    price = rate.price(
        start=answered_at, duration=length, timezone=zone(carrier.timezone), rounding=EXACT
    )
    explanation = {"trunk": carrier.trunk, "timezone": carrier.timezone}
    return price.cost_u, {**explanation, **_explain(price, rate, term)}


def _explain(price: Price, rate: Rate, term: RateTerm) -> dict[str, Any]:
    return {
        "version": term.version,
        "rate": term.rate,
        "prefix": rate.prefix,
        "call_class": rate.call_class,
        "billed_s": _text(price.billed_s),
        "connect_fee": _text(price.connect_fee),
        "exact": _text(price.exact),
        "is_capped": price.is_capped,
        "price_u": price.cost_u,
        "steps": [
            {
                "from_s": _text(step.from_s),
                "increments": step.increments,
                "increment_s": _text(step.increment_s),
                "price": _text(step.price),
                "per_s": _text(step.per_s),
                "amount": _text(step.amount),
                "allowance_s": _text(step.allowance_s),
                "window": step.window,
            }
            for step in price.steps
        ],
    }


def _text(value: Fraction | int) -> str:
    return decimal_text(Fraction(value))
