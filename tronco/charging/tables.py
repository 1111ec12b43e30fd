"""Columns of statements and of resellers' accounts."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.charging.models import Account, LedgerEntry
from tronco.charging.selectors import account_saldo
from tronco.numbering.classify import classify
from tronco.ui import formats, tables
from tronco.ui.urls import screen_url, url_or_none

# Begins the source of what a request for credit brought.
TOPUP = "topup:"


class RemarkColumn(tables.Column):
    """S0's Observação: what it was for, leading to the call or request, and who or what did it."""

    empty_values = ()

    def render(self, record: LedgerEntry) -> str:
        who = format_html('<span class="text-secondary">{}</span>', record.actor)
        note = noted(record)
        if url := source_url(record):
            note = format_html('<a href="{}">{}</a>', url, note)
        return format_html("{} · {}", note, who) if note else who

    def value(self, record: LedgerEntry) -> str:
        return " · ".join(filter(None, (noted(record), record.actor)))


def source_url(entry: LedgerEntry) -> str | None:
    """The page of what stands behind a posting."""
    if entry.kind == LedgerEntry.Kind.CALL:
        # The switch's id of the call.
        return url_or_none("calls:cdr_by_id", entry.source)
    if entry.source.startswith(TOPUP):
        return url_or_none("topups:topup_detail", entry.source.removeprefix(TOPUP))
    return None


def noted(entry: LedgerEntry) -> str:
    """What a posting was for. A call's note is whom it was to."""
    if entry.source.startswith(TOPUP):
        number = entry.source.removeprefix(TOPUP)
        return ": ".join(
            filter(None, (_now("Credit request #%(number)s") % {"number": number}, entry.note))
        )
    if entry.kind != LedgerEntry.Kind.CALL:
        return entry.note
    number = classify(entry.note).display
    return _now("Call to %(number)s") % {"number": number} if number else _now("Call")


class StatementTable(tables.Table):
    at = tables.InstantColumn(verbose_name=_("Date"))
    kind = tables.BadgeColumn(verbose_name=_("Kind"))
    balance_before_u = tables.MoneyColumn(verbose_name=_("Previous balance"))
    amount_u = tables.MoneyColumn(verbose_name=_("Amount"))
    balance_after_u = tables.MoneyColumn(verbose_name=_("Balance"), orderable=False)
    remark = RemarkColumn(verbose_name=_("Remark"), orderable=False)

    class Meta(tables.Table.Meta):
        model = LedgerEntry
        fields: tuple[str, ...] = (
            "at", "kind", "balance_before_u", "amount_u", "balance_after_u", "remark",
        )  # fmt: skip


class OwnerColumn(tables.Column):
    """Whose account it is, leading to the account's page."""

    def render(self, value: Any, record: Account) -> str:  # type: ignore[override]
        url = url_or_none("charging:reseller_account_detail", record.pk) or screen_url(value)
        return format_html('<a href="{}">{}</a>', url or "#", value)

    def value(self, **kwargs: Any) -> str:
        return str(kwargs["value"])


class BalanceColumn(tables.MoneyColumn):
    """What is left when prepaid, or what was used otherwise; a word says which."""

    empty_values = ()

    def render(self, record: Account) -> str:  # type: ignore[override]
        saldo = account_saldo(record)
        word = _now("used") if saldo.is_used else _now("available")
        return format_html(
            '{}<div class="text-secondary small">{}</div>', formats.money_html(saldo.shown_u), word
        )

    def value(self, **kwargs: Any) -> Any:
        return super().value(value=account_saldo(kwargs["record"]).shown_u)


class ResellerAccountTable(tables.Table):
    tenant = OwnerColumn(verbose_name=_("Reseller"), order_by="tenant__name")
    plan = tables.RelatedColumn(verbose_name=_("Plan"), order_by="plan__name")
    saldo = BalanceColumn(verbose_name=_("Balance"), orderable=False, live=True)
    held_u = tables.MoneyColumn(verbose_name=_("Held"), live=True)

    class Meta(tables.Table.Meta):
        model = Account
        fields = ("tenant", "plan", "saldo", "held_u", "limit_u", "cycle_day", "status")
