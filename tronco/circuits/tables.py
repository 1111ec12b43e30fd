"""Columns of circuits and of their statement."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.charging.models import LedgerEntry
from tronco.circuits.models import Circuit
from tronco.numbering.classify import classify
from tronco.ui import formats, tables
from tronco.ui.urls import url_or_none


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

    class Meta(tables.Table.Meta):
        model = Circuit
        fields = (
            "number", "tenant", "plan", "central", "balance", "address", "state",
            "description", "status", "caller_number", "own_ddd", "max_calls", "max_cps",
            "created_at",
        )  # fmt: skip
        default = ("number", "tenant", "plan", "central", "balance", "address", "state")


class RemarkColumn(tables.Column):
    """S0's Observação: what it was for, and who or what did it. A call's posting leads to it."""

    empty_values = ()

    def render(self, record: LedgerEntry) -> str:
        who = format_html('<span class="text-secondary">{}</span>', record.actor)
        note = record.note
        if record.kind == LedgerEntry.Kind.CALL:
            # The switch's id of the call stands in `source`, whom it was to in `note`.
            url = url_or_none("calls:cdr_by_id", record.source) or "#"
            number = classify(record.note).display
            told = _now("Call to %(number)s") % {"number": number} if number else _now("Call")
            note = format_html('<a href="{}">{}</a>', url, told)
        return format_html("{} · {}", note, who) if note else who


class StatementTable(tables.Table):
    at = tables.InstantColumn(verbose_name=_("Date"))
    kind = tables.BadgeColumn(verbose_name=_("Kind"))
    balance_before_u = tables.MoneyColumn(verbose_name=_("Previous balance"))
    amount_u = tables.MoneyColumn(verbose_name=_("Amount"))
    balance_after_u = tables.MoneyColumn(verbose_name=_("Balance"))
    remark = RemarkColumn(verbose_name=_("Remark"))

    class Meta(tables.Table.Meta):
        model = LedgerEntry
        fields = ("at", "kind", "balance_before_u", "amount_u", "balance_after_u", "remark")
