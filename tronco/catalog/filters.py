"""Filters of the catalogue's lists."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tronco.catalog.models import Allowance, CallClass, Plan, Rate, Tariff, TariffVersion
from tronco.ui import filters
from tronco.ui.forms import SearchSelect

# A version as it is called: v12.
_NUMBER = re.compile(r"v[0-9]{1,6}")


class PlanFilters(filters.FilterSet):
    search = ("name", "tariff__name", "tenant__name")

    class Meta(filters.FilterSet.Meta):
        model = Plan
        fields = ("kind", "tariff", "tenant", "is_active")


class AllowanceFilters(filters.FilterSet):
    search = ("name", "plan__name")

    class Meta(filters.FilterSet.Meta):
        model = Allowance
        fields = ("plan", "unit")


class TariffFilters(filters.FilterSet):
    search = ("name", "tenant__name")

    class Meta(filters.FilterSet.Meta):
        model = Tariff
        fields = ("kind", "tenant")


class VersionFilters(filters.FilterSet):
    search = ("tariff__name", "source")

    class Meta(filters.FilterSet.Meta):
        model = TariffVersion
        fields = ("tariff", "status")

    def filter_search(self, rows: Any, name: str, value: str) -> Any:
        words = value.split()
        for number in (word[1:] for word in words if _NUMBER.fullmatch(word)):
            rows = rows.filter(number=int(number))
        rest = " ".join(word for word in words if not _NUMBER.fullmatch(word))
        return super().filter_search(rows, name, rest)


class RateFilters(filters.FilterSet):
    """A number finds the prefixes that begin with it, and those by which it would be priced."""

    search = ("description",)
    version = filters.ModelChoiceFilter(
        queryset=TariffVersion.objects.select_related("tariff"),
        label=_("Version"),
        widget=SearchSelect("catalog:version_options"),
    )
    call_class = filters.ChoiceFilter(choices=CallClass.choices, label=_("Call class"))
    by_hour = filters.BooleanFilter(
        field_name="windows", lookup_expr="isnull", exclude=True, label=_("By the hour")
    )

    class Meta(filters.FilterSet.Meta):
        model = Rate
        fields = ("version", "call_class")

    def filter_search(self, rows: Any, name: str, value: str) -> Any:
        for word in value.split():
            digits = word.lstrip("+")
            if digits.isascii() and digits.isdigit():
                heads = [digits[:length] for length in range(1, len(digits) + 1)]
                rows = rows.filter(Q(prefix__startswith=digits) | Q(prefix__in=heads))
            else:
                rows = rows.filter(description__unaccent__icontains=word)
        return rows
