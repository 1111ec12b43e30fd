"""Everything that changes an account, its ledger or what calls hold of it.

Calls in progress are let through and prolonged by `gateway`; their ends come here in batches.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple, TypedDict, Unpack

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tronco.catalog.models import Plan
from tronco.charging.cycles import ZONE, cycle_start_of
from tronco.charging.decks import Decks, django_fetch, finish
from tronco.charging.errors import database_errors
from tronco.charging.models import Account, Authorization, Bucket, Hold, LedgerEntry, MeterDay
from tronco.charging.pricing import CallPrice, price_call
from tronco.charging.selectors import get_account
from tronco.charging.terms import CallTerms
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tronco.core.money import MAX_U
from tronco.mail.services import suspension_tell
from tronco.tenancy.access import SYSTEM, Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.saving import save_checked

Kind = LedgerEntry.Kind
# What people and documents post; calls, openings and cycles have their own ways.
_SIGNS: Final = {Kind.CREDIT: 1, Kind.DEBIT: -1, Kind.FEE: -1, Kind.CORRECTION: 0}


class AccountFields(TypedDict, total=False):
    """What may be changed of an account; absent means unchanged. `limit_u` None is no limit."""

    plan: Plan
    incoming_plan: Plan | None
    limit_u: int | None
    cycle_day: int
    status: str


class Posted(NamedTuple):
    """A posting; `already` when this key had been posted before."""

    entry_id: int
    balance_u: int
    already: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedCall:
    """A call that ended; `answered_at` None when nobody answered. `duration_ms` from the answer."""

    call_id: str
    answered_at: datetime | None = None
    duration_ms: int = 0
    trunk_id: int | None = None


class KnownCall(NamedTuple):
    """What charging keeps of a call that was let through: columns of its row."""

    call_id: str
    tenant_id: int
    account_id: int | None
    circuit_id: int | None
    did_id: int | None
    direction: str
    caller: str
    dialled: str
    called: str
    call_class: str
    answered_at: datetime | None
    deadline_s: int | None
    state: str
    facts: Mapping[str, Any]


class PricedCall(NamedTuple):
    """An ended call with its price; `call` None when it was never authorised."""

    call_id: str
    call: KnownCall | None
    price: CallPrice | None


@dataclass(frozen=True, slots=True)
class SettledCall:
    """What became of it. `outcome`: settled, released, or unknown when it was never authorised.

    `is_new` is False when an earlier batch had settled it; the price is the same.
    """

    call_id: str
    outcome: str
    is_new: bool
    price: CallPrice | None


@transaction.atomic
def account_open(
    *,
    actor: Actor,
    tenant: Tenant,
    plan: Plan,
    incoming_plan: Plan | None = None,
    role: str = Account.Role.CIRCUIT,
    limit_u: int | None = 0,
    cycle_day: int = 1,
    opening_u: int = 0,
) -> Account:
    """Open the account behind a circuit, a card or a reseller, with what it begins with.

    Whoever may make the thing may open its account; an opening balance needs charging.credit.
    """
    _require_maker(actor)
    _require_seller(actor, tenant, role)
    account = Account(
        tenant=tenant,
        plan=plan,
        incoming_plan=incoming_plan,
        role=role,
        limit_u=limit_u,
        cycle_day=cycle_day,
    )
    _check_terms(account)
    account.cycle_start = cycle_start_of(timezone.now(), cycle_day)
    save_checked(account)
    if opening_u:
        actor.require("charging.credit")
        _post(account.pk, Kind.OPENING, opening_u, "opening", actor.name)
        account.refresh_from_db()
    return account


@transaction.atomic
def accounts_open(
    *, actor: Actor, tenant: Tenant, plan: Plan, role: str, count: int, opening_u: int = 0
) -> list[Account]:
    """Open many accounts that are all alike, such as those of a series of cards."""
    _require_maker(actor)
    _require_seller(actor, tenant, role)
    cycle_start = cycle_start_of(timezone.now(), 1)
    alike = Account(tenant=tenant, plan=plan, role=role, cycle_start=cycle_start)
    _check_terms(alike)
    alike.clean_fields()
    accounts = Account.objects.bulk_create(
        Account(tenant=tenant, plan=plan, role=role, cycle_start=cycle_start) for _ in range(count)
    )
    if opening_u:
        actor.require("charging.credit")
        with database_errors(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT charging_post(id, %s, %s, 'opening', %s, '', '')"
                " FROM unnest(%s::bigint[]) AS id ORDER BY id",
                [Kind.OPENING, opening_u, actor.name[:120], [one.pk for one in accounts]],
            )
    return accounts


@transaction.atomic
def account_change(*, actor: Actor, account_id: int, **fields: Unpack[AccountFields]) -> Account:
    """Change plan, limit, cycle day or status. Calls in progress keep their terms."""
    _require_maker(actor)
    account = get_account(actor=actor, account_id=account_id, lock=True)
    _require_seller(actor, account.tenant, account.role)
    former_status = account.status
    for name, value in fields.items():
        setattr(account, name, value)
    _check_terms(account)
    # Its balance and holds are the database functions' alone.
    account.clean_fields(exclude=["balance_u", "held_u", "used_u", "cycle_start"])
    account.save(update_fields=list(fields))
    if account.status == Account.Status.SUSPENDED != former_status:
        suspension_tell(tenant=account.tenant)
    return account


@transaction.atomic
def account_delete(*, actor: Actor, account_id: int) -> None:
    """Delete an account on which nothing was ever posted nor held."""
    if not any(actor.can(f"{noun}.delete") for noun in ("charging", "circuits", "tenancy")):
        actor.require("charging.delete")
    account = get_account(actor=actor, account_id=account_id, lock=True)
    _require_seller(actor, account.tenant, account.role)
    if account.entries.exists() or account.holds.exists():
        raise Conflict(
            _("The account has postings or calls on record; suspend it instead."),
            code="account-in-use",
            details={"account": account_id},
        )
    Bucket.objects.filter(account=account).delete()
    account.delete()


@transaction.atomic
def ledger_post(
    *,
    actor: Actor,
    account_id: int,
    kind: str,
    amount_u: int,
    key: str,
    note: str = "",
    source: str = "",
) -> Posted:
    """Post a credit (positive), a debit or fee (negative, and below zero if need be), a correction.

    `key` is the caller's own: the same key twice is one posting.
    """
    actor.require("charging.credit")
    account = get_account(actor=actor, account_id=account_id)
    _require_seller(actor, account.tenant, account.role)
    sign = _SIGNS.get(Kind(kind)) if kind in Kind.values else None
    if sign is None:
        raise InvalidInput(
            _("This kind of entry is not posted by hand."), field="kind", code="kind-unknown"
        )
    if not amount_u or amount_u * sign < 0:
        wanted = {
            1: _("A credit is an amount above zero."),
            -1: _("A debit is an amount below zero."),
            0: _("A correction is an amount other than zero."),
        }
        raise InvalidInput(wanted[sign], field="amount_u", code="amount-sign")
    if abs(amount_u) > MAX_U:
        raise InvalidInput(_("The amount is too large."), field="amount_u", code="money-too-large")
    if not 0 < len(key) <= 150:
        raise InvalidInput(_("Give the posting a key of its own."), field="key", code="key-missing")
    # In a space of its own: nobody's key may stand for a call or a cycle.
    return _post(account_id, Kind(kind), amount_u, f"by:{key}", actor.name, note, source)


@transaction.atomic
def cycle_close(*, account_id: int, now: datetime, actor: Actor = SYSTEM) -> bool:
    """Close an account's cycle if a new one has begun; False when it had been closed before.

    What calls consumed of the plan leaves the balance and `used_u` begins again at zero; allowances
    begin again by themselves.
    """
    actor.require("charging.credit")
    account = get_account(actor=actor, account_id=account_id)
    next_start = cycle_start_of(now, account.cycle_day)
    with database_errors(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT closed FROM charging_close_cycle(%s, %s, %s)",
            [account_id, next_start, actor.name],
        )
        return bool(cursor.fetchone()[0])


def cycles_close_due(now: datetime) -> int:
    """Close the cycles that have ended, each in a transaction of its own; return how many."""
    due = Account.objects.exclude(cycle_start__gte=cycle_start_of(now, 1))
    closed = 0
    for account_id, cycle_day, cycle_start in due.order_by("pk").values_list(
        "pk", "cycle_day", "cycle_start"
    ):
        if cycle_start is None or cycle_start < cycle_start_of(now, cycle_day):
            closed += cycle_close(account_id=account_id, now=now)
    return closed


@transaction.atomic(savepoint=False)
def calls_settle(
    ended: Sequence[EndedCall], *, record: Callable[[Sequence[PricedCall]], None] | None = None
) -> list[SettledCall]:
    """Charge the answered calls at every level and release the others, in one batch.

    Twice is "already done". One batch a transaction: a second would lock out of order. `record`
    writes what else the calls need, after the prices are known and before anything is locked that
    calls wait for which begin: meters and accounts are held for as short a time as can be.
    """
    by_id = {call.call_id: call for call in ended}
    rows = (
        Authorization.objects.select_for_update(no_key=True)
        .filter(pk__in=by_id)
        .order_by("pk")
        .values_list(*KnownCall._fields)
    )
    known = {row[0]: KnownCall(*row) for row in rows}
    for call_id, call in known.items():
        if by_id[call_id].answered_at and call.answered_at:
            # Told at the end it may be some milliseconds off, and at another price: what counts is
            # the moment for which the call's slices were held.
            by_id[call_id] = replace(by_id[call_id], answered_at=call.answered_at)
    prices = _price(known, by_id)
    items = [_item(by_id[call_id], prices.get(call_id)) for call_id in by_id if call_id in known]
    if record:
        record([PricedCall(id_, known.get(id_), prices.get(id_)) for id_ in by_id])
    with connection.cursor() as cursor:
        cursor.execute("SELECT charging_settle(%s::jsonb)", [json.dumps(items)])
        new = set(cursor.fetchone()[0])
    return [
        SettledCall(
            call_id=call_id,
            outcome=_outcome(known.get(call_id), call),
            is_new=call_id in new,
            price=prices.get(call_id),
        )
        for call_id, call in by_id.items()
    ]


@transaction.atomic
def calls_restore(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give calls back what a recovery of the database made them lose; return which had lost some.

    An entry is a `Grant.journal`, the latest of its call.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT charging_restore(%s::jsonb)", [json.dumps([dict(entry) for entry in entries])]
        )
        return [row[0] for row in cursor.fetchall()]


@transaction.atomic
def calls_purge(*, closed_before: datetime, most: int = 10_000) -> int:
    """Forget calls closed long ago: their records, prices and postings stay elsewhere."""
    closed = Authorization.objects.exclude(state=Authorization.State.OPEN)
    doomed = list(
        closed.filter(closed_at__lt=closed_before)
        .order_by("pk")
        .values_list("pk", flat=True)[:most]
    )
    MeterDay.objects.filter(day__lte=closed_before.astimezone(ZONE).date()).delete()
    Hold.objects.filter(authorization__in=doomed).delete()
    Authorization.objects.filter(pk__in=doomed).delete()
    return len(doomed)


def _price(known: Mapping[str, KnownCall], ended: Mapping[str, EndedCall]) -> dict[str, CallPrice]:
    """Price the answered calls among those known, each on the terms it was authorised on."""
    answers = {
        call_id: answered_at
        for call_id in known
        if (answered_at := ended[call_id].answered_at) is not None
    }
    terms = {call_id: CallTerms.from_json(known[call_id].facts) for call_id in answers}
    rates = finish(
        _DECKS.rates_by_id(id_ for call_terms in terms.values() for id_ in call_terms.rate_ids)
    )
    held: dict[str, dict[int, list[int]]] = {call_id: {} for call_id in terms}
    by_allowance = [id_ for id_, one in terms.items() if any(x.allowances for x in one.levels)]
    if by_allowance:
        holds = Hold.objects.filter(authorization__in=by_allowance)
        for call_id, level, amounts in holds.values_list(
            "authorization_id", "level", "bucket_amounts"
        ):
            held[call_id][level] = amounts
    return {
        call_id: price_call(
            terms[call_id],
            rates,
            answered_at=answered_at,
            duration_ms=ended[call_id].duration_ms,
            deadline_s=known[call_id].deadline_s,
            trunk_id=ended[call_id].trunk_id,
            held=held[call_id],
        )
        for call_id, answered_at in answers.items()
    }


def _item(end: EndedCall, price: CallPrice | None) -> dict[str, Any]:
    return {
        "call_id": end.call_id,
        "answered_at": end.answered_at.isoformat() if end.answered_at else None,
        "duration_ms": end.duration_ms,
        "trunk_id": end.trunk_id,
        "levels": [
            {"level": level.terms.level, "price_u": level.price_u, "uses": level.uses}
            for level in (price.levels if price else ())
        ],
    }


def _outcome(call: KnownCall | None, end: EndedCall) -> str:
    if call is None:
        return "unknown"
    is_settled = end.answered_at is not None or call.state == Authorization.State.SETTLED
    return "settled" if is_settled else "released"


def _post(
    account_id: int, kind: Kind, amount_u: int, key: str, by: str, note: str = "", source: str = ""
) -> Posted:
    with database_errors(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT * FROM charging_post(%s, %s, %s, %s, %s, %s, %s)",
            [account_id, kind.value, amount_u, key, by[:120], note[:255], source[:120]],
        )
        return Posted(*cursor.fetchone())


def _require_maker(actor: Actor) -> None:
    """Whoever may make what an account is behind may open and change it."""
    makers = ("charging", "circuits", "callingcards", "tenancy")
    if not any(actor.can(f"{noun}.edit") for noun in makers):
        actor.require("charging.edit")


def _require_seller(actor: Actor, tenant: Tenant, role: str) -> None:
    """An account is in the hands of whoever sells to its owner; a reseller's never in his own."""
    if not any(tenant.path.startswith(scope) for scope in actor.scopes):
        raise NotFound(_("There is no such customer."), details={"tenant": tenant.pk})
    if role == Account.Role.RESELLER and tenant.path in actor.scopes:
        raise NotAllowed(
            _("A reseller's account is managed by whoever sells to him."),
            details={"tenant": tenant.pk},
        )


