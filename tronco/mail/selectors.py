"""Reads of e-mails."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tronco.core.errors import NotFound
from tronco.mail.models import Email
from tronco.tenancy.access import Actor


def list_emails(*, actor: Actor) -> QuerySet[Email]:
    """Return the e-mails of everybody below, without their attachments."""
    return Email.objects.visible_to(actor).select_related("tenant").defer("attachment")


def get_email(*, actor: Actor, email_id: int, lock: bool = False) -> Email:
    """Return an e-mail, or raise NotFound."""
    rows = Email.objects.visible_to(actor).defer("attachment")
    if lock:
        rows = rows.select_for_update()
    email = rows.filter(pk=email_id).first()
    if email is None:
        raise NotFound(_("There is no such e-mail."))
    return email
