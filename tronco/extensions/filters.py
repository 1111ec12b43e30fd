"""Filters of extensions: one set for the list and its export."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tronco.circuits.filters import central_choices
from tronco.circuits.models import Circuit
from tronco.pbx.filters import OwnedFilters
from tronco.ui import filters


class ExtensionFilters(OwnedFilters):
    search = ("number", "tenant__name", "description", "service__extension")

    central = filters.ChoiceFilter(
        field_name="central", label=_("Terminal"), choices=central_choices
    )
    online = filters.BooleanFilter(method="filter_online", label=_("Online"))
    own = filters.BooleanFilter(
        field_name="line", lookup_expr="isnull", exclude=True, label=_("Made by the customer")
    )

    class Meta(filters.FilterSet.Meta):
        model = Circuit
        fields = ("tenant", "central", "online", "own")

    def filter_online(
        self, rows: models.QuerySet[Circuit], name: str, value: bool
    ) -> models.QuerySet[Circuit]:
        """An extension that never registered is offline."""
        online = models.Q(registration__online=True)
        return rows.filter(online if value else ~online)
