"""Columns of numbers, ranges and holders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from tronco.dids.models import Did, NumberRange, Tenure
from tronco.numbering.classify import classify
from tronco.ui import formats, tables
from tronco.ui.urls import screen_url

STATE_COLORS: dict[str, str] = {
    Did.State.AVAILABLE: "green",
    Did.State.RESERVED: "azure",
    Did.State.IN_USE: "blue",
    Did.State.QUARANTINE: "yellow",
    Did.State.PORTED_OUT: "secondary",
}
REGISTRATION_COLORS = {"registered": "green", "rejected": "red", "trying": "yellow"}
ENDED_AS = {
    "given_back": _("given back"),
    "transferred": _("handed to another"),
    "ported_out": _("ported out"),
    "deleted": _("number deleted"),
}


# Columns and filters that tell from whom a number comes.
OF_THE_SUPPLIER = frozenset(
    {"supplier", "host", "port", "username", "registers", "registration", "range", "route"}
)


def sells(actor: Any) -> bool:
    """Whether he has customers; who has none buys."""
    return actor is not None and bool(actor.can("tenancy.view"))


class DiscreetTable(tables.Table):
    """Withholds columns from who buys."""

    withheld: frozenset[str] = frozenset()

    def show(self, names: Sequence[str]) -> None:
        super().show([name for name in names if name not in self.unseen])

    def choices(self) -> list[dict[str, Any]]:
        return [choice for choice in super().choices() if choice["name"] not in self.unseen]

    @property
    def unseen(self) -> frozenset[str]:
        return frozenset() if sells(self.actor) else self.withheld


class NumberColumn(tables.Column):
    """The number as people write it, leading to its page; exports hold it whole."""

    def render(self, value: str, record: Did) -> str:  # type: ignore[override]
        shown = classify(value).display
        return format_html(
            '<a class="text-nowrap" href="{}">{}</a>', screen_url(record) or "#", shown
        )

    def value(self, **kwargs: Any) -> str:
        return str(kwargs["value"])


class HolderColumn(tables.RelatedColumn):
    """Whose the number is, or that it is available (S3-19)."""

    def render(self, value: Any, table: Any, record: Did) -> Any:  # type: ignore[override]
        if record.state == Did.State.AVAILABLE:
            return formats.badge(Did.State.AVAILABLE.label, "green")
        return super().render(value, table)

    def value(self, **kwargs: Any) -> str:
        if kwargs["record"].state == Did.State.AVAILABLE:
            return str(Did.State.AVAILABLE.label)
        return super().value(**kwargs)  # type: ignore[no-any-return]


class ModeColumn(tables.BadgeColumn):
    """What a number does; one that is not in use does nothing."""

    def render(self, value: Any, record: Did, bound_column: Any) -> Any:  # type: ignore[override]
        if record.state != Did.State.IN_USE:
            return formats.NOTHING
        return super().render(value, record, bound_column)


class DidTable(DiscreetTable):
    withheld = OF_THE_SUPPLIER

    position = tables.SequenceColumn()
    ddd = tables.Column(verbose_name=_("DDD"), orderable=False)
    e164 = NumberColumn(verbose_name=_("Number"))
    route = tables.RelatedColumn(
        accessor="route_assignment__route", verbose_name=_("Route"), orderable=False
    )
    tenant = HolderColumn(verbose_name=_("Holder"), order_by="tenant__name")
    owner = tables.RelatedColumn(
        accessor="seller", verbose_name=_("Owner of the DID (reseller / master)"), orderable=False
    )
    subscriber = tables.RelatedColumn(
        verbose_name=_("Subscriber who owns the number"), orderable=False
    )
    circuit = tables.RelatedColumn(verbose_name=_("Rings circuit"), order_by="circuit__number")
    state = tables.BadgeColumn(verbose_name=_("State"), colors=STATE_COLORS)
    mode = ModeColumn(verbose_name=_("Type of working"))
    kind = tables.BadgeColumn(verbose_name=_("Type of DID"))
    registration = tables.BadgeColumn(
        accessor="registration__state",
        verbose_name=_("Registration"),
        colors=REGISTRATION_COLORS,
        live=True,
    )
    raw = tables.Column(verbose_name=_("DID number"))
    supplier = tables.Column(verbose_name=_("Supplier's name"))
    payer = tables.RelatedColumn(verbose_name=_("IP line that places the call"))
    plan = tables.RelatedColumn(verbose_name=_("Prefix plan"))
    caller_tag = tables.Column(verbose_name=_("Additional CallerID (Bina)"))
    allowed_callers = tables.Column(verbose_name=_("Allow"), orderable=False)
    outgoing_classes = tables.Column(orderable=False)

    class Meta(tables.Table.Meta):
        model = Did
        fields = (
            "position", "ddd", "e164", "route", "tenant", "owner", "subscriber", "state", "mode",
            "circuit", "reverse_charging", "registration", "raw", "kind", "supplier", "range",
            "description", "reserved_for", "quarantine_until", "ported_in", "host", "port",
            "username", "registers", "menu", "queue", "schedule", "callback_audio", "techprefix",
            "ip_address", "ip_port", "backup_techprefix", "backup_address", "backup_port", "payer",
            "plan", "max_calls", "max_day_u", "allowed_callers", "outgoing_classes", "caller_tag",
            "says_errors", "audio", "is_active", "created_at",
        )  # fmt: skip
        default = (
            "position", "ddd", "e164", "route", "tenant", "reverse_charging", "state", "mode",
            "registration",
        )  # fmt: skip


class RangeTable(tables.Table):
    name = tables.LinkColumn()
    number_count = tables.NumberColumn(verbose_name=_("Numbers"))
    available_count = tables.NumberColumn(verbose_name=_("Available"))
    in_use_count = tables.NumberColumn(verbose_name=_("In use"))

    class Meta(tables.Table.Meta):
        model = NumberRange
        fields = (
            "name", "area", "first", "last", "cancels_itself", "number_count", "available_count",
            "in_use_count", "tenant", "supplier", "created_at",
        )  # fmt: skip
        default = (
            "name", "area", "first", "last", "cancels_itself", "number_count", "available_count",
            "in_use_count", "tenant",
        )  # fmt: skip


class TenureTable(DiscreetTable):
    withheld = frozenset({"sellers"})

    e164 = tables.Column(verbose_name=_("Number"))
    tenant = tables.RelatedColumn(verbose_name=_("Record of the holder"))

    class Meta(tables.Table.Meta):
        model = Tenure
        fields = (
            "e164", "holder", "document", "sellers", "since", "until", "ended_as", "tenant",
        )  # fmt: skip
        default = ("e164", "holder", "document", "sellers", "since", "until", "ended_as")

    def render_sellers(self, value: list[str]) -> str:
        return " › ".join(self.own_sellers(value))

    def value_sellers(self, value: list[str]) -> str:
        return " > ".join(self.own_sellers(value))

    def own_sellers(self, names: list[str]) -> list[str]:
        """From the viewer downwards: of whom he buys himself is no business of this list.

        The names stand as the tree did, the master first; a scope is as deep as its owner.
        """
        depth = min((scope.count("/") - 1 for scope in self.actor.scopes), default=0)
        return names[max(depth - 1, 0) :]

    def render_ended_as(self, value: str) -> Any:
        return ENDED_AS.get(value, value)
