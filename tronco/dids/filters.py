"""Filters of numbers."""

from __future__ import annotations

import re

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from tronco.circuits.models import Circuit
from tronco.dids.models import Did
from tronco.tenancy.models import Tenant
from tronco.ui import filters
from tronco.ui.forms import SearchSelect

_PUNCTUATION = re.compile(r"[\s().+-]")


class DidFilters(filters.FilterSet):
    search = ("e164", "raw", "tenant__name", "supplier")

    tenant = filters.ModelChoiceFilter(
        method="filter_tenant",
        label=_("Owner"),
        queryset=Tenant.objects.all(),
        widget=SearchSelect("tenancy:tenant_options"),
    )
    circuit = filters.ModelChoiceFilter(
        label=_("Rings circuit"),
        queryset=Circuit.objects.all(),
        widget=SearchSelect("circuits:circuit_options"),
    )
    supplier = filters.CharFilter(lookup_expr="icontains", label=_("Supplier"))
    unassigned = filters.BooleanFilter(
        field_name="circuit", lookup_expr="isnull", label=_("Rings nothing")
    )

    class Meta(filters.FilterSet.Meta):
        model = Did
        fields = ("tenant", "circuit", "supplier", "unassigned", "is_active")

    def filter_search(self, rows: QuerySet[Did], name: str, value: str) -> QuerySet[Did]:
        """A number is found however it is written; anything else as in every list."""
        digits = _PUNCTUATION.sub("", value)
        if digits.isdecimal():
            return rows.filter(Q(e164__contains=digits) | Q(raw__contains=digits))
        found: QuerySet[Did] = super().filter_search(rows, name, value)
        return found

    def filter_tenant(self, rows: QuerySet[Did], name: str, value: Tenant) -> QuerySet[Did]:
        """The numbers of a customer, or of everybody below a reseller."""
        return rows.filter(tenant__path__startswith=value.path)
