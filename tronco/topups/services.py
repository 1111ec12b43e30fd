"""Asking for credit, and what becomes of it. The posting itself is charging's."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from tronco.branding.selectors import look_of
from tronco.charging.models import LedgerEntry
from tronco.charging.selectors import list_own_accounts
from tronco.charging.services import ledger_post
from tronco.core.errors import Conflict, InvalidInput, NotAllowed
from tronco.core.money import MICRO, format_brl
from tronco.mail.models import Email
from tronco.mail.services import notice_queue
from tronco.tenancy.access import SYSTEM, Actor
from tronco.tenancy.saving import save_checked
from tronco.topups.models import Receipt, TopUp
from tronco.topups.receipts import read_receipt
from tronco.topups.selectors import get_topup, may_cancel, may_decide

MOST_U = 100_000 * MICRO
MOST_A_DAY = 10
CENT_U = MICRO // 100
TELL_TASK = "topups.tell_asked"


@transaction.atomic
def topup_ask(
    *, actor: Actor, account_id: int, amount_u: int, note: str = "", receipt: bytes | None = None
) -> TopUp:
    """Ask the seller for credit on one of one's own accounts; one request waits at a time."""
    actor.require("topups.edit")
    account = list_own_accounts(actor=actor).filter(pk=account_id).first()
    if account is None:
        raise InvalidInput(
            _("Choose one of your own accounts."), field="account", code="account-not-own"
        )
    _check_amount(amount_u, MOST_U)
    _check_often(actor, account.pk)
    paper = None if receipt is None else read_receipt(receipt)
    topup = TopUp(
        tenant=account.tenant,
        account=account,
        amount_u=amount_u,
        note=" ".join(note.split()),
        asked_by=actor.name[:120],
    )
    try:
        with transaction.atomic():
            save_checked(topup)
    except IntegrityError as error:
        # Two at once: the other was first.
        raise _waits_already() from error
    if paper is not None:
        Receipt.objects.create(
            topup=topup, tenant=topup.tenant, media_type=paper.media_type, content=paper.content
        )
    # The seller's e-mails are out of the asker's reach: the worker writes this one.
    app.configure_task(TELL_TASK).defer(topup_id=topup.pk)
    return topup


@transaction.atomic
def topup_approve(
    *, actor: Actor, topup_id: int, amount_u: int | None = None, reason: str = ""
) -> TopUp:
    """Credit what was asked for, or less with a reason. Again is "already done"."""
    topup = _get_for_decision(actor, topup_id)
    amount_u = topup.amount_u if amount_u is None else amount_u
    if topup.status == TopUp.Status.APPROVED and topup.credited_u == amount_u:
        return topup
    _require_pending(topup)
    _check_amount(amount_u, topup.amount_u)
    if amount_u < topup.amount_u and not reason.strip():
        raise InvalidInput(
            _("Say why it is less than what was asked for."), field="reason", code="reason-missing"
        )
    topup.credited_u = amount_u
    _decide(topup, TopUp.Status.APPROVED, actor, reason)
    ledger_post(
        actor=actor,
        account_id=topup.account_id,
        kind=LedgerEntry.Kind.CREDIT,
        amount_u=amount_u,
        note=topup.reason,
        source=f"topup:{topup.pk}",
        key=f"topup:{topup.pk}",
    )
    _tell_asker(topup, Email.Kind.TOPUP_APPROVED)
    return topup


@transaction.atomic
def topup_refuse(*, actor: Actor, topup_id: int, reason: str) -> TopUp:
    """Say no, and why. Again is "already done"."""
    topup = _get_for_decision(actor, topup_id)
    if topup.status == TopUp.Status.REFUSED:
        return topup
    _require_pending(topup)
    if not reason.strip():
        raise InvalidInput(
            _("Say why; whoever asked reads it."), field="reason", code="reason-missing"
        )
    _decide(topup, TopUp.Status.REFUSED, actor, reason)
    _tell_asker(topup, Email.Kind.TOPUP_REFUSED)
    return topup


