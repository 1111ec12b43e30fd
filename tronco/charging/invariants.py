"""What must always be true of the money, checked on live data. Reads only.

The numbers are those of ARCHITECTURE.md. Number 5 is about calls, not about data: it is proved by
tests alone. A violation names the rows and the cure; nothing is mended here, for a wrong ledger is
mended by a person who knows why it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tronco.charging.cycles import ZONE
from tronco.charging.decks import Decks, django_fetch, finish
from tronco.charging.models import Authorization, Hold
from tronco.charging.pricing import price_call
from tronco.charging.terms import CallTerms
from tronco.core.money import format_brl

# A live call is seen by its sweep every minute; who is unseen that long has no switch any more.
UNSEEN: Final = timedelta(minutes=15)
# Closed calls are forgotten only after more days than these (`tasks.KEEP_CLOSED`).
CALLS_KNOWN: Final = timedelta(days=30)
_FALSE_BALANCE: Final = _("Find who wrote past the ledger, then post a correction.")
_FALSE_HOLD: Final = _("With no call running on it, set it to the sum of its pending holds.")
_REPORT: Final = _("Report it: no function of the database does this.")


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is not as it must be: where, what, and what to do about it."""

    invariant: int
    message: str
    cure: str
    account_id: int | None = None
    call_id: str | None = None


def check_all() -> list[Violation]:
    """Run every check."""
    return [violation for check in CHECKS for violation in check()]


def check_balances() -> Iterator[Violation]:
    """1. Balance = Σ entries, and each entry begins where the one before ended."""
    for account, balance_u, sum_u in _rows(
        """
        SELECT a.id, a.balance_u, coalesce(sum(e.amount_u), 0)
        FROM charging_account a LEFT JOIN charging_ledgerentry e ON e.account_id = a.id
        GROUP BY a.id HAVING a.balance_u <> coalesce(sum(e.amount_u), 0)
        """
    ):
        text = _("The balance is %(balance)s, but its entries make %(sum)s.") % {
            "balance": _exact(balance_u),
            "sum": _exact(sum_u),
        }
        yield Violation(1, text, str(_FALSE_BALANCE), account_id=account)
    for account, entry, expected_u, found_u in _rows(
        """
        SELECT account_id, id, expected_u, balance_before_u
        FROM (SELECT account_id, id, balance_before_u,
                     coalesce(lag(balance_before_u + amount_u) OVER statement, 0) AS expected_u
              FROM charging_ledgerentry WINDOW statement AS (PARTITION BY account_id ORDER BY id)
             ) AS entry
        WHERE balance_before_u <> expected_u
        """
    ):
        text = _(
            "Entry %(entry)s begins at %(found)s, but the one before it ended at %(expected)s."
        ) % {"entry": entry, "found": _exact(found_u), "expected": _exact(expected_u)}
        yield Violation(1, text, str(_FALSE_BALANCE), account_id=account)


def check_overspend() -> Iterator[Violation]:
    """2. Calls never take a prepaid account below zero; a debit posted while they ran may."""
    for account, call, after_u, debited_u in _rows(
        """
        SELECT e.account_id, e.source, e.balance_before_u + e.amount_u, debit.sum_u
        FROM charging_ledgerentry e
        JOIN charging_account a ON a.id = e.account_id
        JOIN catalog_plan p ON p.id = a.plan_id AND p.kind = 'prepaid'
        LEFT JOIN charging_authorization c ON c.call_id = e.source
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(-d.amount_u), 0) AS sum_u FROM charging_ledgerentry d
            WHERE d.account_id = e.account_id AND d.id < e.id
              AND d.kind <> 'call' AND d.amount_u < 0
              AND d.at >= coalesce(c.started_at, e.at - interval '1 day')) AS debit
        WHERE e.kind = 'call' AND e.balance_before_u + e.amount_u < 0
          AND e.balance_before_u + e.amount_u + debit.sum_u < 0
          AND e.at > (SELECT max(h.pgh_created_at) FROM charging_accountevent h
                      WHERE h.pgh_obj_id = a.id)
        """
    ):
        text = _("The call left %(after)s, with debits of %(debits)s during it.") % {
            "after": _exact(after_u),
            "debits": _exact(debited_u),
        }
        cure = _(
            "A record that came after its call had been given up does this: see that the records "
            "of ended calls arrive in time. Otherwise report it."
        )
        yield Violation(2, text, str(cure), account_id=account, call_id=call)


