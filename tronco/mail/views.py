"""The screen of e-mails: a log that is read (S3-16, S3-17)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tronco.mail import selectors, services
from tronco.mail.filters import EmailFilters
from tronco.mail.models import Email, MailServer
from tronco.mail.pages import LetterPage
from tronco.mail.tables import EmailTable
from tronco.tenancy.models import Tenant
from tronco.ui import lists, panels
from tronco.ui.actions import Action
from tronco.ui.resource import Resource


class EmailList(lists.ListView):
    """Says so when nothing leaves because there is no mail server."""

    template_name = "mail/list.html"

    def list_context(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context = super().list_context(*args, **kwargs)
        return {**context, "has_relay": bool(settings.EMAIL_HOST) or MailServer.objects.exists()}


class EmailLetter(LetterPage):
    """A message as its reader sees it."""

    def html(self) -> str:
        return str(self.object.html)

    def seller(self) -> Tenant:
        tenant: Tenant = self.object.tenant
        return tenant.parent or tenant


def _has_html(email: Email) -> bool:
    return bool(email.html)


def _letter_of(request: Any, email: Email) -> dict[str, Any]:
    return {"letter_url": reverse("mail:email_letter", args=[email.pk])}


class Emails(Resource):
    model, table, filters = Email, EmailTable, EmailFilters
    icon = "mail"
    help = _("What was sent by e-mail, and whether it arrived at the mail server.")
    empty = _("No e-mail has been sent yet.")
    live_s = 10
    state_field = "state"
    list_view = EmailList
    list_links = (
        (_("Templates"), "mail:template_list", "mail.view"),
        (_("Mail servers"), "mail:mailserver_list", "mail.view"),
        (_("Notices"), "mail:notices_list", "mail.view"),
    )
    panels = (
        panels.Fields(
            _("E-mail"), "sender", "recipient", "subject", "created_at", "tenant", "kind"
        ),
        panels.Fields(_("Delivery"), "state", "attempts", "next_at", "sent_at", "error"),
        panels.Html(_("Message"), "mail/panels/letter.html", _letter_of, when=_has_html, wide=True),
        panels.Html(_("Message"), "mail/panels/message.html", when=lambda one: not one.html),
    )
    actions = (
        Action(
            name="resend",
            label=_("Send again"),
            permission="mail.operate",
            icon="send",
            in_rows=False,
            when=lambda email: email.state == Email.State.FAILED,
            run=lambda actor, email, values: (
                services.email_resend(actor=actor, email_id=email.pk) and _("Queued once more.")
            ),
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_emails(actor=actor)

    def row_actions(self, actor: Any, obj: Email) -> list[dict[str, Any]]:
        return [{"url": self.url("detail", obj.pk), "label": _("View"), "icon": "eye"}]
