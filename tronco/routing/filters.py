"""Filters of carriers, trunks and routes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tronco.routing.models import Carrier, Route, Trunk
from tronco.ui import filters


class CarrierFilters(filters.FilterSet):
    search = ("name",)

    class Meta(filters.FilterSet.Meta):
        model = Carrier
        fields = ("is_active", "cost_tariff")


class TrunkFilters(filters.FilterSet):
    search = ("name", "host", "carrier__name")

    reachable = filters.BooleanFilter(label=_("Reachable"))

    class Meta(filters.FilterSet.Meta):
        model = Trunk
        fields = ("carrier", "reachable", "is_active", "carries_emergency")


class RouteFilters(filters.FilterSet):
    search = ("name",)

    class Meta(filters.FilterSet.Meta):
        model = Route
        fields = ("is_default", "least_cost")