def check_settlements() -> Iterator[Violation]:
    """3. Every settled call is posted at every level exactly once, at its price."""
    for call, account, price_u, posted_u in _rows(
        """
        SELECT h.authorization_id, h.account_id, h.price_u, coalesce(-e.amount_u, 0)
        FROM charging_hold h
        LEFT JOIN charging_ledgerentry e
               ON e.account_id = h.account_id AND e.key = 'call:' || h.authorization_id
        WHERE h.state = 'settled' AND h.price_u IS DISTINCT FROM coalesce(-e.amount_u, 0)
           OR h.state <> 'settled' AND e.id IS NOT NULL
        """
    ):
        text = _("The call costs %(price)s, but %(posted)s is posted.") % {
            "price": _exact(price_u or 0),
            "posted": _exact(posted_u),
        }
        cure = _("Compare it with the call's record, then post a correction.")
        yield Violation(3, text, str(cure), account_id=account, call_id=call)


def check_holds() -> Iterator[Violation]:
    """4. Accounts, buckets and meters hold what running calls hold, and those calls run."""
    for account, held_u, sum_u in _rows(
        """
        SELECT a.id, a.held_u, coalesce(sum(h.amount_u), 0)
        FROM charging_account a
        LEFT JOIN charging_hold h ON h.account_id = a.id AND h.state = 'pending'
        GROUP BY a.id HAVING a.held_u <> coalesce(sum(h.amount_u), 0)
        """
    ):
        text = _("The account holds %(held)s, but its calls hold %(sum)s.") % {
            "held": _exact(held_u),
            "sum": _exact(sum_u),
        }
        yield Violation(4, text, str(_FALSE_HOLD), account_id=account)
    for account, bucket, held, total in _rows(
        """
        SELECT b.account_id, b.id, b.held, coalesce(sum(x.amount), 0)
        FROM charging_bucket b
        LEFT JOIN (SELECT id, amount
                   FROM charging_hold, unnest(bucket_ids, bucket_amounts) AS held (id, amount)
                   WHERE state = 'pending') AS x ON x.id = b.id
        GROUP BY b.id HAVING b.held <> coalesce(sum(x.amount), 0)
        """
    ):
        text = _("Allowance bucket %(bucket)s holds %(held)s, but its calls hold %(sum)s.") % {
            "bucket": bucket,
            "held": held,
            "sum": total,
        }
        yield Violation(4, text, str(_FALSE_HOLD), account_id=account)
    for key, active, calls in _rows(
        """
        SELECT m.key, m.active, count(c.call_id)
        FROM charging_meter m
        LEFT JOIN charging_authorization c ON c.state = 'open' AND m.key = ANY (c.meters)
        GROUP BY m.key HAVING m.active <> count(c.call_id)
        """
    ):
        text = _("Meter %(key)s counts %(active)s calls, but %(calls)s are running.") % {
            "key": key,
            "active": active,
            "calls": calls,
        }
        yield Violation(4, text, str(_("Set it to the number of calls that are running.")))
    yield from _check_days()
    yield from _check_outlived()