@transaction.atomic
def topup_cancel(*, actor: Actor, topup_id: int) -> TopUp:
    """Take one's own request back while it waits. Again is "already done"."""
    topup = get_topup(actor=actor, topup_id=topup_id, lock=True)
    if not may_cancel(actor=actor, topup=topup):
        raise NotAllowed(_("Only whoever asked takes a request back."))
    if topup.status == TopUp.Status.CANCELLED:
        return topup
    _require_pending(topup)
    _decide(topup, TopUp.Status.CANCELLED, actor, "")
    return topup


@transaction.atomic
def topup_tell_asked(*, topup_id: int) -> bool:
    """Tell the seller that somebody asks for credit, once; whether there was anybody to tell."""
    topup = get_topup(actor=SYSTEM, topup_id=topup_id)
    seller = topup.tenant.parent
    if seller is None or topup.status != TopUp.Status.PENDING:
        return False
    email = notice_queue(
        tenant_id=seller.pk,
        kind=Email.Kind.TOPUP_ASKED,
        facts={
            "asker": topup.tenant.name,
            "account": topup.account_name,
            "amount": format_brl(topup.amount_u),
            "note": topup.note or "—",
            "link": _link(topup, seller.path),
        },
        reference=f"topup-asked:{topup.pk}",
    )
    return email is not None


def _get_for_decision(actor: Actor, topup_id: int) -> TopUp:
    actor.require("charging.credit")
    topup = get_topup(actor=actor, topup_id=topup_id, lock=True)
    if not may_decide(actor=actor, topup=topup):
        raise NotAllowed(_("A reseller's account is managed by whoever sells to him."))
    return topup


def _check_amount(amount_u: int, most_u: int) -> None:
    if amount_u <= 0 or amount_u % CENT_U:
        raise InvalidInput(
            _("An amount above zero, in reais and cents."), field="amount_u", code="amount-invalid"
        )
    if amount_u > most_u:
        raise InvalidInput(
            _("At most %(most)s.") % {"most": format_brl(most_u)},
            field="amount_u",
            code="amount-too-large",
        )


def _check_often(actor: Actor, account_id: int) -> None:
    """One request waits at a time, and nobody is asked all day long."""
    asked = TopUp.objects.visible_to(actor).filter(account=account_id)
    if asked.filter(status=TopUp.Status.PENDING).exists():
        raise _waits_already()
    since = timezone.now() - timedelta(days=1)
    if asked.filter(created_at__gt=since).count() >= MOST_A_DAY:
        raise Conflict(
            _("This was asked for %(count)s times in a day; wait a while, or talk to your seller.")
            % {"count": MOST_A_DAY},
            code="topup-too-often",
        )


def _waits_already() -> Conflict:
    return Conflict(
        _("A request for this account waits already; cancel it to ask for another amount."),
        code="topup-waits",
    )


def _require_pending(topup: TopUp) -> None:
    if topup.status != TopUp.Status.PENDING:
        raise Conflict(
            _("Request %(number)s was decided already: %(status)s, by %(who)s.")
            % {
                "number": topup.number,
                "status": topup.get_status_display(),
                "who": topup.decided_by,
            },
            code="topup-decided",
        )


def _decide(topup: TopUp, status: str, actor: Actor, reason: str) -> None:
    topup.status, topup.decided_by = status, actor.name[:120]
    topup.reason, topup.decided_at = " ".join(reason.split()), timezone.now()
    save_checked(topup)


def _tell_asker(topup: TopUp, kind: str) -> None:
    notice_queue(
        tenant_id=topup.tenant_id,
        kind=kind,
        facts={
            "account": topup.account_name,
            "asked": format_brl(topup.amount_u),
            "amount": format_brl(topup.credited_u or 0),
            "reason": topup.reason or "—",
            "link": _link(topup, topup.tenant.path),
        },
        reference=f"topup-decided:{topup.pk}",
    )


def _link(topup: TopUp, path: str) -> str:
    """The address of a request, under the brand of whoever reads it."""
    return look_of(path).site_url + reverse("topups:topup_detail", args=[topup.pk])
