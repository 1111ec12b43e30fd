"""Filters of centrals and bans."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from tronco.centrals.models import Ban, Central
from tronco.ui import filters


class CentralFilters(filters.FilterSet):
    search = ("name", "description", "host")

    class Meta(filters.FilterSet.Meta):
        model = Central
        fields = ("status", "is_active")


class BanFilters(filters.FilterSet):
    search = ("address", "last_user")

    in_force = filters.BooleanFilter(label=_("In force"))
    address = filters.CharFilter(method="filter_address", label=_("Address"))

    class Meta(filters.FilterSet.Meta):
        model = Ban
        fields = ("central", "address", "in_force")

    def filter_address(self, rows: QuerySet[Ban], name: str, value: str) -> QuerySet[Ban]:
        """A part of the address as it is written."""
        return rows.filter(address__startswith=value.strip())
