"""Columns of centrals and bans."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tronco.centrals.models import Ban, Central
from tronco.ui import formats, tables

HEALTH = {
    "up": (_("Running"), "green"),
    "silent": (_("No news"), "orange"),
    "down": (_("Stopped"), "red"),
}


class HealthColumn(tables.Column):
    """Running, stopped, or silent: it was running when last heard of."""

    def render(self, value: str) -> str:
        word, color = HEALTH[value]
        return formats.badge(word, color)

    def value(self, **kwargs: Any) -> str:
        return str(HEALTH[kwargs["value"]][0])


class CentralTable(tables.Table):
    name = tables.LinkColumn()
    health = HealthColumn(verbose_name=_("Status"), live=True)
    channels = tables.NumberColumn(live=True)
    seen_at = tables.InstantColumn(live=True)
    ban_count = tables.NumberColumn(verbose_name=_("Banned addresses"), live=True)

    class Meta(tables.Table.Meta):
        model = Central
        fields = (
            "name", "description", "host", "sip_port", "external_address", "health", "channels",
            "ban_count", "version", "started_at", "seen_at", "is_active",
        )  # fmt: skip
        default = (
            "name", "host", "sip_port", "health", "channels", "ban_count", "seen_at",
        )  # fmt: skip


class InForceColumn(tables.Column):
    """Whether the address is kept out now."""

    def render(self, value: bool, record: Ban) -> str:  # type: ignore[override]
        return formats.badge(self.value(value, record), "red" if value else "secondary")

    def value(self, value: bool, record: Ban) -> str:
        if value:
            return str(_("banned"))
        return str(_("lifted") if record.lifted_at else _("over"))


class BanTable(tables.Table):
    address = tables.LinkColumn()
    in_force = InForceColumn(verbose_name=_("Status"), live=True)

    class Meta(tables.Table.Meta):
        model = Ban
        fields = (
            "address", "in_force", "central", "attempts", "last_user", "created_at", "expires_at",
            "lifted_at", "lifted_by",
        )  # fmt: skip
        default = (
            "address", "in_force", "central", "attempts", "last_user", "created_at", "expires_at",
        )  # fmt: skip
