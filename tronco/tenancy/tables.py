"""Columns of customers and resellers."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tronco.tenancy.models import Tenant
from tronco.ui import tables

_COMMON = (
    "id",
    "name",
    "parent",
    "email",
    "contact",
    "phone",
    "person",
    "document",
    "status",
    "max_calls",
    "max_cps",
    "created_at",
)


class CustomerTable(tables.Table):
    number = tables.SequenceColumn()
    id = tables.NumberColumn("ID")
    name = tables.LinkColumn(_("Customer"))
    parent = tables.RelatedColumn(_("Reseller"))
    document = tables.Column(_("Document"), accessor="document_text", order_by="document")

    class Meta(tables.Table.Meta):
        model = Tenant
        fields = ("number", *_COMMON)
        default = ("number", "id", "name", "email", "document", "parent", "status")


class ResellerTable(tables.Table):
    number = tables.SequenceColumn()
    id = tables.NumberColumn("ID")
    name = tables.LinkColumn(_("Reseller"))
    parent = tables.RelatedColumn(_("Above"))
    document = tables.Column(_("Document"), accessor="document_text", order_by="document")
    customer_count = tables.NumberColumn(_("Customers"))
    reseller_count = tables.NumberColumn(_("Resellers below"))

    class Meta(tables.Table.Meta):
        model = Tenant
        fields = ("number", *_COMMON, "customer_count", "reseller_count")
        default = (
            "number",
            "id",
            "name",
            "parent",
            "customer_count",
            "reseller_count",
            "email",
            "status",
        )
