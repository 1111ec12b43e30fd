"""The menu, in one place: the manuals' names, a permission per item."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tronco.circuits.views import Circuits
from tronco.dids.views import Dids
from tronco.routing.views import Trunks
from tronco.tenancy.views import Customers, Resellers
from tronco.ui.menu import Item, Section, open_sections

MENU = (
    Section(
        _("Dashboard"),
        "layout-dashboard",
        (Item(_("Overview"), "dashboard:home", "dashboard.view", icon="layout-dashboard"),),
    ),
    Section(
        _("Registration"),
        "folder",
        (
            Item(_("Customers"), "tenancy:customer_list", "tenancy.view", icon="building-store"),
            Item(_("Resellers"), "tenancy:reseller_list", "tenancy.view", icon="sitemap"),
            Item(
                _("Circuits"),
                "circuits:circuit_list",
                "circuits.view",
                words=_("SIP accounts lines extensions balance"),
                icon="device-landline-phone",
            ),
            Item(_("Numbers"), "dids:did_list", "dids.view", words=_("DID"), icon="number"),
        ),
    ),
    Section(
        _("Calls"),
        "phone",
        (
            Item(_("Live calls"), "calls:live_list", "calls.view", icon="phone-calling"),
            Item(
                _("Call records"),
                "calls:cdr_list",
                "calls.view",
                words=_("CDR statement"),
                icon="list-details",
            ),
        ),
    ),
    Section(
        _("Routes"),
        "route",
        (
            Item(_("Routes"), "routing:route_list", "routing.view", icon="route"),
            Item(_("Trunks"), "routing:trunk_list", "routing.view", icon="plug-connected"),
            Item(
                _("Carriers"),
                "routing:carrier_list",
                "routing.view",
                words=_("suppliers"),
                icon="building-broadcast-tower",
            ),
        ),
    ),
    Section(
        _("Centrals"),
        "server-2",
        (
            Item(
                _("Centrals"),
                "centrals:central_list",
                "centrals.view",
                words=_("core servers"),
                icon="server-2",
            ),
            Item(
                _("Banned addresses"),
                "centrals:ban_list",
                "centrals.view",
                words=_("blocked IP fraud"),
                icon="shield-lock",
            ),
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
SEARCHED = (Customers(), Resellers(), Circuits(), Dids(), Trunks())


def context(request: HttpRequest) -> dict[str, Any]:
    """Template context: the menu as this user sees it."""
    actor = getattr(request, "actor", None)
    if actor is None:
        return {"menu": ()}
    return {"menu": list(open_sections(MENU, actor, request.path))}
