"""Filters of customers and resellers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from tronco.tenancy.models import Tenant
from tronco.ui import filters
from tronco.ui.forms import SearchSelect


class TenantFilters(filters.FilterSet):
    """Removed ones show only when asked for."""

    search: Sequence[str] = ("name", "email", "document", "contact")
    parent = filters.ModelChoiceFilter(
        queryset=Tenant.objects.all(),
        label=_("Directly below"),
        widget=SearchSelect("tenancy:reseller_options"),
    )

    class Meta(filters.FilterSet.Meta):
        model = Tenant
        fields: Sequence[str] = ("status", "person", "parent")

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().filter_queryset(queryset)
        if self.form.cleaned_data.get("status"):
            return rows
        return rows.exclude(status=Tenant.Status.REMOVED)
