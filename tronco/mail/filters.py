"""Filters of e-mails and of what sellers set up about them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tronco.mail.models import Email, MailServer, Notices, Template
from tronco.ui import filters


class EmailFilters(filters.FilterSet):
    search = ("recipient", "sender", "subject")

    since = filters.DateTimeFilter(field_name="created_at", lookup_expr="gte", label=_("From"))
    until = filters.DateTimeFilter(field_name="created_at", lookup_expr="lt", label=_("Until"))

    class Meta(filters.FilterSet.Meta):
        model = Email
        fields = ("state", "kind", "since", "until")


class TemplateFilters(filters.FilterSet):
    search = ("subject", "text")

    class Meta(filters.FilterSet.Meta):
        model = Template
        fields = ("kind", "language")


class MailServerFilters(filters.FilterSet):
    search = ("host", "sender", "tenant__name")

    class Meta(filters.FilterSet.Meta):
        model = MailServer
        fields = ("security",)


class NoticesFilters(filters.FilterSet):
    search = ("tenant__name", "address")

    class Meta(filters.FilterSet.Meta):
        model = Notices
        fields = ("missed_calls", "language")