def _check_days() -> Iterator[Violation]:
    """What limits by the day count is what the day's calls hold and cost."""
    for key, day, spent_u, sum_u in _rows(
        """
        SELECT key, day, coalesce(d.spent_u, 0), coalesce(c.sum_u, 0)
        FROM charging_meterday d
        FULL JOIN (
            SELECT meter.key, charging_day_of(a.started_at) AS day,
                   sum(CASE h.state WHEN 'pending' THEN h.amount_u
                                    WHEN 'settled' THEN h.price_u ELSE 0 END) AS sum_u
            FROM charging_authorization a
            JOIN charging_hold h ON h.authorization_id = a.call_id AND h.level = 0
            CROSS JOIN unnest(a.meters, a.day_limits_u) AS meter (key, limit_u)
            WHERE meter.limit_u IS NOT NULL GROUP BY 1, 2) AS c USING (key, day)
        WHERE day > %s AND coalesce(d.spent_u, 0) <> coalesce(c.sum_u, 0)
        """,
        [timezone.now().astimezone(ZONE).date() - CALLS_KNOWN],
    ):
        text = _("Meter %(key)s counts %(spent)s on %(day)s, but the calls cost %(sum)s.") % {
            "key": key,
            "spent": _exact(spent_u),
            "day": day,
            "sum": _exact(sum_u),
        }
        yield Violation(4, text, str(_("Set it to what the day's calls cost.")))


def _check_outlived() -> Iterator[Violation]:
    outlived = Hold.objects.filter(state=Hold.State.PENDING).exclude(
        authorization__state=Authorization.State.OPEN
    )
    for hold in outlived:
        yield Violation(
            4,
            str(_("A hold outlives its call.")),
            str(_REPORT),
            account_id=hold.account_id,
            call_id=hold.authorization_id,
        )
    unseen = Authorization.objects.filter(
        state=Authorization.State.OPEN, seen_at__lt=timezone.now() - UNSEEN
    )
    for call in unseen:
        yield Violation(
            4,
            _("Running since %(start)s, but central %(central)s does not see it.")
            % {"start": timezone.localtime(call.started_at), "central": call.central},
            _("See that call control of %(central)s runs: it gives up what its switch has not.")
            % {"central": call.central},
            account_id=call.account_id,
            call_id=call.call_id,
        )


def check_prices(most: int = 1000) -> Iterator[Violation]:
    """6. Pricing the latest settled calls again gives what was charged, to the millionth."""
    settled = Authorization.objects.filter(state=Authorization.State.SETTLED)
    calls = {call.call_id: call for call in settled.order_by("-closed_at")[:most]}
    holds: dict[str, list[Hold]] = {call_id: [] for call_id in calls}
    for hold in Hold.objects.filter(authorization__in=calls).order_by("level"):
        holds[hold.authorization_id].append(hold)
    terms = {call_id: CallTerms.from_json(call.facts) for call_id, call in calls.items()}
    rates = finish(
        Decks(django_fetch).rates_by_id(
            rate for call_terms in terms.values() for rate in call_terms.rate_ids
        )
    )
    for call_id, call in calls.items():
        if call.answered_at is None or call.duration_ms is None:
            continue
        price = price_call(
            terms[call_id],
            rates,
            answered_at=call.answered_at,
            duration_ms=call.duration_ms,
            deadline_s=call.deadline_s,
            held={hold.level: hold.bucket_amounts for hold in holds[call_id]},
        )
        for level, hold in zip(price.levels, holds[call_id], strict=True):
            if level.price_u != hold.price_u:
                text = _("Charged %(charged)s, but priced again it costs %(price)s.") % {
                    "charged": _exact(hold.price_u or 0),
                    "price": _exact(level.price_u),
                }
                cure = _("Re-rate the call, and report it.")
                yield Violation(6, text, str(cure), account_id=hold.account_id, call_id=call_id)


CHECKS: Final[tuple[Callable[[], Iterator[Violation]], ...]] = (
    check_balances,
    check_overspend,
    check_settlements,
    check_holds,
    check_prices,
)


def _exact(amount_u: int) -> str:
    return format_brl(int(amount_u), decimals=6)


def _rows(query: str, parameters: Sequence[date] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
