"""Filters of calling cards and their series."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tronco.callingcards.models import Card, CardSeries
from tronco.tenancy.models import Tenant
from tronco.ui import filters
from tronco.ui.forms import SearchSelect


class SeriesFilters(filters.FilterSet):
    search = ("name", "prefix")

    tenant = filters.ModelChoiceFilter(
        label=_("Seller"),
        queryset=Tenant.objects.exclude(kind=Tenant.Kind.CUSTOMER),
        widget=SearchSelect("tenancy:tenant_options"),
    )

    class Meta(filters.FilterSet.Meta):
        model = CardSeries
        fields = ("tenant", "plan", "is_blocked")


class CardFilters(filters.FilterSet):
    search = ("number", "series__name")

    series = filters.ModelChoiceFilter(
        label=_("Series"),
        queryset=CardSeries.objects.all(),
        widget=SearchSelect("callingcards:cardseries_options"),
    )
    tenant = filters.ModelChoiceFilter(
        label=_("Seller"),
        queryset=Tenant.objects.exclude(kind=Tenant.Kind.CUSTOMER),
        widget=SearchSelect("tenancy:tenant_options"),
    )
    state = filters.ChoiceFilter(choices=Card.State.choices, label=_("State"))
    used = filters.BooleanFilter(
        field_name="first_used_at", lookup_expr="isnull", exclude=True, label=_("Used")
    )

    class Meta(filters.FilterSet.Meta):
        model = Card
        fields = ("series", "tenant", "state", "used")
