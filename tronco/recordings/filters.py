"""Filters of recordings and of whose calls are recorded."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from tronco.circuits.models import Circuit
from tronco.numbering.classify import classify
from tronco.pbx.filters import OwnedFilters
from tronco.recordings.models import Recording, Rule
from tronco.ui import filters
from tronco.ui.forms import SearchSelect


class RuleFilters(OwnedFilters):
    search = ("circuit__number", "queue__name", "did__e164", "tenant__name")

    class Meta(filters.FilterSet.Meta):
        model = Rule
        fields = ("tenant", "direction")


class CallFilters(filters.FilterSet):
    """Recordings by when they were made, and with whom."""

    search: tuple[str, ...] = ("caller", "called")

    since = filters.DateFilter(field_name="at", lookup_expr="date__gte", label=_("Since"))
    until = filters.DateFilter(field_name="at", lookup_expr="date__lte", label=_("Until"))
    number = filters.CharFilter(method="filter_number", label=_("Number"))
    at_least_s = filters.NumberFilter(
        method="filter_at_least", label=_("At least (seconds)"), min_value=0
    )

    def filter_number(
        self, rows: QuerySet[Recording], name: str, value: str
    ) -> QuerySet[Recording]:
        """Calls from or to a number, however it is written."""
        full = classify(value).e164
        if full:
            return rows.filter(Q(caller=full) | Q(called=full))
        return rows.filter(Q(caller__contains=value) | Q(called__contains=value))

    def filter_at_least(
        self, rows: QuerySet[Recording], name: str, value: Any
    ) -> QuerySet[Recording]:
        """Those of so many seconds and more."""
        return rows.filter(duration_ms__gte=int(value * 1000))

    class Meta(filters.FilterSet.Meta):
        model = Recording
        fields = ("since", "until", "number", "direction", "at_least_s")


class RecordingFilters(CallFilters, OwnedFilters):
    search = ("caller", "called", "circuit__number", "tenant__name")

    circuit = filters.ModelChoiceFilter(
        label=_("Line"),
        queryset=Circuit.objects.all(),
        widget=SearchSelect("circuits:circuit_options"),
    )

    class Meta(filters.FilterSet.Meta):
        model = Recording
        fields = (
            "tenant", "since", "until", "circuit", "number", "direction", "at_least_s", "is_kept",
        )  # fmt: skip
