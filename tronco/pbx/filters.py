"""Filters of schedules, menus, groups, lines' services, portal and voicemail."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from tronco.circuits.models import Circuit
from tronco.pbx.models import Menu, PortalCaller, Prompt, Queue, Schedule, Voicemail
from tronco.tenancy.models import Tenant
from tronco.ui import filters
from tronco.ui.forms import SearchSelect

_PUNCTUATION = re.compile(r"[\s().+-]")


class OwnedFilters(filters.FilterSet):
    """What a tenant owns, or anybody below him."""

    tenant = filters.ModelChoiceFilter(
        method="filter_tenant",
        label=_("Owner"),
        queryset=Tenant.objects.all(),
        widget=SearchSelect("tenancy:tenant_options"),
    )

    def filter_tenant(self, rows: QuerySet[Any], name: str, value: Tenant) -> QuerySet[Any]:
        return rows.filter(tenant__path__startswith=value.path)


class ScheduleFilters(OwnedFilters):
    search = ("name", "tenant__name")

    class Meta(filters.FilterSet.Meta):
        model = Schedule
        fields = ("tenant", "national_holidays")


class MenuFilters(OwnedFilters):
    search = ("name", "tenant__name")

    schedule = filters.ModelChoiceFilter(
        label=_("Schedule"),
        queryset=Schedule.objects.all(),
        widget=SearchSelect("pbx:schedule_options"),
    )

    class Meta(filters.FilterSet.Meta):
        model = Menu
        fields = ("tenant", "schedule", "dials_extensions")


class QueueFilters(OwnedFilters):
    search = ("name", "extension", "tenant__name")

    waiting = filters.BooleanFilter(
        field_name="callers", lookup_expr="isnull", exclude=True, label=_("Somebody is waiting")
    )

    class Meta(filters.FilterSet.Meta):
        model = Queue
        fields = ("tenant", "strategy", "waiting")


class LineFilters(OwnedFilters):
    search = ("number", "tenant__name", "description", "service__extension")

    voicemail = filters.BooleanFilter(field_name="service__voicemail", label=_("Voicemail"))
    follow_me = filters.BooleanFilter(method="filter_follow_me", label=_("Follow-me"))
    pickup_group = filters.CharFilter(field_name="service__pickup_group", label=_("Pick-up group"))

    class Meta(filters.FilterSet.Meta):
        model = Circuit
        fields = ("tenant", "voicemail", "follow_me", "pickup_group")

    def filter_follow_me(
        self, rows: QuerySet[Circuit], name: str, value: bool
    ) -> QuerySet[Circuit]:
        """Lines whose calls go elsewhere, always or sometimes."""
        on = (
            Q(service__always__gt="")
            | Q(service__busy__gt="")
            | Q(service__no_answer__gt="")
            | Q(service__offline__gt="")
        )
        return rows.filter(on) if value else rows.exclude(on)


class PortalCallerFilters(OwnedFilters):
    search = ("number", "circuit__number", "tenant__name", "description")

    circuit = filters.ModelChoiceFilter(
        label=_("Line that pays"),
        queryset=Circuit.objects.all(),
        widget=SearchSelect("circuits:circuit_options"),
    )

    class Meta(filters.FilterSet.Meta):
        model = PortalCaller
        fields = ("tenant", "circuit", "is_active")

    def filter_search(self, rows: QuerySet[Any], name: str, value: str) -> Any:
        """A telephone is found however it is written."""
        digits = _PUNCTUATION.sub("", value)
        if digits.isdecimal():
            return rows.filter(Q(number__contains=digits) | Q(circuit__number__contains=digits))
        return super().filter_search(rows, name, value)


class OwnMessageFilters(filters.FilterSet):
    search = ("caller",)

    heard = filters.BooleanFilter(
        field_name="heard_at", lookup_expr="isnull", exclude=True, label=_("Heard")
    )
    since = filters.DateFilter(field_name="at", lookup_expr="date__gte", label=_("Since"))

    class Meta(filters.FilterSet.Meta):
        model = Voicemail
        fields = ("heard", "since")


class VoicemailFilters(OwnedFilters):
    search = ("caller", "circuit__number", "tenant__name")

    circuit = filters.ModelChoiceFilter(
        label=_("Line"),
        queryset=Circuit.objects.all(),
        widget=SearchSelect("circuits:circuit_options"),
    )
    heard = filters.BooleanFilter(
        field_name="heard_at", lookup_expr="isnull", exclude=True, label=_("Heard")
    )
    since = filters.DateFilter(field_name="at", lookup_expr="date__gte", label=_("Since"))

    class Meta(filters.FilterSet.Meta):
        model = Voicemail
        fields = ("tenant", "circuit", "heard", "since")


class PromptFilters(OwnedFilters):
    search = ("name", "text", "tenant__name")

    replaces = filters.BooleanFilter(
        method="filter_replaces", label=_("Replaces a prompt of the system")
    )

    class Meta(filters.FilterSet.Meta):
        model = Prompt
        fields = ("tenant", "replaces")

    def filter_replaces(self, rows: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        return rows.exclude(system_key="") if value else rows.filter(system_key="")
