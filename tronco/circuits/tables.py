"""Columns of circuits and of their statement."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.circuits.models import Circuit
from tronco.ui import formats, tables


class BalanceColumn(tables.MoneyColumn):
    """What a prepaid circuit has left or another has used, and which (S0-08, S0-09)."""

    def render(self, value: int, record: Circuit) -> str:  # type: ignore[override]
        word = _now("available") if record.is_prepaid else _now("used")
        return format_html(
            '{}<div class="text-secondary small">{}</div>', formats.money_html(value), word
        )


class StateColumn(tables.Column):
    """Online or offline with the latency (S0-11), and why it may not call although it is online."""

    empty_values = ()

    def render(self, record: Circuit) -> str:
        return render_to_string("circuits/state.html", {"circuit": record})

    def value(self, **kwargs: Any) -> str:
        circuit = kwargs["record"]
        if not circuit.is_online:
            return _now("offline")
        latency = circuit.latency_ms
        return _now("online") if latency is None else f"{_now('online')} {latency} ms"


class CircuitTable(tables.Table):
    number = tables.LinkColumn(verbose_name=_("Circuit"))
    tenant = tables.RelatedColumn(verbose_name=_("Name"), order_by=("tenant__name", "number"))
    plan = tables.RelatedColumn(
        accessor="account__plan", verbose_name=_("National plan"), order_by="account__plan__name"
    )
    kind = tables.BadgeColumn(accessor="account__plan__kind", verbose_name=_("Kind of plan"))
    central = tables.Column(verbose_name=_("Central"), order_by="central__name")
    balance = BalanceColumn(accessor="balance_shown_u", verbose_name=_("Balance"), live=True)
    address = tables.Column(
        accessor="source_address",
        verbose_name=_("IP"),
        order_by="registration__address",
        live=True,
    )
    state = StateColumn(
        verbose_name=_("Status"),
        order_by=("-registration__online", "registration__rtt_us"),
        live=True,
    )
    # "Status" is the manual's word for online or offline.
    status = tables.BadgeColumn(verbose_name=_("State"))

    class Meta(tables.Table.Meta):
        model = Circuit
        fields = (
            "number", "tenant", "plan", "kind", "central", "balance", "address", "state",
            "description", "status", "caller_number", "own_ddd", "max_calls", "max_cps",
            "created_at",
        )  # fmt: skip
        default = ("number", "tenant", "plan", "central", "balance", "address", "state")
