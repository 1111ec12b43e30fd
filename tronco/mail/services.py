"""Everything that happens to an e-mail: queued with what it tells of, delivered, tried again."""

from __future__ import annotations

import mimetypes
import smtplib
from datetime import datetime, timedelta
from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app

from tronco.core.errors import Conflict
from tronco.mail.models import Email
from tronco.mail.selectors import get_email
from tronco.mail.smtp import describe, is_permanent
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.saving import save_checked

# How long after each failure it is tried again; after the last it has failed.
RETRY_AFTER = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720))
MOST_AT_ONCE = 200
DELIVER_TASK = "mail.deliver"


@transaction.atomic
def email_queue(
    *,
    tenant_id: int,
    kind: str,
    recipient: str,
    subject: str,
    text: str,
    html: str = "",
    attachment: bytes | None = None,
    attachment_name: str = "",
) -> Email:
    """Queue a message of a tenant; it leaves if, and as soon as, this transaction is committed."""
    tenant = Tenant.objects.select_related("parent").get(pk=tenant_id)
    email = Email(
        tenant=tenant,
        kind=kind,
        sender=_sender(tenant.parent or tenant),
        recipient=recipient,
        # A line's end would begin another header.
        subject=" ".join(subject.split())[:200],
        text=text,
        html=html,
        attachment=attachment,
        attachment_name=attachment_name,
        next_at=timezone.now(),
    )
    save_checked(email)
    _deliver_soon(email)
    return email


@transaction.atomic
def email_resend(*, actor: Actor, email_id: int) -> Email:
    """Begin anew with a message that has failed."""
    actor.require("mail.operate")
    email = get_email(actor=actor, email_id=email_id, lock=True)
    if email.state != Email.State.FAILED:
        raise Conflict(_("Only a message that has failed is sent again."), code="email-not-failed")
    email.state, email.attempts, email.error = Email.State.QUEUED, 0, ""
    email.next_at = timezone.now()
    email.save()
    _deliver_soon(email)
    return email


@transaction.atomic
def email_deliver(*, email_id: int, at: datetime) -> bool:
    """Try to deliver a message that is due; tell whether it was sent.

    Nobody else tries meanwhile. Should we die after the mail server took it and before that is
    written down, it is sent twice, under the same Message-ID.
    """
    email = (
        Email.objects.select_for_update(skip_locked=True)
        .filter(pk=email_id, state=Email.State.QUEUED, next_at__lte=at)
        .first()
    )
    if email is None or not settings.EMAIL_HOST:
        return False
    email.attempts += 1
    try:
        _message(email).send()
    except (OSError, smtplib.SMTPException, ValueError) as problem:
        _note_failure(email, problem, at)
    else:
        email.state, email.error, email.next_at = Email.State.SENT, "", None
        email.sent_at, email.attachment = at, None
    email.save()
    return email.state == Email.State.SENT


def emails_deliver_due(*, at: datetime) -> int:
    """Deliver what is due, whatever became of its task; return how many were sent."""
    due = Email.objects.filter(state=Email.State.QUEUED, next_at__lte=at).order_by("next_at")
    ids = list(due.values_list("pk", flat=True)[:MOST_AT_ONCE])
    return sum(email_deliver(email_id=email_id, at=at) for email_id in ids)


def _deliver_soon(email: Email) -> None:
    app.configure_task(DELIVER_TASK).defer(email_id=email.pk)


def _note_failure(email: Email, problem: Exception, at: datetime) -> None:
    email.error = describe(problem)[:400]
    if is_permanent(problem) or email.attempts > len(RETRY_AFTER):
        email.state, email.next_at = Email.State.FAILED, None
    else:
        email.next_at = at + RETRY_AFTER[email.attempts - 1]


def _message(email: Email) -> EmailMultiAlternatives:
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2]
    message = EmailMultiAlternatives(
        subject=email.subject,
        body=email.text,
        from_email=email.sender,
        to=[email.recipient],
        headers={
            "Message-ID": f"<tronco-{email.pk}@{domain}>",
            # No out-of-office answers, please.
            "Auto-Submitted": "auto-generated",
        },
    )
    if email.html:
        message.attach_alternative(email.html, "text/html")
    if email.attachment is not None:
        kind = mimetypes.guess_type(email.attachment_name)[0] or "application/octet-stream"
        message.attach(email.attachment_name, bytes(email.attachment), kind)
    return message


def _sender(seller: Tenant) -> str:
    """In the seller's name, from the one address that our mail server may use."""
    return formataddr((seller.name, settings.DEFAULT_FROM_EMAIL))
