"""Columns of requests for credit."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tronco.topups.models import TopUp
from tronco.ui import tables


class TopUpTable(tables.Table):
    number = tables.LinkColumn(verbose_name=_("Credit request"), order_by="pk")
    tenant = tables.RelatedColumn(verbose_name=_("Customer"), order_by="tenant__name")
    account = tables.Column(accessor="account_name", verbose_name=_("Account"), order_by="line")
    seller = tables.RelatedColumn(
        accessor="tenant__parent", verbose_name=_("Seller"), order_by="tenant__parent__name"
    )

    class Meta(tables.Table.Meta):
        model = TopUp
        fields = (
            "number", "created_at", "tenant", "account", "amount_u", "status", "credited_u",
            "seller", "note", "asked_by", "decided_by", "decided_at", "reason",
        )  # fmt: skip
        default = ("number", "created_at", "tenant", "account", "amount_u", "status", "decided_at")