def _check_terms(account: Account) -> None:
    """The plans are the seller's, and the limit fits the plan's kind."""
    plan, tenant = account.plan, account.tenant
    # Who owns a card account sells the card.
    seller = tenant if account.role == Account.Role.CARD else tenant.parent or tenant
    for field, sold in (("plan", plan), ("incoming_plan", account.incoming_plan)):
        if sold is not None and sold.tenant_id != seller.pk:
            raise InvalidInput(
                _("Choose a plan of %(seller)s, who sells to %(customer)s.")
                % {"seller": seller, "customer": tenant},
                field=field,
                code="plan-not-sold",
            )
    limit_u = account.limit_u
    if plan.kind == Plan.Kind.PREPAID and limit_u != 0:
        raise InvalidInput(
            _("A prepaid account has no limit below zero; leave it at zero."),
            field="limit_u",
            code="limit-prepaid",
        )
    if plan.kind == Plan.Kind.CONTROL and limit_u is None:
        raise InvalidInput(
            _("A control plan needs its monthly ceiling."), field="limit_u", code="limit-missing"
        )
    if limit_u is not None and not 0 <= limit_u <= MAX_U:
        raise InvalidInput(
            _("The limit is an amount of zero or more."), field="limit_u", code="limit-invalid"
        )


# Rates by id never change, so every batch of the process may share them.
_DECKS: Final = Decks(django_fetch)
