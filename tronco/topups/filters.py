"""Filters of requests for credit."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tronco.tenancy.models import Tenant
from tronco.topups.models import TopUp
from tronco.ui import filters
from tronco.ui.forms import SearchSelect
from tronco.ui.urls import is_key


class TopUpFilters(filters.FilterSet):
    search = ("tenant__name", "note", "asked_by", "decided_by", "reason")

    status = filters.ChoiceFilter(choices=TopUp.Status.choices, label=_("Status"))
    tenant = filters.ModelChoiceFilter(
        method="filter_tenant",
        label=_("Customer"),
        queryset=Tenant.objects.all(),
        widget=SearchSelect("tenancy:tenant_options"),
    )
    since = filters.DateTimeFilter(field_name="created_at", lookup_expr="gte", label=_("From"))
    until = filters.DateTimeFilter(field_name="created_at", lookup_expr="lt", label=_("Until"))

    class Meta(filters.FilterSet.Meta):
        model = TopUp
        fields = ("status", "tenant")

    def filter_search(self, rows: Any, name: str, value: str) -> Any:
        """`#7` is a request; mere digits are one too, or a part of a line's number."""
        digits = value.strip().removeprefix("#")
        if not is_key(digits):
            return super().filter_search(rows, name, value)
        is_line = Q(pk__in=[]) if "#" in value else Q(line__contains=digits)
        return rows.filter(Q(pk=int(digits)) | is_line)

    def filter_tenant(self, rows: Any, name: str, value: Tenant) -> Any:
        """The requests of a customer, or of everybody below a reseller and his own."""
        return rows.filter(tenant__path__startswith=value.path)
