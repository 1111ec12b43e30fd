"""Filters of statements and of resellers' accounts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tronco.catalog.models import Plan
from tronco.charging.models import Account, LedgerEntry
from tronco.ui import filters


class StatementFilters(filters.FilterSet):
    search = ("note", "actor")

    since = filters.DateTimeFilter(field_name="at", lookup_expr="gte", label=_("From"))
    until = filters.DateTimeFilter(field_name="at", lookup_expr="lt", label=_("Until"))

    class Meta(filters.FilterSet.Meta):
        model = LedgerEntry
        fields = ("kind",)


class ResellerAccountFilters(filters.FilterSet):
    search = ("tenant__name", "plan__name")

    kind = filters.ChoiceFilter(
        field_name="plan__kind", label=_("Kind of plan"), choices=Plan.Kind.choices
    )

    class Meta(filters.FilterSet.Meta):
        model = Account
        fields = ("kind", "status")
