"""Columns of numbers."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from tronco.dids.models import Did
from tronco.numbering.classify import classify
from tronco.ui import tables
from tronco.ui.urls import screen_url


class NumberColumn(tables.Column):
    """The number as people write it, leading to its page; exports hold it whole."""

    def render(self, value: str, record: Did) -> str:  # type: ignore[override]
        shown = classify(value).display
        return format_html(
            '<a class="text-nowrap" href="{}">{}</a>', screen_url(record) or "#", shown
        )

    def value(self, **kwargs: Any) -> str:
        return str(kwargs["value"])


class DidTable(tables.Table):
    e164 = NumberColumn(verbose_name=_("Number"))
    tenant = tables.RelatedColumn(verbose_name=_("Owner"), order_by="tenant__name")
    circuit = tables.RelatedColumn(verbose_name=_("Rings circuit"), order_by="circuit__number")

    class Meta(tables.Table.Meta):
        model = Did
        fields = ("e164", "tenant", "circuit", "raw", "supplier", "is_active", "created_at")
        default = ("e164", "tenant", "circuit", "raw", "supplier", "is_active")
