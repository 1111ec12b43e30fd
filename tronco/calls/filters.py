"""Filters of calls: one set for the list, its totals and its export."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tronco.calls.models import CLASS_CHOICES, Cdr, Direction
from tronco.charging.models import Authorization
from tronco.charging.reasons import REASONS
from tronco.circuits.models import Circuit
from tronco.dids.models import Did
from tronco.numbering.classify import classify
from tronco.routing.models import Trunk
from tronco.tenancy.models import Tenant
from tronco.ui import filters
from tronco.ui.forms import SearchSelect

DAYS_SHOWN = 7
REASON_CHOICES = [(reason.id, reason.message) for reason in REASONS.values()]


class TenantFilter(filters.ModelChoiceFilter):  # type: ignore[misc]
    """A customer, or a reseller with everybody below him."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Customer"),
            queryset=Tenant.objects.all(),
            widget=SearchSelect("tenancy:tenant_options"),
        )

    def filter(self, qs: QuerySet[Any], value: Tenant | None) -> QuerySet[Any]:
        if value is None:
            return qs
        below = Tenant.objects.filter(path__startswith=value.path)
        return qs.filter(tenant_id__in=below.values("pk"))


class CircuitFilter(filters.ModelChoiceFilter):  # type: ignore[misc]
    """A circuit. Its account is asked as well: that is what call records are ordered by."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Circuit"),
            queryset=Circuit.objects.all(),
            widget=SearchSelect("circuits:circuit_options"),
        )

    def filter(self, qs: QuerySet[Any], value: Circuit | None) -> QuerySet[Any]:
        if value is None:
            return qs
        return qs.filter(account_id=value.account_id, circuit_id=value.pk)


class CdrFilters(filters.FilterSet):
    search = ("caller", "called", "dialled")

    since = filters.DateTimeFilter(field_name="started_at", lookup_expr="gte", label=_("From"))
    until = filters.DateTimeFilter(field_name="started_at", lookup_expr="lt", label=_("Until"))
    tenant = TenantFilter()
    circuit = CircuitFilter()
    number = filters.CharFilter(method="filter_number", label=_("Number"))
    direction = filters.ChoiceFilter(choices=Direction.choices, label=_("Direction"))
    call_class = filters.ChoiceFilter(choices=CLASS_CHOICES, label=_("Class"))
    outcome = filters.ChoiceFilter(choices=Cdr.Outcome.choices, label=_("Outcome"))
    reason = filters.ChoiceFilter("told_reason", choices=REASON_CHOICES, label=_("Reason"))
    trunk = filters.ModelChoiceFilter(queryset=Trunk.objects.all(), label=_("Trunk"))
    at_least_s = filters.NumberFilter(
        method="filter_at_least", label=_("At least (seconds)"), min_value=0
    )

    class Meta(filters.FilterSet.Meta):
        model = Cdr
        fields = ("since", "until", "tenant", "circuit", "number", "direction", "call_class")

    def filter_number(self, rows: QuerySet[Cdr], name: str, value: str) -> QuerySet[Cdr]:
        """Calls from or to a number, however it is written."""
        full = classify(value).e164
        if full:
            return rows.filter(caller=full) | rows.filter(called=full)
        return rows.filter(caller__contains=value) | rows.filter(called__contains=value)

    def filter_at_least(self, rows: QuerySet[Cdr], name: str, value: Any) -> QuerySet[Cdr]:
        """Calls that lasted at least so many seconds."""
        return rows.filter(duration_ms__gte=int(value * 1000))


class OwnCallFilters(filters.FilterSet):
    search = ("caller", "called")

    since = filters.DateTimeFilter(field_name="started_at", lookup_expr="gte", label=_("From"))
    until = filters.DateTimeFilter(field_name="started_at", lookup_expr="lt", label=_("Until"))
    direction = filters.ChoiceFilter(choices=Direction.choices, label=_("Direction"))
    outcome = filters.ChoiceFilter(choices=Cdr.Outcome.choices, label=_("Outcome"))

    class Meta(filters.FilterSet.Meta):
        model = Cdr
        fields = ("since", "until", "direction", "outcome")


class LiveFilters(filters.FilterSet):
    search = ("caller", "called", "dialled")

    tenant = TenantFilter()
    circuit = CircuitFilter()
    direction = filters.ChoiceFilter(choices=Direction.choices, label=_("Direction"))
    call_class = filters.ChoiceFilter(choices=CLASS_CHOICES, label=_("Class"))

    class Meta(filters.FilterSet.Meta):
        model = Authorization
        fields = ("tenant", "circuit", "direction", "call_class")


class RefusedFilters(filters.FilterSet):
    """What was refused at numbers, in the last days."""

    search = ("caller", "dialled")

    days = filters.ChoiceFilter(
        method="filter_days", label=_("Last days"), choices=[(n, str(n)) for n in (1, 7, 30, 90)]
    )
    did = filters.ModelChoiceFilter(
        label=_("Number"), queryset=Did.objects.all(), widget=SearchSelect("dids:did_options")
    )
    tenant = TenantFilter()
    reason = filters.ChoiceFilter("told_reason", choices=REASON_CHOICES, label=_("Reason"))

    class Meta(filters.FilterSet.Meta):
        model = Cdr
        fields = ("days", "did", "tenant", "reason")

    def filter_days(self, rows: QuerySet[Cdr], name: str, value: str) -> QuerySet[Cdr]:
        return rows.filter(started_at__gte=timezone.now() - timedelta(days=int(value)))

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Without a choice, the days shown first: the records are many."""
        rows: QuerySet[Any] = super().filter_queryset(queryset)
        if self.form.cleaned_data.get("days"):
            return rows
        return self.filter_days(rows, "days", str(DAYS_SHOWN))
