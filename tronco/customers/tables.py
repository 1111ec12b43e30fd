"""Columns of customers (S3-01)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tronco.identity.roles import Role
from tronco.tenancy.models import Tenant
from tronco.tenancy.tables import COMMON
from tronco.ui import formats, tables


class PermissionColumn(tables.Column):
    """What the customer's own access may."""

    def render(self, value: str) -> str:
        return formats.state_badge(value, Role(value).label)

    def value(self, **kwargs: Any) -> str:
        return str(Role(kwargs["value"]).label)


class CustomerTable(tables.Table):
    number = tables.SequenceColumn()
    id = tables.NumberColumn("ID")
    name = tables.LinkColumn(_("Customer"))
    parent = tables.RelatedColumn(_("Reseller"))
    document = tables.Column(_("Document"), accessor="document_text", order_by="document")
    email = tables.EmailColumn(_("E-mail"))
    permission = PermissionColumn(_("Permission"))
    service_code = tables.Column(_("Service code"), accessor="subscription__service_code")
    plan = tables.RelatedColumn(_("Plan"), accessor="subscription__plan")
    due_day = tables.NumberColumn(_("Due day"), accessor="subscription__due_day")

    class Meta(tables.Table.Meta):
        model = Tenant
        fields = ("number", *COMMON, "permission", "service_code", "plan", "due_day")
        default = (
            "number", "id", "name", "email", "permission", "service_code", "plan", "status",
        )  # fmt: skip
