"""Columns of e-mails and of what sellers set up about them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tronco.mail.models import Email, MailServer, Notices, Template
from tronco.ui import tables

STATE_COLORS: dict[str, str] = {
    Email.State.QUEUED: "azure",
    Email.State.SENT: "green",
    Email.State.FAILED: "red",
}


class EmailTable(tables.Table):
    id = tables.LinkColumn(verbose_name="#")
    sender = tables.EmailColumn()
    recipient = tables.EmailColumn()
    created_at = tables.InstantColumn(verbose_name=_("Date/time"))
    tenant = tables.RelatedColumn(verbose_name=_("Customer"), order_by="tenant__name")
    state = tables.BadgeColumn(colors=STATE_COLORS, live=True)

    class Meta(tables.Table.Meta):
        model = Email
        fields = (
            "id", "sender", "recipient", "subject", "created_at", "state", "tenant", "kind",
            "attempts", "error", "sent_at",
        )  # fmt: skip
        default = ("id", "sender", "recipient", "subject", "created_at", "state")


class TemplateTable(tables.Table):
    kind = tables.LinkColumn()
    tenant = tables.RelatedColumn(verbose_name=_("Seller"), order_by="tenant__name")

    class Meta(tables.Table.Meta):
        model = Template
        fields = ("kind", "language", "subject", "tenant")
        default = fields


class MailServerTable(tables.Table):
    host = tables.LinkColumn()
    tenant = tables.RelatedColumn(verbose_name=_("Seller"), order_by="tenant__name")

    class Meta(tables.Table.Meta):
        model = MailServer
        fields = ("host", "port", "security", "username", "sender", "tenant")
        default = ("host", "port", "security", "sender", "tenant")


class NoticesTable(tables.Table):
    tenant = tables.LinkColumn(verbose_name=_("Customer"), order_by="tenant__name")

    class Meta(tables.Table.Meta):
        model = Notices
        fields = ("tenant", "address", "language", "missed_calls", "suspension", "invoice")
        default = fields
