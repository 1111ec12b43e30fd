"""The demonstration's month of calls, as it would have come about.

The wishes of `habits` meet, in the order of time, what live calls meet: the guards, offers and
choice of trunks that call control uses, what `books` has to pay with, and the engine that prices.
So a record of the past explains itself as one of today does.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tronco.calls.models import Cdr, Direction
from tronco.calls.records import CallEnd, CallParties, RouteAttempt
from tronco.calls.services import record_of, records_insert
from tronco.charging.decks import Decks, django_fetch, finish
from tronco.charging.guards import find_line_refusal
from tronco.charging.offers import Offer, make_offer
from tronco.charging.pricing import CallPrice, price_call
from tronco.charging.reasons import get_reason
from tronco.charging.requests import Answer, CallRequest, CarrierOption, Climb
from tronco.charging.requests import Line as Payer
from tronco.core.money import MICRO
from tronco.demo.books import Books
from tronco.demo.carriers import Carriers
from tronco.demo.habits import Intent, list_intents
from tronco.demo.lines import LINES, Line, Lines
from tronco.demo.payments import Clock, Payments
from tronco.numbering.classify import classify
from tronco.numbering.number import CallClass, Kind, Number
from tronco.routing.select import RouteSnapshot, TrunkHealth, choose
from tronco.sipcore.directory import Directory

Outcome = Cdr.Outcome
DAYS = 30
# Since then one of the carriers cannot be reached.
DOWN_FOR = timedelta(hours=40)
# Before, this share of the calls found no circuit free there.
CONGESTED = 0.06
SLICE_S = 60
ANNOUNCEMENT = timedelta(seconds=4)
# Who cannot call tries less often.
STILL_TRIES = 0.5
TAKES_CARE_U = 1 * MICRO
# The dial's own word for how it ended, and the Q.850 cause.
ENDS = {
    Outcome.ANSWERED: ("ANSWER", 16),
    Outcome.NO_ANSWER: ("NOANSWER", 19),
    Outcome.BUSY: ("BUSY 486", 17),
    Outcome.CANCELLED: ("CANCEL", 127),
    Outcome.FAILED: ("CONGESTION 503", 34),
}


@dataclass
class _Call:
    """A call on its way. `talk` is cut to what could be paid; `failed` are trunks in vain."""

    intent: Intent
    id: str
    number: Number
    parties: CallParties
    offer: Offer = field(default_factory=Offer)
    failed: tuple[RouteAttempt, ...] = ()
    trunk_id: int | None = None
    talk: timedelta = timedelta()
    price: CallPrice | None = None

    @property
    def answered_at(self) -> datetime:
        return self.intent.at + self.intent.ring


class History:
    """The month before `now`: `make` it, then `write` it."""

    def __init__(self, lines: Lines, carriers: Carriers, *, central: str, now: datetime) -> None:
        self.lines = lines
        self.carriers = carriers
        self.central = central
        self.now = now
        self.chance = random.Random(2026)  # noqa: S311 - a demonstration, no secret
        self.clock = Clock()
        self.books = Books(lines.wallets, since=self.since)
        self.payments = Payments(
            self.clock, lines.cashiers, since=self.since, now=now, chance=self.chance
        )
        self.records: list[dict[str, Any]] = []
        self.last_calls: dict[str, datetime] = {}
        self._active: Counter[str] = Counter()
        self._decks = Decks(django_fetch, is_fresh=True)
        route = finish(Directory(django_fetch).find_route(carriers.route.pk))
        assert route is not None  # noqa: S101 - just made
        self._route: RouteSnapshot = route
        self._call_numbers = itertools.count(1, 2)

    @property
    def since(self) -> datetime:
        return self.now - timedelta(days=DAYS)

    def make(self) -> None:
        """Let the month pass."""
        for book in self.books.by_account.values():
            self.payments.plan(book)
        for intent in list_intents(LINES, since=self.since, until=self.now, chance=self.chance):
            self.clock.at(intent.at, partial(self._begin, intent))
        self.clock.run()

    def write(self) -> None:
        """Insert what came about."""
        self.books.write()
        records_insert(self.records)

    # --- how a call begins ------------------------------------------------------------------------

    def _begin(self, intent: Intent, _at: datetime) -> None:
        if self._gives_up(intent):
            return
        call = self._call(intent)
        if refusal := self._find_refusal(call):
            self._refuse(call, refusal)
            return
        if call.price is None and intent.is_answered:
            call.talk = intent.talk
            call.price = self._price(call, call.talk)
        if call.price:
            self.books.hold(call.price.levels)
        self._active[intent.line.number] += 1
        self.clock.at(call.answered_at + call.talk, partial(self._end, call))

    def _gives_up(self, intent: Intent) -> bool:
        """Whether nobody calls: there is no line, or it would be in vain, mostly."""
        line, ago = intent.line, self.now - intent.at
        if line.disabled and ago < timedelta(days=line.disabled):
            return True
        is_suspended = self._is_suspended(line, intent.at)
        if intent.direction != Direction.OUT:
            return is_suspended
        book = self.books.by_account[self.lines.circuits[line.number].account_id]
        available_u = book.available_u
        if available_u is not None and ago < timedelta(days=book.wallet.dry):
            return available_u < TAKES_CARE_U
        in_vain = is_suspended or (available_u is not None and available_u <= 0)
        return in_vain and self.chance.random() > STILL_TRIES

    def _find_refusal(self, call: _Call) -> str:
        """Return why a call may not start; else what it is to cost, and who carries it, is set."""
        line, number = call.intent.line, call.number
        if call.intent.direction == Direction.INTERNAL:
            return ""
        if call.intent.direction == Direction.IN or number.call_class is CallClass.EMERGENCY:
            call.trunk_id = self.carriers.answering.pk
            return ""
        request = self._request(call)
        chain = finish(self._decks.chain(self.lines.circuits[line.number].account_id))
        if refusal := find_line_refusal(request, chain):
            return refusal
        if self._active[line.number] >= line.max_calls:
            return "too-many-calls"
        answer = Answer(call.answered_at, call.answered_at)
        carriers = self._carriers(call)
        call.offer = finish(make_offer(self._decks, chain, number, answer, carriers))
        if call.offer.refusal:
            return str(call.offer.refusal["reason"])
        self._send(call)
        return "" if self._pay(call, answer) else "no-credit"

    def _carriers(self, call: _Call) -> list[CarrierOption]:
        is_down = self._is_down(call.intent.at)
        health = {self.carriers.down.pk: TrunkHealth(reachable=not is_down)}
        choice = choose(self._route, call.number, health=health)
        return [CarrierOption(a.trunk.id, a.trunk.cost_tariff_id) for a in choice.attempts]

    def _send(self, call: _Call) -> None:
        """Choose who carries the call among those who may; the first may have no circuit free."""
        first, *others = call.offer.trunk_ids
        call.trunk_id = first
        is_worse = first == self.carriers.down.pk
        if others and is_worse and self.chance.random() < CONGESTED:
            status, cause = ENDS[Outcome.FAILED]
            call.failed = (RouteAttempt(trunk_id=first, status=status, hangup_cause=cause),)
            call.trunk_id = others[0]

    def _pay(self, call: _Call, answer: Answer) -> bool:
        """Cut the call to what everybody can pay; False when that is nothing."""
        if not call.intent.is_answered:
            return self.books.have_credit(call.offer.terms.levels)
        wanted = call.intent.talk
        price = self._price(call, wanted)
        if not self.books.can_pay(price.levels):
            climb = Climb(answer, 0, _deadline_s(wanted), call.offer.rates)
            deadline_s = self.books.deadline_s(call.offer.terms, climb)
            if not deadline_s:
                return False
            wanted = min(wanted, timedelta(seconds=deadline_s))
            price = self._price(call, wanted, deadline_s)
        call.talk, call.price = wanted, price
        return True

    def _price(self, call: _Call, talk: timedelta, deadline_s: int | None = None) -> CallPrice:
        terms = call.offer.terms
        if deadline_s is None and terms.levels:
            deadline_s = _deadline_s(talk)
        return price_call(
            terms,
            call.offer.rates,
            answered_at=call.answered_at,
            duration_ms=talk // timedelta(milliseconds=1),
            deadline_s=deadline_s,
            trunk_id=call.trunk_id,
            held=self.books.lefts(terms.levels),
        )

    # --- who is in it -----------------------------------------------------------------------------

    def _call(self, intent: Intent) -> _Call:
        line, other = intent.line, intent.other
        circuit, did = self.lines.circuits[line.number], self.lines.dids[line.number]
        caller, called, dialled, did_id = did.e164, "", other, None
        number = classify(other, own_ddd=line.ddd)
        if intent.direction == Direction.IN:
            caller, dialled, did_id = number.e164, did.raw, did.pk
            number = classify(did.e164)
        elif intent.direction == Direction.INTERNAL:
            caller = line.number
            number = Number(other, Kind.FIXED, rating_digits=other)
            called = other
        return _Call(
            intent,
            f"{self.central}-{int(intent.at.timestamp())}.{next(self._call_numbers)}",
            number,
            CallParties(
                tenant_id=circuit.tenant_id,
                account_id=circuit.account_id,
                circuit_id=circuit.pk,
                did_id=did_id,
                direction=intent.direction,
                caller=caller,
                dialled=dialled,
                called=called or number.e164 or number.rating_digits or dialled,
                call_class=str(number.call_class or ""),
            ),
        )

    def _request(self, call: _Call) -> CallRequest:
        line, parties = call.intent.line, call.parties
        is_suspended = self._is_suspended(line, call.intent.at)
        return CallRequest(
            call_id=call.id,
            central=self.central,
            direction=parties.direction,
            caller=parties.caller,
            dialled=parties.dialled,
            number=call.number,
            line=Payer(
                account_id=parties.account_id or 0,
                tenant_id=parties.tenant_id,
                status="suspended" if is_suspended else "active",
                allowed_classes=frozenset(line.classes),
            ),
            at=call.intent.at,
        )

    def _is_suspended(self, line: Line, at: datetime) -> bool:
        return bool(line.suspended) and self.now - at < timedelta(days=line.suspended)

    def _is_down(self, at: datetime) -> bool:
        return self.now - at < DOWN_FOR

    # --- how it ends ------------------------------------------------------------------------------

    def _refuse(self, call: _Call, reason: str) -> None:
        end = CallEnd(
            call_id=call.id,
            central=self.central,
            started_at=call.intent.at,
            ended_at=call.intent.at + ANNOUNCEMENT,
            outcome=Outcome.REFUSED,
            reason=reason,
            hangup_cause=get_reason(reason).cause,
        )
        self.records.append(record_of(end, call.parties, None))

    def _end(self, call: _Call, at: datetime) -> None:
        number = call.intent.line.number
        self._active[number] -= 1
        self.last_calls[number] = at
        levels = call.price.levels if call.price else ()
        for book in self.books.settle(levels, at=at, call_id=call.id, called=call.parties.called):
            if book.lacks_credit:
                self.payments.refill(book, at)
        status, cause = ENDS[call.intent.outcome]
        duration_ms = call.talk // timedelta(milliseconds=1)
        attempts = call.failed
        if call.trunk_id is not None and call.intent.direction == Direction.OUT:
            last = RouteAttempt(
                trunk_id=call.trunk_id, status=status, hangup_cause=cause, duration_ms=duration_ms
            )
            attempts = (*attempts, last)
        end = CallEnd(
            call_id=call.id,
            central=self.central,
            started_at=call.intent.at,
            ended_at=at,
            outcome=call.intent.outcome,
            answered_at=call.answered_at if call.intent.is_answered else None,
            duration_ms=duration_ms,
            hangup_cause=cause,
            trunk_id=call.trunk_id,
            attempts=attempts,
        )
        self.records.append(record_of(end, call.parties, call.price))


def _deadline_s(talk: timedelta) -> int:
    """The slice that a call of that length had been granted when it ended."""
    return SLICE_S * (1 + int(talk.total_seconds()) // SLICE_S)
