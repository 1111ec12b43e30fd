"""Columns of calling cards and their series."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from tronco.callingcards.models import Card, CardSeries
from tronco.ui import formats, tables

STATE_COLORS: dict[str, str] = {
    Card.State.INACTIVE: "secondary",
    Card.State.ACTIVE: "green",
    Card.State.BLOCKED: "red",
    Card.State.EXHAUSTED: "orange",
    Card.State.EXPIRED: "yellow",
}


class StateColumn(tables.Column):
    """Why a card may or may not be used, as a coloured word."""

    def render(self, record: Any) -> Any:
        return formats.state_badge(record.state, record.get_state_display(), STATE_COLORS)

    def value(self, **kwargs: Any) -> str:
        return str(kwargs["record"].get_state_display())


class ValidColumn(tables.Column):
    """Until when a card may be used; a day is one to its end."""

    def render(self, value: Any) -> str:
        return formats.instant(value) if isinstance(value, datetime) else formats.day(value)

    def value(self, **kwargs: Any) -> Any:
        return kwargs["value"]


class SeriesTable(tables.Table):
    name = tables.LinkColumn(verbose_name=_("Series"))
    tenant = tables.RelatedColumn(verbose_name=_("Seller"), order_by="tenant__name")
    plan = tables.RelatedColumn(verbose_name=_("Plan"), order_by="plan__name")
    face_value_u = tables.MoneyColumn(verbose_name=_("Value"))
    valid_days = tables.NumberColumn(verbose_name=_("Days valid"))
    cards_count = tables.NumberColumn(verbose_name=_("Cards"))
    active_count = tables.NumberColumn(verbose_name=_("Active cards"))

    class Meta(tables.Table.Meta):
        model = CardSeries
        fields = (
            "name", "tenant", "plan", "face_value_u", "cards_count", "active_count", "prefix",
            "digits", "pin_digits", "valid_days", "expires_on", "is_blocked", "created_at",
        )  # fmt: skip
        default = (
            "name", "tenant", "plan", "face_value_u", "cards_count", "active_count", "valid_days",
            "expires_on", "is_blocked",
        )  # fmt: skip


class CardTable(tables.Table):
    number = tables.LinkColumn(verbose_name=_("Card"))
    series = tables.RelatedColumn(verbose_name=_("Series"), order_by="series__name")
    tenant = tables.RelatedColumn(verbose_name=_("Seller"), order_by="tenant__name")
    balance = tables.MoneyColumn(
        accessor="balance_shown_u",
        verbose_name=_("Balance"),
        order_by="balance_shown_u",
        live=True,
    )
    state = StateColumn(verbose_name=_("State"), live=True)
    valid_until = ValidColumn(verbose_name=_("Valid until"), orderable=False)

    class Meta(tables.Table.Meta):
        model = Card
        fields = (
            "number", "series", "tenant", "balance", "state", "first_used_at", "valid_until",
            "created_at",
        )  # fmt: skip
        default = ("number", "series", "balance", "state", "first_used_at", "valid_until")
