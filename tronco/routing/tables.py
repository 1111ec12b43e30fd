"""Columns of carriers, trunks and routes."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.routing.models import Carrier, Route, RouteAssignment, Trunk
from tronco.ui import formats, tables


class CarrierTable(tables.Table):
    name = tables.LinkColumn()
    trunk_count = tables.NumberColumn(verbose_name=_("Trunks"))

    class Meta(tables.Table.Meta):
        model = Carrier
        fields = ("name", "cost_tariff", "trunk_count", "is_active")


class ReachColumn(tables.Column):
    """Whether the trunk answers, and how fast."""

    empty_values = ()

    def render(self, record: Trunk) -> str:
        return reach_badge(record)

    def value(self, **kwargs: Any) -> str:
        return reach_word(kwargs["record"])


def reach_word(trunk: Trunk) -> str:
    """Say whether the trunk answers."""
    if not trunk.is_active:
        return _now("inactive")
    if trunk.reachable is None:
        return _now("not checked yet")
    return _now("reachable") if trunk.reachable else _now("unreachable")


def reach_badge(trunk: Trunk) -> str:
    """The same as a coloured word, with the latency."""
    color = "secondary"
    if trunk.is_active and trunk.reachable is not None:
        color = "green" if trunk.reachable else "red"
    word = formats.badge(reach_word(trunk), color)
    if trunk.reachable and trunk.rtt_us is not None:
        return format_html("{} {} ms", word, -(-trunk.rtt_us // 1000))
    return word


class TrunkTable(tables.Table):
    name = tables.LinkColumn()
    carrier = tables.RelatedColumn()
    reach = ReachColumn(verbose_name=_("Status"), order_by=("reachable", "rtt_us"), live=True)

    class Meta(tables.Table.Meta):
        model = Trunk
        fields = (
            "name", "carrier", "host", "port", "reach", "registration", "number_format",
            "tech_prefix", "max_calls", "carries_emergency", "is_active", "checked_at",
        )  # fmt: skip
        default = (
            "name", "carrier", "host", "reach", "registration", "carries_emergency", "is_active",
        )  # fmt: skip


class RouteTable(tables.Table):
    number = tables.SequenceColumn()
    name = tables.LinkColumn()
    assignment_count = tables.NumberColumn(verbose_name=_("Given to"))

    class Meta(tables.Table.Meta):
        model = Route
        fields = ("number", "name", "is_default", "least_cost", "assignment_count")


class AssignmentTable(tables.Table):
    used_by = tables.RelatedColumn(verbose_name=_("Customer or reseller"))
    circuit = tables.RelatedColumn()
    did = tables.RelatedColumn(verbose_name=_("Number"))

    class Meta(tables.Table.Meta):
        model = RouteAssignment
        fields = ("used_by", "circuit", "did")
