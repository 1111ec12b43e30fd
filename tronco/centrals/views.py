"""Screens of centrals and of whom they keep out."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tronco.centrals import selectors, services
from tronco.centrals.filters import BanFilters, CentralFilters
from tronco.centrals.forms import CentralForm
from tronco.centrals.models import Ban, Central
from tronco.centrals.tables import HEALTH, BanTable, CentralTable
from tronco.ui import formats, panels
from tronco.ui.actions import Action
from tronco.ui.resource import Resource


class Centrals(Resource):
    model, table, filters, form = Central, CentralTable, CentralFilters, CentralForm
    icon = "server-2"
    help = _("Core servers: the switches on which circuits register.")
    empty = _("A central appears when it starts; add it here to prepare it.")
    live_s = 5
    state_field = ""
    panels = (
        panels.Fields(
            _("Central"),
            panels.Value(_("Status"), lambda central: formats.badge(*HEALTH[central.health])),
            "version",
            "started_at",
            "seen_at",
            "channels",
            "is_active",
        ),
        panels.Fields(
            _("Address for phones"), "host", "sip_port", "external_address", "description"
        ),
        panels.Related(),
        panels.Rows(
            _("Banned addresses"),
            BanTable,
            lambda actor, central: selectors.list_bans(actor=actor).filter(central=central),
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_centrals(actor=actor)

    def create(self, actor: Any, values: dict[str, Any]) -> Central:
        return services.central_create(actor=actor, **values)

    def change(self, actor: Any, obj: Central, values: dict[str, Any]) -> Central:
        facts = dict(values)
        facts.pop("name")
        return services.central_change(actor=actor, central_id=obj.pk, **facts)

    def remove(self, actor: Any, obj: Central) -> None:
        services.central_delete(actor=actor, central_id=obj.pk)


class Bans(Resource):
    model, table, filters = Ban, BanTable, BanFilters
    icon = "shield-lock"
    help = _("Addresses kept out for guessing passwords.")
    empty = _("Nobody is kept out, and nobody was.")
    live_s = 5
    state_field = ""
    panels = (
        panels.Fields(
            _("Banned address"), "address", "central", "attempts", "last_user", "created_at"
        ),
        panels.Fields(_("End"), "expires_at", "lifted_at", "lifted_by"),
    )
    actions = (
        Action(
            name="lift",
            label=_("Lift"),
            permission="centrals.operate",
            icon="lock-open",
            bulk=True,
            when=lambda ban: ban.in_force,
            run=lambda actor, ban, values: (
                services.ban_lift(actor=actor, ban_id=ban.pk)
                and _("Lifted: the address is let in again within seconds.")
            ),
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_bans(actor=actor)
