"""Columns of the catalogue's lists."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from tronco.catalog.models import Allowance, Plan, Rate, Tariff, TariffVersion
from tronco.catalog.sheet import decimal_plain
from tronco.core.money import format_brl
from tronco.ui import formats, tables
from tronco.ui.urls import screen_url


def price_text(price: Decimal) -> str:
    """Write a price with as many decimals as it has, and never fewer than two."""
    whole, _point, decimals = decimal_plain(price).partition(".")
    return f"R$ {whole},{decimals.ljust(2, '0')}"


class PlanTable(tables.Table):
    name = tables.LinkColumn()
    rounding = tables.Column()

    class Meta(tables.Table.Meta):
        model = Plan
        fields = (
            "name",
            "kind",
            "tenant",
            "tariff",
            "monthly_fee_u",
            "rounding",
            "decimals",
            "sell_below_cost",
            "is_active",
            "created_at",
        )
        default = ("name", "kind", "tenant", "tariff", "monthly_fee_u", "is_active")


class AllowanceTable(tables.Table):
    name = tables.LinkColumn(verbose_name=_("Name"))
    amount = tables.Column(verbose_name=_("Amount"))

    class Meta(tables.Table.Meta):
        model = Allowance
        fields = ("name", "plan", "amount", "classes", "position")
        default = ("name", "plan", "amount", "classes", "position")

    def render_amount(self, record: Allowance) -> str:
        return amount_text(record)

    def value_amount(self, record: Allowance) -> str:
        return amount_text(record)

    def render_classes(self, record: Allowance) -> str:
        return formats.field_text(Allowance._meta.get_field("classes"), record.classes)

    def value_classes(self, record: Allowance) -> str:
        return self.render_classes(record)


def amount_text(allowance: Allowance) -> str:
    """Write how much an allowance gives."""
    if allowance.unit == Allowance.Unit.MONEY:
        return format_brl(allowance.amount)
    minutes, seconds = divmod(allowance.amount, 60)
    return f"{minutes} min" + (f" {seconds} s" if seconds else "")


class TariffTable(tables.Table):
    name = tables.LinkColumn()
    current_number = tables.Column(verbose_name=_("Version in effect"))
    current_since = tables.InstantColumn(verbose_name=_("Since"))
    plan_count = tables.NumberColumn(verbose_name=_("Plans"))

    class Meta(tables.Table.Meta):
        model = Tariff
        fields = (
            "name",
            "kind",
            "tenant",
            "current_number",
            "current_since",
            "plan_count",
            "timezone",
            "created_at",
        )
        default = ("name", "kind", "tenant", "current_number", "current_since", "plan_count")

    def render_current_number(self, value: int) -> str:
        return f"v{value}"


class VersionTable(tables.Table):
    number = tables.LinkColumn(verbose_name=_("Version"))
    rate_count = tables.NumberColumn(verbose_name=_("Prices"))

    class Meta(tables.Table.Meta):
        model = TariffVersion
        fields = (
            "number",
            "tariff",
            "status",
            "effective_at",
            "withdrawn_at",
            "rate_count",
            "source",
            "created_by",
            "created_at",
        )
        default = ("number", "tariff", "status", "effective_at", "rate_count", "source")

    def render_number(self, record: TariffVersion) -> Any:
        return format_html('<a href="{}">{}</a>', screen_url(record), record)

    def value_number(self, record: TariffVersion) -> str:
        return str(record)


class RateTable(tables.Table):
    target = tables.LinkColumn(verbose_name=_("Prefix or class"), order_by=("call_class", "prefix"))
    price_per_min = tables.NumberColumn(verbose_name=_("Price per minute"))
    cadence = tables.Column(
        verbose_name=_("Cadence"), order_by=("minimum_s", "step_s", "free_under_s")
    )
    connect_fee = tables.NumberColumn(verbose_name=_("Connect fee"))
    max_cost = tables.NumberColumn(verbose_name=_("Maximum cost of a call"))

    class Meta(tables.Table.Meta):
        model = Rate
        fields = (
            "target",
            "description",
            "price_per_min",
            "cadence",
            "connect_fee",
            "max_cost",
            "version",
        )
        default = ("target", "description", "price_per_min", "cadence", "connect_fee")

    def render_price_per_min(self, record: Rate) -> Any:
        if record.windows is not None:
            return formats.badge(_("by the hour"), "azure")
        return price_text(record.price_per_min)

    def value_price_per_min(self, record: Rate) -> Any:
        return "" if record.windows is not None else record.price_per_min

    def render_connect_fee(self, value: Decimal) -> str:
        return price_text(value) if value else formats.NOTHING

    def render_max_cost(self, value: Decimal) -> str:
        return price_text(value)
