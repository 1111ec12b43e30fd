"""Filters of numbers, ranges and holders."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.timezone import make_aware
from django.utils.translation import gettext_lazy as _

from tronco.circuits.models import Circuit
from tronco.dids.models import Did, DidRegistration, NumberRange, Tenure
from tronco.dids.tables import OF_THE_SUPPLIER, sells
from tronco.tenancy.models import Tenant
from tronco.ui import filters
from tronco.ui.forms import SearchSelect

_PUNCTUATION = re.compile(r"[\s().+-]")


class DidFilters(filters.FilterSet):
    search: Sequence[str] = ("e164", "raw", "tenant__name", "supplier", "description")

    tenant = filters.ModelChoiceFilter(
        method="filter_tenant",
        label=_("Holder"),
        queryset=Tenant.objects.all(),
        widget=SearchSelect("tenancy:tenant_options"),
    )
    range = filters.ModelChoiceFilter(
        label=_("Range"),
        queryset=NumberRange.objects.all(),
        widget=SearchSelect("dids:numberrange_options"),
    )
    circuit = filters.ModelChoiceFilter(
        label=_("Rings circuit"),
        queryset=Circuit.objects.all(),
        widget=SearchSelect("circuits:circuit_options"),
    )
    supplier = filters.CharFilter(lookup_expr="icontains", label=_("Supplier's name"))
    registration = filters.ChoiceFilter(
        field_name="registration__state",
        label=_("Registration"),
        choices=DidRegistration.State.choices,
    )
    unassigned = filters.BooleanFilter(
        field_name="circuit", lookup_expr="isnull", label=_("Rings nothing")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not sells(getattr(self.request, "actor", None)):
            self.search = tuple(name for name in self.search if name not in OF_THE_SUPPLIER)
            for name in OF_THE_SUPPLIER & self.filters.keys():
                del self.filters[name]

    class Meta(filters.FilterSet.Meta):
        model = Did
        fields = (
            "state", "mode", "tenant", "range", "supplier", "registration", "kind", "circuit",
            "unassigned", "reverse_charging", "ported_in", "is_active",
        )  # fmt: skip

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


class RangeFilters(filters.FilterSet):
    search = ("name", "area", "first", "last", "supplier")

    class Meta(filters.FilterSet.Meta):
        model = NumberRange
        fields = ("area", "cancels_itself", "supplier")


class TenureFilters(filters.FilterSet):
    """Who had this number on that date."""

    search = ("holder", "document", "e164")

    number = filters.CharFilter(method="filter_number", label=_("Number"))
    on = filters.DateFilter(method="filter_on", label=_("On the date"))
    tenant = filters.ModelChoiceFilter(
        label=_("Record of the holder"),
        queryset=Tenant.objects.all(),
        widget=SearchSelect("tenancy:tenant_options"),
    )

    class Meta(filters.FilterSet.Meta):
        model = Tenure
        fields = ("number", "on", "tenant")

    def filter_number(self, rows: QuerySet[Tenure], name: str, value: str) -> QuerySet[Tenure]:
        """However it is written."""
        return rows.filter(e164__endswith=_PUNCTUATION.sub("", value))

    def filter_on(self, rows: QuerySet[Tenure], name: str, value: date) -> QuerySet[Tenure]:
        """Whoever held it at any moment of that day."""
        begins, ends = (make_aware(datetime.combine(value, at)) for at in (time.min, time.max))
        return rows.filter(Q(until=None) | Q(until__gte=begins), since__lte=ends)
