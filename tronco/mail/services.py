"""Everything that happens to an e-mail: queued with what it tells of, delivered, tried again."""

from __future__ import annotations

import mimetypes
import smtplib
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, timedelta
from email.mime.image import MIMEImage

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateEvent

from tronco.branding.selectors import find_logo, look_of
from tronco.core.errors import Conflict, Unavailable
from tronco.mail.connections import connect
from tronco.mail.kinds import get_kind
from tronco.mail.letters import LOGO, hide, letter_of, write_letter
from tronco.mail.models import Email
from tronco.mail.selectors import Way, find_notices, find_way, find_words, get_email, get_server
from tronco.mail.smtp import Relay, describe, is_permanent
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.saving import save_checked

# How long after each failure it is tried again; after the last it has failed.
RETRY_AFTER = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720))
MOST_AT_ONCE = 200
FAILURES_SINCE = timedelta(minutes=15)
DELIVER_TASK = "mail.deliver"
# What a mail server, or the way to it, may answer; Unavailable: what is encrypted does not open.
PROBLEMS = (OSError, smtplib.SMTPException, ValueError, Unavailable)


@transaction.atomic
def notice_queue(
    *,
    tenant_id: int,
    kind: str,
    facts: Mapping[str, str],
    recipient: str = "",
    language: str = "",
    reference: str = "",
    attachment: bytes | None = None,
    attachment_name: str = "",
) -> Email | None:
    """Queue an e-mail of one of `kinds.KINDS` in the words of the nearest template.

    It goes to `recipient` or else where the customer wants his notices; None if that is nowhere,
    or if the same `reference` was told before. `facts` are what the kind has places for.
    """
    tenant = Tenant.objects.select_related("parent").get(pk=tenant_id)
    notices = find_notices(tenant)
    recipient = recipient or notices.address or tenant.email
    if not recipient or (reference and Email.objects.filter(reference=reference).exists()):
        return None
    seller = tenant.parent or tenant
    words = find_words(seller=seller, kind=kind, language=language or notices.language)
    secret = [name for name, place in get_kind(kind).places.items() if place.is_secret]
    # The log shows the place; what belongs there is put in as the message leaves.
    shown = {**facts, "customer": tenant.name, **{name: f"{{{name}}}" for name in secret}}
    letter = write_letter(words, seller, shown)
    return email_queue(
        tenant_id=tenant_id,
        kind=kind,
        recipient=recipient,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        hidden={name: facts[name] for name in secret if name in facts},
        reference=reference,
        attachment=attachment,
        attachment_name=attachment_name,
    )


def suspension_tell(*, tenant: Tenant) -> None:
    """Tell a customer or a reseller that all he has is suspended, unless he wants no notice."""
    if find_notices(tenant).suspension:
        facts = {"at": f"{timezone.localtime():%d/%m/%Y %H:%M}"}
        notice_queue(tenant_id=tenant.pk, kind=Email.Kind.SERVICES_BLOCKED, facts=facts)


