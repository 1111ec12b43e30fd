"""What people do to the demonstration's accounts during its month, and what the clock does."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from functools import partial

from tronco.charging.cycles import ZONE
from tronco.charging.models import LedgerEntry
from tronco.core.money import MICRO
from tronco.core.money import parse as parse_money
from tronco.demo.books import Book

Kind = LedgerEntry.Kind
Happening = Callable[[datetime], None]
WAYS_TO_PAY = ("Recarga por Pix", "Recarga por Pix", "Boleto pago", "Cartão de crédito")
# The worker closes cycles some minutes after midnight.
CLOSING = time(0, 5)


class Clock:
    """Lets things happen in the order of their times."""

    def __init__(self) -> None:
        self._waiting: list[tuple[datetime, int, Happening]] = []
        self._numbers = itertools.count()

    def at(self, moment: datetime, happening: Happening) -> None:
        heapq.heappush(self._waiting, (moment, next(self._numbers), happening))

    def run(self) -> None:
        """Until nothing is left to happen."""
        while self._waiting:
            moment, _number, happening = heapq.heappop(self._waiting)
            happening(moment)


class Payments:
    """The month of the accounts from `since` to `now`; `cashiers` are names by account."""

    def __init__(
        self,
        clock: Clock,
        cashiers: Mapping[int, str],
        *,
        since: datetime,
        now: datetime,
        chance: random.Random,
    ) -> None:
        self.clock = clock
        self.cashiers = cashiers
        self.since = since
        self.now = now
        self.chance = chance
        self._numbers = itertools.count(1)

    def plan(self, book: Book) -> None:
        """Give an account what it begins with, and let its cycles end when they do."""
        if book.wallet.opening:
            book.post(self.since, Kind.OPENING, book.wallet.opening * MICRO, key="opening")
        day = self.since.astimezone(ZONE).date()
        while (day := day + timedelta(days=1)) <= self.now.astimezone(ZONE).date():
            closing = datetime.combine(day, CLOSING, ZONE)
            if day.day == book.account.cycle_day and closing < self.now:
                self.clock.at(closing, book.close_cycle)
        if book.wallet.debit:
            self.clock.at(self._ago(book.wallet.debit), partial(self._take_away, book))

    def refill(self, book: Book, at: datetime) -> None:
        """Let somebody pay some hours after credit ran low."""
        paid_at = at + timedelta(minutes=self.chance.randrange(15, 300))
        dry_days = max(book.wallet.dry, book.wallet.debit)
        if book.wallet.refill and not book.is_refill_due and paid_at < self._ago(dry_days):
            book.is_refill_due = True
            self.clock.at(paid_at, lambda at: self._pay(book, at))

    def _pay(self, book: Book, at: datetime) -> None:
        book.is_refill_due = False
        note = self.chance.choice(WAYS_TO_PAY)
        self._post(book, at, Kind.CREDIT, book.wallet.refill * MICRO, note)

    def _take_away(self, book: Book, at: datetime) -> None:
        if book.held_u:
            # A call is going on; it would leave the balance below what is meant.
            self.clock.at(at + timedelta(minutes=1), partial(self._take_away, book))
            return
        amount_u = parse_money(book.wallet.down_to) - book.balance_u
        if amount_u < 0:
            self._post(book, at, Kind.DEBIT, amount_u, "Estorno de recarga não compensada")

    def _post(self, book: Book, at: datetime, kind: Kind, amount_u: int, note: str) -> None:
        key = f"by:demonstration:{next(self._numbers)}"
        who = self.cashiers[book.account.pk]
        book.post(at, kind, amount_u, key=key, actor=who, note=note)

    def _ago(self, days: int) -> datetime:
        return self.now - timedelta(days=days)
