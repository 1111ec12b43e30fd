"""Filters of brands."""

from __future__ import annotations

from tronco.branding.models import Brand
from tronco.ui import filters


class BrandFilters(filters.FilterSet):
    search = ("name", "domain", "tenant__name")

    class Meta(filters.FilterSet.Meta):
        model = Brand
        fields = ("name", "domain")
