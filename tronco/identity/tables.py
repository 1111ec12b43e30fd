"""Columns of the users' list."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tronco.identity.models import User, UserSession
from tronco.ui import tables


class UserTable(tables.Table):
    username = tables.LinkColumn()
    has_second_factor = tables.BooleanColumn(_("Second factor"))
    customer_count = tables.NumberColumn(_("Customers given"))
    role = tables.BadgeColumn(colors={"administrator": "purple", "finance": "teal"})

    class Meta(tables.Table.Meta):
        model = User
        fields = (
            "username",
            "name",
            "email",
            "tenant",
            "role",
            "customer_count",
            "has_second_factor",
            "is_active",
            "last_login",
            "created_at",
        )
        default = (
            "username",
            "name",
            "tenant",
            "role",
            "has_second_factor",
            "is_active",
            "last_login",
        )


class SessionTable(tables.Table):
    began_at = tables.InstantColumn()

    class Meta(tables.Table.Meta):
        model = UserSession
        fields = ("began_at", "address", "browser")
        default = fields
