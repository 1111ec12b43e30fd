"""Filters of circuits: one set for the list, its export and its bulk changes."""

from __future__ import annotations

import django_filters
from django.db import models
from django.utils.translation import gettext_lazy as _

from tronco.catalog.models import Plan
from tronco.centrals.selectors import list_usable_centrals
from tronco.circuits.models import Circuit
from tronco.tenancy.models import Tenant
from tronco.ui import filters
from tronco.ui.forms import MoneyField, SearchSelect


class MoneyFilter(django_filters.Filter):  # type: ignore[misc]
    """An amount of reais."""

    field_class = MoneyField


def central_choices() -> list[tuple[int, str]]:
    """Every central: they are the master's, but everybody's circuits are on them."""
    return [(central.pk, central.name) for central in list_usable_centrals()]


class CircuitFilters(filters.FilterSet):
    search = ("number", "tenant__name", "description", "caller_number", "registration__address")

    tenant = filters.ModelChoiceFilter(
        method="filter_tenant",
        label=_("Customer"),
        queryset=Tenant.objects.all(),
        widget=SearchSelect("tenancy:tenant_options"),
    )
    plan = filters.ModelChoiceFilter(
        field_name="account__plan",
        label=_("National plan"),
        queryset=Plan.objects.all(),
        widget=SearchSelect("catalog:plan_options"),
    )
    kind = filters.ChoiceFilter(
        field_name="account__plan__kind", label=_("Kind of plan"), choices=Plan.Kind.choices
    )
    central = filters.ChoiceFilter(
        field_name="central", label=_("Central"), choices=central_choices
    )
    status = filters.ChoiceFilter(choices=Circuit.Status.choices, label=_("State"))
    online = filters.BooleanFilter(method="filter_online", label=_("Online"))
    balance_below_u = MoneyFilter(
        field_name="balance_shown_u", lookup_expr="lt", label=_("Balance below")
    )

    class Meta(filters.FilterSet.Meta):
        model = Circuit
        fields = ("tenant", "plan", "kind", "central", "status", "online")

    def filter_tenant(
        self, rows: models.QuerySet[Circuit], name: str, value: Tenant
    ) -> models.QuerySet[Circuit]:
        """The circuits of a customer, or of all customers below a reseller."""
        return rows.filter(tenant__path__startswith=value.path)

    def filter_online(
        self, rows: models.QuerySet[Circuit], name: str, value: bool
    ) -> models.QuerySet[Circuit]:
        """A circuit that never registered is offline."""
        online = models.Q(registration__online=True)
        return rows.filter(online if value else ~online)
