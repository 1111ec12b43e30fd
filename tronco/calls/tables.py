"""Columns of calls, running and recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from tronco.calls.addresses import call_url, key_of
from tronco.calls.models import CLASS_CHOICES, Cdr, Direction
from tronco.calls.prices import viewpoint_of
from tronco.charging.models import Authorization
from tronco.charging.reasons import REASONS
from tronco.numbering.classify import classify
from tronco.ui import formats, tables
from tronco.ui.urls import url_or_none

CLASS_LABELS = dict(CLASS_CHOICES)
ARROWS = {"out": ("arrow-up-right", "indigo"), "in": ("arrow-down-left", "azure")}
DIRECTION_LABELS = dict(Direction.choices)


class NumberColumn(tables.Column):
    """A telephone number, as people write it; exports hold it whole."""

    attrs = {"td": {"class": "text-nowrap"}}

    def render(self, value: str) -> str:
        return classify(value).display

    def value(self, **kwargs: Any) -> str:
        return str(kwargs["value"])


def short_instant(value: datetime) -> str:
    """Write a moment without this year."""
    at = timezone.localtime(value)
    this_year = at.year == timezone.localtime().year
    return f"{at:%d/%m %H:%M:%S}" if this_year else formats.instant(value)


class StartColumn(tables.InstantColumn):
    """When the call began: a link to its story."""

    def render(self, value: Any, record: Cdr) -> str:  # type: ignore[override]
        return format_html('<a href="{}">{}</a>', call_url(record), short_instant(value))


class DirectionColumn(tables.Column):
    """Which way the call went: an arrow, and the word for who does not see it."""

    attrs = {"cell": {"class": "w-1 text-center"}}

    def render(self, value: Any, record: Cdr) -> str:  # type: ignore[override]
        icon, tone = ARROWS.get(record.direction, ("arrows-left-right", "secondary"))
        word = DIRECTION_LABELS.get(record.direction, value)
        return format_html(
            '<i class="ti ti-{} text-{}" title="{}" aria-hidden="true"></i>'
            '<span class="visually-hidden">{}</span>',
            icon,
            tone,
            word,
            word,
        )

    def value(self, **kwargs: Any) -> str:
        return str(DIRECTION_LABELS.get(kwargs["record"].direction, kwargs["value"]))


class ReasonColumn(tables.Column):
    """Why a call was refused, in a sentence."""

    def __init__(self, *, orderable: bool = False) -> None:
        super().__init__(verbose_name=_("Reason"), accessor="told_reason", orderable=orderable)

    def render(self, value: str) -> str:
        found = REASONS.get(value)
        return str(found.message) if found else value


class CdrTable(tables.Table):
    started_at = StartColumn(verbose_name=_("Start"), order_by=("started_at", "identity"))
    tenant = tables.RelatedColumn(verbose_name=_("Customer"), orderable=False)
    circuit = tables.RelatedColumn(verbose_name=_("Circuit"), orderable=False)
    direction = DirectionColumn(verbose_name=_("Direction"), orderable=False)
    caller = NumberColumn(verbose_name=_("Caller"), orderable=False)
    called = NumberColumn(verbose_name=_("Called"), orderable=False)
    dialled = tables.Column(verbose_name=_("Dialled"), orderable=False)
    call_class = tables.Column(verbose_name=_("Class"), orderable=False)
    outcome = tables.BadgeColumn(verbose_name=_("Outcome"), orderable=False)
    reason = ReasonColumn()
    duration_ms = tables.DurationColumn(per_second=1000, verbose_name=_("Duration"))
    billed_ms = tables.DurationColumn(per_second=1000, verbose_name=_("Billed"))
    sale_u = tables.MoneyColumn(verbose_name=_("Price"), decimals=4)
    purchase_u = tables.MoneyColumn(verbose_name=_("Cost"), decimals=4)
    margin_u = tables.MoneyColumn(verbose_name=_("Margin"), decimals=4)
    trunk = tables.RelatedColumn(verbose_name=_("Trunk"), orderable=False)
    uf = tables.Column(verbose_name=_("UF"), orderable=False)
    central = tables.Column(verbose_name=_("Central"), orderable=False)
    call_id = tables.Column(verbose_name=_("Call id"), orderable=False)

    class Meta(tables.Table.Meta):
        model = Cdr
        fields = (
            "started_at", "tenant", "circuit", "direction", "caller", "called", "dialled",
            "call_class", "outcome", "reason", "duration_ms", "billed_ms", "sale_u", "purchase_u",
            "margin_u", "trunk", "uf", "central", "call_id",
        )  # fmt: skip
        default = (
            "started_at", "direction", "circuit", "caller", "called", "call_class", "outcome",
            "duration_ms", "sale_u",
        )  # fmt: skip

    def key_of(self, record: Cdr) -> str:
        return key_of(record)

    def show(self, names: Sequence[str]) -> None:
        unseen = self.unseen()
        super().show([name for name in names if name not in unseen])

    def choices(self) -> list[dict[str, Any]]:
        unseen = self.unseen()
        return [choice for choice in super().choices() if choice["name"] not in unseen]

    def unseen(self) -> set[str]:
        """Columns that are no business of who looks."""
        unseen = set()
        if self.actor is None or not viewpoint_of(self.actor).sells:
            unseen |= {"purchase_u", "margin_u"}
        if self.actor is None or not self.actor.can("routing.view"):
            unseen |= {"trunk", "central"}
        return unseen


class OwnCallTable(tables.Table):
    """One's own calls: with whom, when, how long; what they cost is the customer's business."""

    started_at = tables.InstantColumn(verbose_name=_("Start"))
    direction = DirectionColumn(verbose_name=_("Direction"), orderable=False)
    caller = NumberColumn(verbose_name=_("Caller"), orderable=False)
    called = NumberColumn(verbose_name=_("Called"), orderable=False)
    outcome = tables.BadgeColumn(verbose_name=_("Outcome"), orderable=False)
    duration_ms = tables.DurationColumn(per_second=1000, verbose_name=_("Duration"))

    class Meta(tables.Table.Meta):
        model = Cdr
        fields = ("started_at", "direction", "caller", "called", "outcome", "duration_ms")


class LiveTable(tables.Table):
    started_at = tables.InstantColumn(verbose_name=_("Start"))
    state = tables.Column(empty_values=(), verbose_name=_("Status"), orderable=False, live=True)
    lasts = tables.Column(empty_values=(), verbose_name=_("Duration"), orderable=False, live=True)
    tenant = tables.RelatedColumn(verbose_name=_("Customer"), orderable=False)
    circuit = tables.Column(accessor="circuit_number", verbose_name=_("Circuit"), orderable=False)
    direction = DirectionColumn(verbose_name=_("Direction"), orderable=False)
    caller = NumberColumn(verbose_name=_("Caller"), orderable=False)
    called = NumberColumn(verbose_name=_("Called"), orderable=False)
    call_class = tables.Column(
        verbose_name=_("Class"), orderable=False, attrs={"td": {"class": "text-nowrap"}}
    )
    deadline_s = tables.DurationColumn(verbose_name=_("Paid until"), orderable=False, live=True)
    central = tables.Column(verbose_name=_("Central"), orderable=False)

    class Meta(tables.Table.Meta):
        model = Authorization
        fields = (
            "started_at", "state", "lasts", "tenant", "circuit", "direction", "caller", "called",
            "call_class", "deadline_s", "central",
        )  # fmt: skip
        default = tuple(name for name in fields if name != "central")

    def render_started_at(self, value: datetime) -> str:
        return short_instant(value)

    def value_started_at(self, value: datetime) -> datetime:
        return value

    def render_state(self, record: Authorization) -> str:
        color = "yellow" if record.answered_at is None else "green"
        return formats.badge(self.value_state(record), color)

    def value_state(self, record: Authorization) -> str:
        return str(_("ringing") if record.answered_at is None else _("talking"))

    def render_lasts(self, record: Authorization) -> str:
        since = record.answered_at or record.started_at
        return formats.duration((timezone.now() - since).total_seconds())

    def render_circuit(self, value: str, record: Authorization) -> str:
        url = url_or_none("circuits:circuit_detail", record.circuit_id)
        return format_html('<a href="{}">{}</a>', url, value) if url else value

    def value_circuit(self, value: str) -> str:
        return value

    def render_call_class(self, value: str) -> str:
        return str(CLASS_LABELS.get(value, value))


class RefusedTable(tables.Table):
    """Each number, caller and reason once, with how often."""

    did = tables.RelatedColumn(verbose_name=_("Number"), order_by="did__e164")
    caller = NumberColumn(verbose_name=_("From"))
    reason = ReasonColumn(orderable=True)
    count = tables.NumberColumn(verbose_name=_("Refused calls"))
    started_at = StartColumn(verbose_name=_("Last"))

    class Meta(tables.Table.Meta):
        model = Cdr
        fields = ("did", "caller", "reason", "count", "started_at", "tenant", "dialled")
        default = ("did", "caller", "reason", "count", "started_at", "tenant")
