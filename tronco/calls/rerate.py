"""Pricing recorded calls again: on the terms they had, to prove them, or by another price list.

On the terms they had every price must come out to the millionth. By another list it is a what-if.
Nothing is posted by asking; `corrections_post` does, as entries of their own, and records stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from tronco.calls.models import Cdr, Direction
from tronco.charging.decks import Decks, django_fetch, finish
from tronco.charging.models import LedgerEntry
from tronco.charging.pricing import CallPrice, price_call
from tronco.charging.services import ledger_post
from tronco.charging.terms import AllowanceTerm, CallTerms, CarrierTerms, LevelTerms, RateTerm
from tronco.core.money import format_brl
from tronco.numbering.classify import classify
from tronco.rating import Rate, Rounding
from tronco.tenancy.access import Actor

_CHUNK = 500
# Prices need the buckets' amounts, not which month they are of.
_ANY_CYCLE = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Difference:
    """A price that comes out otherwise. `account_id` None: what the carrier charges."""

    call: Cdr
    level: int
    account_id: int | None
    stored_u: int
    again_u: int


@dataclass(frozen=True, slots=True)
class OtherPrices:
    """By which list to price again what the circuits' customers pay: that in effect at `at`."""

    tariff_id: int
    at: datetime


@dataclass(slots=True)
class Rerating:
    """What pricing again found. `unpriced` are calls for which the other list has no price."""

    calls: int
    stored_u: int
    again_u: int
    differences: list[Difference]
    unpriced: list[Cdr]


def rerate_calls(calls: Iterable[Cdr], *, other: OtherPrices | None = None) -> Rerating:
    """Price answered calls again and compare; without `other`, every level on its own terms."""
    decks = Decks(django_fetch, is_fresh=True)
    result = Rerating(0, 0, 0, [], [])
    for chunk in _chunks(calls):
        priced = [call for call in chunk if call.explanation.get("levels")]
        terms = {call.call_id: terms_of(call) for call in priced}
        rates = finish(decks.rates_by_id(id_ for one in terms.values() for id_ in one.rate_ids))
        for call in priced:
            call_terms, call_rates = terms[call.call_id], rates
            if other is not None:
                replaced = _replaced(decks, call, call_terms, other)
                if replaced is None:
                    result.unpriced.append(call)
                    continue
                call_terms, call_rates = replaced
            _compare(result, call, _price(call, call_terms, call_rates), whole=other is None)
    return result


@transaction.atomic
def corrections_post(*, actor: Actor, differences: Sequence[Difference], note: str) -> int:
    """Post what customers and resellers paid too much or too little; return how many postings.

    Corrections that were posted before count as paid, so that the same command again posts nothing.
    """
    posted = 0
    for difference in differences:
        if difference.account_id is None:
            continue  # carriers' invoices are theirs to correct
        call_id = difference.call.call_id
        key = f"rerate:{call_id}:"
        earlier = LedgerEntry.objects.filter(
            account=difference.account_id, key__startswith=f"by:{key}"
        )
        amounts = list(earlier.values_list("amount_u", flat=True))
        amount_u = difference.stored_u - sum(amounts) - difference.again_u
        if not amount_u:
            continue
        ledger_post(
            actor=actor,
            account_id=difference.account_id,
            kind=LedgerEntry.Kind.CORRECTION,
            amount_u=amount_u,
            key=f"{key}{len(amounts)}",
            note=f"{note}: {format_brl(difference.again_u, decimals=6)}",
            source=call_id,
        )
        posted += 1
    return posted


def terms_of(call: Cdr) -> CallTerms:
    """Return the terms a call was priced on, as its record tells them."""
    carrier = call.explanation.get("carrier")
    return CallTerms(
        levels=tuple(_level_terms(level) for level in call.explanation["levels"]),
        carriers=(CarrierTerms(carrier["trunk"], carrier["timezone"], (_rate_term(carrier),)),)
        if carrier
        else (),
    )


def _level_terms(level: dict[str, Any]) -> LevelTerms:
    return LevelTerms(
        level=level["level"],
        account=level["account"],
        tenant=level["tenant"],
        plan=level["plan"],
        plan_name=level["plan_name"],
        timezone=level["timezone"],
        rounding=Rounding(level["rounding"], level["decimals"]),
        rates=(_rate_term(level),),
        allowances=tuple(
            AllowanceTerm(one["allowance"], one["unit"], one["used"], _ANY_CYCLE)
            for one in level["allowances"]
        ),
    )


def _rate_term(part: dict[str, Any]) -> RateTerm:
    return RateTerm(None, part["version"], part["rate"])


def _replaced(
    decks: Decks, call: Cdr, terms: CallTerms, other: OtherPrices
) -> tuple[CallTerms, dict[int, Rate]] | None:
    """The first level's terms with the rate of another list; None when that has none."""
    # An incoming call is priced by who calls.
    other_party = call.caller if call.direction == Direction.IN else call.called
    digits = classify(other_party).rating_digits
    dated = finish(
        decks.rates(other.tariff_id, digits, call.call_class, earliest=other.at, latest=other.at)
    )
    if not dated:
        return None
    first, rate = terms.levels[0], dated[0]
    level = LevelTerms(
        level=first.level,
        account=first.account,
        tenant=first.tenant,
        plan=first.plan,
        plan_name=first.plan_name,
        timezone=rate.timezone,
        rounding=first.rounding,
        rates=(RateTerm(None, rate.version, rate.id),),
        allowances=first.allowances,
    )
    return CallTerms(levels=(level,)), {rate.id: rate.rate}


def _price(call: Cdr, terms: CallTerms, rates: dict[int, Rate]) -> CallPrice:
    facts = call.explanation
    return price_call(
        terms,
        rates,
        answered_at=datetime.fromisoformat(facts["answered_at"]),
        duration_ms=facts["duration_ms"],
        deadline_s=facts["deadline_s"],
        trunk_id=call.trunk_id,
        held={level.level: [a.granted for a in level.allowances] for level in terms.levels},
    )


def _compare(result: Rerating, call: Cdr, price: CallPrice, *, whole: bool) -> None:
    stored = {charge["level"]: charge for charge in call.charges}
    result.calls += 1
    result.stored_u += call.price_u
    result.again_u += price.price_u
    for level in price.levels:
        was_u = stored[level.terms.level]["price_u"]
        if was_u != level.price_u:
            result.differences.append(
                Difference(call, level.terms.level, level.terms.account, was_u, level.price_u)
            )
    if whole and price.cost_u != call.cost_u:
        result.differences.append(
            Difference(call, len(price.levels), None, call.cost_u, price.cost_u)
        )


def _chunks(calls: Iterable[Cdr]) -> Iterator[list[Cdr]]:
    chunk: list[Cdr] = []
    for call in calls:
        chunk.append(call)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
