"""The accounts of the demonstration through its month: what they had, and each entry as it came.

Entries are immutable and bear the time of their posting, so those of the past cannot be posted by
`charging.services`. Here they are made in the order of time by the rules of `charging/sql`, each on
the balance that the one before left; `Books.write` inserts them and leaves the accounts with what
they add up to. Nothing but the loading of the demonstration comes here, and tests/demo holds the
result to the invariants of charging.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from tronco.catalog.models import Plan
from tronco.charging.cycles import cycle_start_of
from tronco.charging.models import Account, Bucket, LedgerEntry
from tronco.charging.pricing import LevelPrice
from tronco.charging.requests import Climb, build_ask
from tronco.charging.terms import AllowanceTerm, CallTerms, LevelTerms
from tronco.core.money import MICRO
from tronco.demo.lines import Wallet
from tronco.tenancy.access import SYSTEM

Kind = LedgerEntry.Kind


@dataclass
class Book:
    """One account. `entries` is shared by all: the order of posting is that of their ids."""

    account: Account
    wallet: Wallet
    entries: list[LedgerEntry]
    cycle_start: date
    balance_u: int = 0
    held_u: int = 0
    used_u: int = 0
    buckets: dict[tuple[int, date], Bucket] = field(default_factory=dict)
    is_refill_due: bool = False

    @property
    def available_u(self) -> int | None:
        """What calls may use; None is no limit."""
        limit_u = self.account.limit_u
        return None if limit_u is None else self.balance_u - self.held_u + limit_u

    @property
    def lacks_credit(self) -> bool:
        return self.balance_u < self.wallet.least * MICRO

    def post(
        self,
        at: datetime,
        kind: Kind,
        amount_u: int,
        *,
        key: str,
        actor: str = SYSTEM.name,
        note: str = "",
        source: str = "",
    ) -> None:
        self.entries.append(
            LedgerEntry(
                tenant_id=self.account.tenant_id,
                account=self.account,
                at=at,
                kind=kind,
                balance_before_u=self.balance_u,
                amount_u=amount_u,
                actor=actor,
                note=note,
                source=source,
                key=key,
            )
        )
        self.balance_u += amount_u

    def close_cycle(self, at: datetime) -> None:
        """Begin the cycle of `at`, as `charging_close_cycle` does."""
        kind, used_u = self.account.plan.kind, self.used_u
        moved_u = {Plan.Kind.POSTPAID: used_u, Plan.Kind.PREPAID: 0}.get(
            Plan.Kind(kind), min(used_u, self.account.limit_u or 0)
        )
        if moved_u:
            self.post(at, Kind.CYCLE, moved_u, key=f"cycle:{self.cycle_start}")
        self.used_u, self.cycle_start = 0, cycle_start_of(at, self.account.cycle_day)

    def bucket(self, term: AllowanceTerm) -> Bucket:
        """What the account has of an allowance in the cycle of a call."""
        key = (term.allowance, term.cycle)
        if key not in self.buckets:
            self.buckets[key] = Bucket(
                tenant_id=self.account.tenant_id,
                account=self.account,
                allowance_id=term.allowance,
                cycle_start=term.cycle,
                granted=term.granted,
            )
        return self.buckets[key]


class Books:
    """All accounts, and the entries that they have in common."""

    def __init__(self, wallets: Mapping[int, Wallet], *, since: datetime) -> None:
        self.entries: list[LedgerEntry] = []
        accounts = Account.objects.select_related("plan").filter(pk__in=wallets).order_by("pk")
        self.by_account = {
            account.pk: Book(
                account,
                wallets[account.pk],
                self.entries,
                cycle_start_of(since, account.cycle_day),
            )
            for account in accounts
        }

    def of(self, level: LevelTerms) -> Book:
        return self.by_account[level.account]

    def lefts(self, levels: Sequence[LevelTerms]) -> dict[int, list[int]]:
        """Return, for each level, what is left of the allowances of its terms, in their order."""
        return {
            level.level: [
                (bucket := self.of(level).bucket(term)).granted - bucket.used
                for term in level.allowances
            ]
            for level in levels
        }

    def hold(self, prices: Sequence[LevelPrice]) -> None:
        """Keep what a call will cost, and what it uses of allowances, from other calls."""
        for price in prices:
            book = self.of(price.terms)
            book.held_u += price.price_u
            for term, used in zip(price.terms.allowances, price.uses, strict=True):
                book.bucket(term).used += used

    def settle(
        self, prices: Sequence[LevelPrice], *, at: datetime, call_id: str, called: str
    ) -> list[Book]:
        """Post what a call cost at every level, as `charging_settle` does; return whom it cost."""
        charged = [price for price in prices if price.price_u]
        for price in charged:
            book = self.of(price.terms)
            book.held_u -= price.price_u
            book.used_u += price.price_u
            book.post(
                at, Kind.CALL, -price.price_u, key=f"call:{call_id}", note=called, source=call_id
            )
        return [self.of(price.terms) for price in charged]

    def deadline_s(self, terms: CallTerms, climb: Climb) -> int:
        """Return for how long everybody can pay, 0 when not at all, as `charging_afford` does."""
        lefts = self.lefts(terms.levels)
        known = {
            (level.account, term.allowance): left
            for level in terms.levels
            for term, left in zip(level.allowances, lefts[level.level], strict=True)
        }
        ask = build_ask(terms, replace(climb, lefts=known))
        point = len(ask.grid)
        for level in ask.levels:
            available_u = self.of(level.terms).available_u
            if available_u is None:
                continue
            if level.needs_u is not None and available_u < level.needs_u:
                return 0
            while point and level.costs[point - 1] > max(available_u, 0):
                point -= 1
        return ask.grid[point - 1] if point else 0

    def have_credit(self, levels: Sequence[LevelTerms]) -> bool:
        """Tell whether a call may begin, should anybody answer."""
        available = [self.of(level).available_u for level in levels]
        return all(available_u is None or available_u > 0 for available_u in available)

    def can_pay(self, prices: Sequence[LevelPrice]) -> bool:
        """Tell at a glance that everybody can pay all of a call; if not, see `deadline_s`."""
        return all(
            available_u is None or 0 < available_u >= price.price_u
            for price in prices
            for available_u in (self.of(price.terms).available_u,)
        )

    def write(self) -> None:
        """Insert the entries and buckets, and bring the accounts to what they add up to."""
        LedgerEntry.objects.bulk_create(self.entries, batch_size=1000)
        every = self.by_account.values()
        Bucket.objects.bulk_create([b for book in every for b in book.buckets.values()])
        for book in every:
            Account.objects.filter(pk=book.account.pk).update(
                balance_u=book.balance_u, used_u=book.used_u, cycle_start=book.cycle_start
            )
