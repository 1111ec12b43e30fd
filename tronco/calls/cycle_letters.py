"""*Fatura*: at the end of a cycle a customer is told what his postpaid and control plans came to.

It is a statement: nothing is posted by it, and it is no tax document. A postpaid plan costs its
monthly fee and its calls. A control plan costs its fee, which covers its calls up to the ceiling;
those beyond it were paid by top-ups.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import groupby
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tronco.branding.selectors import look_of
from tronco.calls.models import CLASS_CHOICES, Cdr
from tronco.catalog.models import Plan
from tronco.charging.cycles import ZONE, cycle_start_of
from tronco.charging.models import Account, LedgerEntry
from tronco.circuits.models import Circuit
from tronco.core.errors import InvalidInput
from tronco.core.money import format_brl
from tronco.customers.models import Subscription
from tronco.mail.models import Email, Notices
from tronco.mail.selectors import find_notices
from tronco.mail.services import notice_queue
from tronco.ui.formats import NOTHING

logger = logging.getLogger(__name__)
# Of a cycle that closed longer ago nobody is told any more.
FRESH = timedelta(days=3)
LONGEST_CALL = timedelta(days=1)
KINDS = (Plan.Kind.CONTROL, Plan.Kind.POSTPAID)


@dataclass
class Closed:
    """What the accounts of one customer that close on one day came to, in µR$."""

    start: date
    fees_u: int = 0
    included_u: int = 0
    calls: Counter[str] = field(default_factory=Counter)
    calls_u: Counter[str] = field(default_factory=Counter)


def cycle_letters_queue(*, at: datetime) -> int:
    """Queue a letter for each customer whose cycle closed lately; return how many. Each once."""
    told = 0
    for accounts in _list_untold(at):
        closed = _sum_up(accounts)
        if not (closed.fees_u or closed.included_u or closed.calls):
            continue
        try:
            told += _tell(accounts[0], closed) is not None
        except InvalidInput as problem:
            logger.warning("customer %s: %s", accounts[0].tenant_id, problem)
    return told


def _list_untold(at: datetime) -> Iterator[list[Account]]:
    """Yield the accounts of one customer and cycle, once all of them are closed."""
    today = at.astimezone(ZONE).date()
    sold = Account.objects.filter(role=Account.Role.CIRCUIT, plan__kind__in=KINDS)
    open_still = sold.filter(
        tenant=OuterRef("tenant"),
        cycle_day=OuterRef("cycle_day"),
        cycle_start__lt=OuterRef("cycle_start"),
    )
    closed = (
        sold.filter(cycle_start__range=(today - FRESH, today))
        .exclude(tenant__in=Notices.objects.filter(invoice=False).values("tenant"))
        .exclude(Exists(open_still))
        .select_related("plan", "tenant")
        .order_by("tenant_id", "cycle_start", "pk")
    )
    for _key, group in groupby(closed, key=_reference):
        # One that was opened since has had no cycle before this one.
        accounts = [one for one in group if one.created_at < _midnight(_began(one))]
        if accounts and not Email.objects.filter(reference=_reference(accounts[0])).exists():
            yield accounts


def _sum_up(accounts: Sequence[Account]) -> Closed:
    used = set(
        Circuit.objects.filter(account__in=accounts)
        .exclude(status=Circuit.Status.DISABLED)
        .values_list("account", flat=True)
    )
    first = accounts[0]
    closed = Closed(cycle_start_of(_midnight(_began(first)) - timedelta(hours=1), first.cycle_day))
    for account in accounts:
        if account.pk in used:
            closed.fees_u += account.plan.monthly_fee_u
        closing = _closings(account).filter(at__gte=_midnight(_began(account))).first()
        if closing is None:
            continue  # nothing was consumed
        closed.start = min(closed.start, _start_of(closing))
        if account.plan.kind == Plan.Kind.CONTROL:
            closed.included_u += closing.amount_u
            continue
        for call_class, price_u in _list_calls(account, closing):
            closed.calls[call_class] += 1
            closed.calls_u[call_class] += price_u
    return closed


def _closings(account: Account) -> QuerySet[LedgerEntry]:
    """The entries by which an account's cycles left its balance, the newest first."""
    return LedgerEntry.objects.filter(account=account, kind=LedgerEntry.Kind.CYCLE).order_by("-id")


def _start_of(closing: LedgerEntry) -> date:
    """When the cycle began that it closed: its key says so."""
    return date.fromisoformat(closing.key.removeprefix("cycle:"))


def _list_calls(account: Account, closing: LedgerEntry) -> Iterator[tuple[str, int]]:
    """Yield class and price of the calls that were charged since the closing before."""
    start = _midnight(_start_of(closing))
    before = _closings(account).filter(pk__lt=closing.pk).first()
    calls = LedgerEntry.objects.filter(
        account=account,
        kind=LedgerEntry.Kind.CALL,
        at__gte=start,
        pk__range=(before.pk if before else 0, closing.pk),
    )
    records = Cdr.objects.filter(
        account=account, started_at__range=(start - LONGEST_CALL, closing.at)
    )
    classes = dict(records.values_list("call_id", "call_class"))
    for call_id, amount_u in calls.values_list("source", "amount_u"):
        yield classes.get(call_id, ""), -amount_u


def _tell(account: Account, closed: Closed) -> Email | None:
    tenant = account.tenant
    last = _began(account) - timedelta(days=1)
    calls_u = closed.calls_u.total()
    subscription = Subscription.objects.filter(tenant=tenant).first()
    due = subscription.next_due(_began(account)) if subscription else None
    query = urlencode({"since": f"{closed.start}T00:00", "until": f"{_began(account)}T00:00"})
    with translation.override(find_notices(tenant).language):
        facts = {
            "period": f"{closed.start:%d/%m/%Y} - {last:%d/%m/%Y}",
            "fees": format_brl(closed.fees_u),
            "consumption": format_brl(calls_u),
            "total": format_brl(closed.fees_u + calls_u),
            "included": format_brl(closed.included_u),
            "due": f"{due:%d/%m/%Y}" if due else NOTHING,
            "calls": "\n".join(_lines(closed)) or NOTHING,
            "link": f"{look_of(tenant.path).site_url}{reverse('calls:cdr_list')}?{query}",
        }
    return notice_queue(
        tenant_id=tenant.pk, kind=Email.Kind.INVOICE, facts=facts, reference=_reference(account)
    )


def _lines(closed: Closed) -> Iterator[str]:
    """A line for each class that was called."""
    names = {value: str(label) for value, label in CLASS_CHOICES}
    for call_class, count in closed.calls.most_common():
        calls = ngettext("%(count)s call", "%(count)s calls", count) % {"count": count}
        price = format_brl(closed.calls_u[call_class])
        yield f"{names.get(call_class) or _('Others')}: {calls}, {price}"


def _reference(account: Account) -> str:
    return f"invoice:{account.tenant_id}:{account.cycle_start}"


def _began(account: Account) -> date:
    """When the cycle after the closed one began."""
    assert account.cycle_start is not None  # noqa: S101 - asked for by the query
    return account.cycle_start


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, ZONE)
