"""Filters of e-mails."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tronco.mail.models import Email
from tronco.ui import filters


class EmailFilters(filters.FilterSet):
    search = ("recipient", "sender", "subject")

    since = filters.DateTimeFilter(field_name="created_at", lookup_expr="gte", label=_("From"))
    until = filters.DateTimeFilter(field_name="created_at", lookup_expr="lt", label=_("Until"))

    class Meta(filters.FilterSet.Meta):
        model = Email
        fields = ("state", "kind", "since", "until")
