"""Reads of charging: what an account has, what moved it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tronco.catalog.models import Plan
from tronco.charging.models import Account, LedgerEntry
from tronco.core.errors import NotFound
from tronco.tenancy.access import Actor


@dataclass(frozen=True, slots=True)
class Saldo:
    """What a screen shows as the balance of an account, in µR$.

    `shown_u` is what is still available for calls when prepaid, and what calls used in the open
    cycle otherwise (`is_used`). `available_u` None means that there is no limit.
    """

    shown_u: int
    is_used: bool
    balance_u: int
    held_u: int
    used_u: int
    available_u: int | None


def account_saldo(account: Account) -> Saldo:
    """Tell the balance of an account in the way of its plan."""
    available_u = None
    if account.limit_u is not None:
        available_u = account.balance_u - account.held_u + account.limit_u
    is_used = account.plan.kind != Plan.Kind.PREPAID
    return Saldo(
        shown_u=account.used_u if is_used else account.balance_u - account.held_u,
        is_used=is_used,
        balance_u=account.balance_u,
        held_u=account.held_u,
        used_u=account.used_u,
        available_u=available_u,
    )


def list_accounts(*, actor: Actor) -> QuerySet[Account]:
    """Return the accounts with what their balance is told by."""
    return Account.objects.visible_to(actor).select_related("tenant", "plan")


def list_own_accounts(*, actor: Actor) -> QuerySet[Account]:
    """Return the accounts that the actor pays by and his seller credits.

    A customer's are behind his circuits, a reseller has one. Without a limit none needs credit.
    """
    own = list_accounts(actor=actor).filter(tenant__path__in=actor.scopes).exclude(limit_u=None)
    # Somebody of a seller to whom some customers were given has their paths: he credits them.
    is_seller = actor.can("charging.credit")
    roles = [Account.Role.RESELLER, *([] if is_seller else [Account.Role.CIRCUIT])]
    return own.filter(role__in=roles)


def get_account(*, actor: Actor, account_id: int, lock: bool = False) -> Account:
    """Return an account, or raise NotFound."""
    rows = Account.objects.visible_to(actor)
    if lock:
        rows = rows.select_for_update(no_key=True)
    account = rows.filter(pk=account_id).first()
    if account is None:
        raise NotFound(
            _("There is no such account."),
            code="account-unknown",
            details={"account": account_id},
        )
    return account


def list_entries(*, actor: Actor, account_id: int) -> QuerySet[LedgerEntry]:
    """Return the statement of an account, the newest first; each entry knows its balance before."""
    return LedgerEntry.objects.visible_to(actor).filter(account=account_id)