@transaction.atomic
def email_queue(
    *,
    tenant_id: int,
    kind: str,
    recipient: str,
    subject: str,
    text: str,
    html: str = "",
    hidden: Mapping[str, str] | None = None,
    reference: str = "",
    attachment: bytes | None = None,
    attachment_name: str = "",
) -> Email:
    """Queue a message of a tenant; it leaves if, and as soon as, this transaction is committed.

    `hidden` are facts that the log does not show; `text` has their places.
    """
    tenant = Tenant.objects.select_related("parent").get(pk=tenant_id)
    email = Email(
        tenant=tenant,
        kind=kind,
        sender=find_way(tenant.parent or tenant).sender,
        recipient=recipient,
        # A line's end would begin another header.
        subject=" ".join(subject.split())[:200],
        text=text,
        html=html,
        hidden_encrypted=hide(hidden or {}),
        reference=reference,
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
    if email is None:
        return False
    way = find_way(email.tenant.parent or email.tenant)
    try:
        relay = way.relay()
        if not relay.host:
            return False
        _send(email, way, relay)
    except PROBLEMS as problem:
        _note_failure(email, problem, at)
    else:
        _note_success(email, at)
    email.save()
    return email.state == Email.State.SENT


def server_test(*, actor: Actor, server_id: int, recipient: str) -> Email:
    """Send a message by a seller's server, now; raise Unavailable with what went wrong."""
    actor.require("mail.edit")
    server = get_server(actor=actor, server_id=server_id)
    way = find_way(server.tenant)
    email = Email(
        tenant=server.tenant,
        kind=Email.Kind.TEST,
        sender=way.sender,
        recipient=recipient,
        subject=_("Test of the mail server"),
        text=_("This message left by %(server)s. E-mails of %(seller)s leave the same way.")
        % {"server": server, "seller": server.tenant},
    )
    email.clean_fields(exclude=["tenant"])
    try:
        _send(email, way, way.relay())
    except PROBLEMS as problem:
        raise Unavailable(
            _("The mail server did not take it: %(error)s") % {"error": describe(problem)},
            code="mail-not-taken",
        ) from problem
    _note_success(email, timezone.now())
    email.save()
    return email


def failed_tasks_tell(*, at: datetime) -> int:
    """Tell the master which background tasks have failed lately, of each task once an hour."""
    failures = (
        ProcrastinateEvent.objects.filter(type="failed", at__gt=at - FAILURES_SINCE, at__lte=at)
        .select_related("job")
        .order_by("at")
    )
    master = Tenant.objects.filter(kind=Tenant.Kind.MASTER).first()
    if master is None:
        return 0
    told = 0
    for failure in failures:
        job, when = failure.job, timezone.localtime(failure.at)
        email = notice_queue(
            tenant_id=master.pk,
            kind=Email.Kind.TASK_FAILED,
            facts={
                "task": job.task_name,
                "number": str(job.pk),
                "at": f"{when:%d/%m/%Y %H:%M}",
            },
            reference=f"task_failed:{job.task_name[:80]}:{when:%Y%m%d%H}",
        )
        told += email is not None
    return told


def emails_deliver_due(*, at: datetime) -> int:
    """Deliver what is due, whatever became of its task; return how many were sent."""
    due = Email.objects.filter(state=Email.State.QUEUED, next_at__lte=at).order_by("next_at")
    ids = list(due.values_list("pk", flat=True)[:MOST_AT_ONCE])
    return sum(email_deliver(email_id=email_id, at=at) for email_id in ids)


def _deliver_soon(email: Email) -> None:
    app.configure_task(DELIVER_TASK).defer(email_id=email.pk)


def _send(email: Email, way: Way, relay: Relay) -> None:
    """Hand it over, in the name and from the address that the way out has now."""
    email.sender = way.sender
    message = _message(email, way)
    with closing(connect(relay)) as connection:
        message.connection = connection
        message.send()


def _note_success(email: Email, at: datetime) -> None:
    email.attempts += 1
    email.state, email.error, email.next_at = Email.State.SENT, "", None
    email.sent_at, email.attachment, email.hidden_encrypted = at, None, ""


def _logo_in(html: str, email: Email) -> MIMEImage | None:
    """The seller's logo, where the letter has its place."""
    look = look_of((email.tenant.parent or email.tenant).path)
    logo = find_logo(look.logo_hash) if LOGO in html and look.logo_hash else None
    if logo is None:
        return None
    image = MIMEImage(logo, "png")
    image.add_header("Content-ID", "<logo>")
    image.add_header("Content-Disposition", "inline", filename="logo.png")
    return image


def _note_failure(email: Email, problem: Exception, at: datetime) -> None:
    email.attempts += 1
    email.error = describe(problem)[:400]
    if is_permanent(problem) or email.attempts > len(RETRY_AFTER):
        email.state, email.next_at = Email.State.FAILED, None
    else:
        email.next_at = at + RETRY_AFTER[email.attempts - 1]


def _message(email: Email, way: Way) -> EmailMultiAlternatives:
    domain = way.address.rpartition("@")[2]
    letter = letter_of(email)
    message = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        from_email=email.sender,
        to=[email.recipient],
        headers={
            "Message-ID": f"<tronco-{email.pk}@{domain}>",
            # No out-of-office answers, please.
            "Auto-Submitted": "auto-generated",
        },
    )
    if letter.html:
        message.attach_alternative(letter.html, "text/html")
        if logo := _logo_in(letter.html, email):
            message.attach(logo)
    if email.attachment is not None:
        kind = mimetypes.guess_type(email.attachment_name)[0] or "application/octet-stream"
        message.attach(email.attachment_name, bytes(email.attachment), kind)
    return message
