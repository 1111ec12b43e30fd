"""The menu, in one place: the manuals' names, a permission per item."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tronco.tenancy.views import Customers, Resellers
from tronco.ui.menu import Item, Section, open_sections

MENU = (
    Section(
        _("Registration"),
        "folder",
        (
            Item(_("Customers"), "tenancy:customer_list", "tenancy.view", icon="building-store"),
            Item(_("Resellers"), "tenancy:reseller_list", "tenancy.view", icon="sitemap"),
        ),
    ),
    Section(
        _("Administration"),
        "settings",
        (
            Item(_("Users"), "identity:user_list", "identity.view", icon="users"),
            Item(
                _("What changed"),
                "audit:changes",
                "audit.view",
                words=_("history audit log"),
                icon="history",
            ),
        ),
    ),
)
# What the quick access looks into, beside the names of screens.
SEARCHED = (Customers(), Resellers())


def context(request: HttpRequest) -> dict[str, Any]:
    """Template context: the menu as this user sees it."""
    actor = getattr(request, "actor", None)
    if actor is None:
        return {"menu": ()}
    return {"menu": list(open_sections(MENU, actor, request.path))}
