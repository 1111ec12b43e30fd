"""Columns of brands."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tronco.branding.models import Brand
from tronco.ui import tables


class BrandTable(tables.Table):
    tenant = tables.LinkColumn(verbose_name=_("Seller"), order_by="tenant__name")

    class Meta(tables.Table.Meta):
        model = Brand
        fields = ("tenant", "name", "domain", "color")
        default = fields
