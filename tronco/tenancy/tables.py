"""Columns of tenants of all kinds, and of resellers."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tronco.tenancy.models import Tenant
from tronco.ui import tables

COMMON = (
    "id",
    "name",
    "parent",
    "email",
    "contact",
    "phone",
    "city",
    "uf",
    "person",
    "document",
    "status",
    "max_calls",
    "max_cps",
    "created_at",
)


class TenantTable(tables.Table):
    number = tables.SequenceColumn()
    id = tables.NumberColumn("ID")
    name = tables.LinkColumn(_("Customer"))
    parent = tables.RelatedColumn(_("Reseller"))
    document = tables.Column(_("Document"), accessor="document_text", order_by="document")

    class Meta(tables.Table.Meta):
        model = Tenant
        fields = ("number", *COMMON)


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
        fields = ("number", *COMMON, "customer_count", "reseller_count")
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
