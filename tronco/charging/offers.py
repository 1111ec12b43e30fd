"""On which terms a call can be had: the rates of every level, and the trunks worth trying."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from tronco.charging.cycles import cycle_start_of
from tronco.charging.decks import DatedRate, Decks, Level
from tronco.charging.guards import is_below_cost, may_send
from tronco.charging.requests import Answer, Ask, CarrierOption, Climb, build_ask
from tronco.charging.terms import (
    MS,
    AllowanceTerm,
    CallTerms,
    CarrierTerms,
    LevelTerms,
    RateTerm,
)
from tronco.numbering.number import Number
from tronco.rating import Rate

Dated = tuple[DatedRate, ...]


@dataclass(frozen=True)
class Offer:
    """Terms, or why there are none (`refusal`: {reason, ...}).

    `trunk_ids` are those of the trunks asked about that may carry the call, in the same order.
    `is_steady`: the same for every such call, as neither clock nor allowance has a say.
    """

    terms: CallTerms = field(default_factory=CallTerms)
    rates: Mapping[int, Rate] = field(default_factory=dict)
    trunk_ids: tuple[int, ...] = ()
    refusal: dict[str, Any] | None = None
    is_steady: bool = False
    _asks: dict[tuple[int, int], Ask] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The terms as they are kept with the call."""
        return self.terms.as_json()

    @cached_property
    def facts_text(self) -> str:
        return json.dumps(self.facts)

    def ask(self, climb: Climb) -> Ask:
        """Return the ladder of a stretch; a steady offer builds it once."""
        if not self.is_steady:
            return build_ask(self.terms, climb)
        stretch = (climb.from_s, climb.upto_s)
        if stretch not in self._asks:
            self._asks[stretch] = build_ask(self.terms, climb)
        return self._asks[stretch]


async def make_offer(
    decks: Decks,
    chain: Sequence[Level],
    number: Number,
    answer: Answer,
    carriers: Sequence[CarrierOption] = (),
) -> Offer:
    """Return the terms of a call. No rate at some level, or a sale below cost, is no offer."""
    found = [await _rates(decks, level.tariff, number, answer) for level in chain]
    options = [
        (option, await _rates(decks, option.cost_tariff_id, number, answer)) for option in carriers
    ]
    key = _steady_key(chain, found, options, number) if decks.is_fresh else None
    if key is None:
        return _build(decks, chain, found, options, number, answer)
    offer = decks.offers.get(key)
    if offer is None:
        offer = replace(_build(decks, chain, found, options, number, answer), is_steady=True)
        decks.remember_offer(key, offer)
    return offer


def _build(
    decks: Decks,
    chain: Sequence[Level],
    found: Sequence[Dated],
    options: Sequence[tuple[CarrierOption, Dated]],
    number: Number,
    answer: Answer,
) -> Offer:
    for place, (level, dated) in enumerate(zip(chain, found, strict=True)):
        if level.account is None or not dated:
            return Offer(refusal={"reason": "no-rate", "level": place})
    minutes = [decks.minute_cost(dated[0], answer.earliest) for dated in found]
    if is_below_cost(chain, minutes):
        return Offer(refusal={"reason": "below-cost"})
    sendable, reason = _choose(decks, options, chain[-1], minutes[-1], answer)
    if options and not sendable:
        return Offer(refusal={"reason": reason, "level": len(chain)})
    terms = CallTerms(
        levels=tuple(
            _level_terms(place, level, dated, number, answer)
            for place, (level, dated) in enumerate(zip(chain, found, strict=True))
        ),
        carriers=tuple(
            CarrierTerms(option.trunk_id, dated[0].timezone, _rate_terms(dated))
            for option, dated in sendable
            if dated
        ),
    )
    every = [*found, *(dated for _, dated in sendable)]
    return Offer(
        terms=terms,
        rates={one.id: one.rate for dated in every for one in dated},
        trunk_ids=tuple(option.trunk_id for option, _ in sendable),
    )


def _steady_key(
    chain: Sequence[Level],
    found: Sequence[Dated],
    options: Sequence[tuple[CarrierOption, Dated]],
    number: Number,
) -> Hashable | None:
    """Return what an offer depends on, or None when that is also the time or an allowance."""
    for dated in (*found, *(dated for _, dated in options)):
        if len(dated) > 1 or (dated and dated[0].rate.schedule is not None):
            return None
    for level in chain:
        if any(number.call_class in allowance.classes for allowance in level.allowances):
            return None
    return (
        chain[0].account,
        tuple((level.plan, level.is_own_plan) for level in chain),
        tuple(dated[0].id if dated else None for dated in found),
        tuple((option, dated[0].id if dated else None) for option, dated in options),
    )


def _choose(
    decks: Decks,
    options: Sequence[tuple[CarrierOption, Dated]],
    top: Level,
    price: Fraction,
    answer: Answer,
) -> tuple[list[tuple[CarrierOption, Dated]], str]:
    """Return the carriers that may have the call, and what the others were left out for."""
    sendable, reason = [], "no-rate"
    for option, dated in options:
        if option.cost_tariff_id is not None and not dated:
            continue  # that carrier has no price for the number
        cost = decks.minute_cost(dated[0], answer.earliest) if dated else None
        if may_send(top, price, cost):
            sendable.append((option, dated))
        else:
            reason = "below-cost"
    return sendable, reason


async def _rates(decks: Decks, tariff: int | None, number: Number, answer: Answer) -> Dated:
    if not tariff:
        return ()
    return await decks.rates(
        tariff,
        number.rating_digits,
        number.call_class or "",
        earliest=answer.earliest,
        latest=answer.latest,
    )


def _level_terms(
    place: int, level: Level, dated: Dated, number: Number, answer: Answer
) -> LevelTerms:
    cycle = cycle_start_of(answer.earliest, level.cycle_day)
    return LevelTerms(
        level=place,
        account=level.account or 0,
        tenant=level.tenant,
        plan=level.plan,
        plan_name=level.plan_name,
        timezone=level.timezone,
        rounding=level.rounding,
        rates=_rate_terms(dated),
        allowances=tuple(
            AllowanceTerm(
                row.id, row.unit, row.amount * (MS if row.unit == "seconds" else 1), cycle
            )
            for row in level.allowances
            if number.call_class in row.classes
        ),
        is_own_plan=level.is_own_plan,
    )


def _rate_terms(dated: Dated) -> tuple[RateTerm, ...]:
    return tuple(RateTerm(one.since, one.version, one.id) for one in dated)
