"""Columns of extensions (S3-23)."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from tronco.circuits.models import Circuit
from tronco.circuits.tables import StateColumn
from tronco.ui import tables
from tronco.ui.urls import url_or_none


class ExtensionLinkColumn(tables.Column):
    """The account, leading to the extension's page rather than the circuit's."""

    def render(self, value: str, record: Circuit) -> str:  # type: ignore[override]
        url = url_or_none("extensions:extension_detail", record.pk)
        return format_html('<a class="text-nowrap" href="{}">{}</a>', url, value)

    def value(self, **kwargs: object) -> str:
        return str(kwargs["value"])


class ExtensionTable(tables.Table):
    position = tables.SequenceColumn()
    number = ExtensionLinkColumn(verbose_name=_("Account"))
    tenant = tables.RelatedColumn(verbose_name=_("Owner"), order_by=("tenant__name", "number"))
    extension = tables.Column(accessor="service__extension", verbose_name=_("Extension"))
    description = tables.Column(verbose_name=_("Name"))
    central = tables.Column(verbose_name=_("Terminal"), order_by="central__name")
    address = tables.Column(
        accessor="source_address",
        verbose_name=_("Address"),
        order_by="registration__address",
        live=True,
    )
    state = StateColumn(
        verbose_name=_("Status"),
        order_by=("-registration__online", "registration__rtt_us"),
        live=True,
    )
    line = tables.Column(verbose_name=_("Extension of"), order_by="line__number")

    class Meta(tables.Table.Meta):
        model = Circuit
        fields = (
            "position", "number", "tenant", "extension", "description", "central", "address",
            "state", "user", "line", "caller_number", "max_calls", "status", "created_at",
        )  # fmt: skip
        default = (
            "position", "number", "tenant", "extension", "description", "central", "address",
            "state",
        )  # fmt: skip
