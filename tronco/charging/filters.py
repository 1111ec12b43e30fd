"""Filters of resellers' accounts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tronco.catalog.models import Plan
from tronco.charging.models import Account
from tronco.ui import filters


class ResellerAccountFilters(filters.FilterSet):
    search = ("tenant__name", "plan__name")

    kind = filters.ChoiceFilter(
        field_name="plan__kind", label=_("Kind of plan"), choices=Plan.Kind.choices
    )

    class Meta(filters.FilterSet.Meta):
        model = Account
        fields = ("kind", "status")
