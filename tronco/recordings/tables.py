"""Columns of recordings and of whose calls are recorded."""

from __future__ import annotations

from typing import Any

from django.template.defaultfilters import filesizeformat
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from tronco.numbering.classify import classify
from tronco.recordings.models import Listening, Recording, Rule
from tronco.ui import tables
from tronco.ui.urls import screen_url


class NumberColumn(tables.Column):
    """A telephone number, as people write it; exports hold it whole."""

    attrs = {"td": {"class": "text-nowrap"}}

    def render(self, value: str) -> str:
        return classify(value).display or value

    def value(self, **kwargs: Any) -> str:
        return str(kwargs["value"])


class DateColumn(tables.InstantColumn):
    """When it was recorded: a link to its page."""

    def render(self, value: Any, record: Recording) -> str:  # type: ignore[override]
        at = f"{timezone.localtime(value):%d/%m/%Y %H:%M}"
        return format_html('<a href="{}">{}</a>', screen_url(record), at)


class SizeColumn(tables.Column):
    """Bytes, as people say them; exports hold the number."""

    attrs = {"td": {"class": "text-end text-nowrap"}, "th": {"class": "text-end"}}

    def render(self, value: int) -> str:
        return filesizeformat(value)

    def value(self, **kwargs: Any) -> int:
        return int(kwargs["value"])


class PlayerColumn(tables.Column):
    """The recording itself, for who may hear it."""

    empty_values = ()

    def __init__(self, *, own: bool = False, **kwargs: Any) -> None:
        super().__init__(exclude_from_export=True, orderable=False, **kwargs)
        self.own = own

    def render(self, record: Recording, table: Any) -> str:  # type: ignore[override]
        return player(record, table.actor, own=self.own)


def player(recording: Recording, actor: Any, *, own: bool = False) -> str:
    """Return the HTML by which a recording is heard and kept; that it is there, to others."""
    name, permission = ("own", "own.view") if own else ("recording", "recordings.listen")
    context = {
        "may_hear": actor.can(permission),
        "sound_url": reverse(f"recordings:{name}_sound", args=[recording.pk]),
    }
    return render_to_string("recordings/player.html", context)


class RecordingTable(tables.Table):
    at = DateColumn(verbose_name=_("Date"))
    tenant = tables.RelatedColumn(verbose_name=_("Customer"), order_by="tenant__name")
    circuit = tables.RelatedColumn(verbose_name=_("Line"), order_by="circuit__number")
    direction = tables.BadgeColumn(verbose_name=_("Direction"))
    caller = NumberColumn(verbose_name=_("Caller"))
    called = NumberColumn(verbose_name=_("Called"))
    duration_ms = tables.DurationColumn(verbose_name=_("Duration"), per_second=1000)
    size = SizeColumn(verbose_name=_("Size"))
    is_kept = tables.BooleanColumn(verbose_name=_("Kept"))
    player = PlayerColumn(verbose_name=_("Listen"))

    class Meta(tables.Table.Meta):
        model = Recording
        fields = (
            "at", "tenant", "circuit", "direction", "caller", "called", "duration_ms", "player",
            "size", "is_kept", "call_id", "sha256",
        )  # fmt: skip
        default = ("at", "circuit", "caller", "called", "duration_ms", "player")


class OwnRecordingTable(tables.Table):
    """One's own."""

    at = tables.InstantColumn(verbose_name=_("Date"))
    direction = tables.BadgeColumn(verbose_name=_("Direction"))
    caller = NumberColumn(verbose_name=_("Caller"))
    called = NumberColumn(verbose_name=_("Called"))
    duration_ms = tables.DurationColumn(verbose_name=_("Duration"), per_second=1000)
    player = PlayerColumn(own=True, verbose_name=_("Listen"))

    class Meta(tables.Table.Meta):
        model = Recording
        fields = ("at", "direction", "caller", "called", "duration_ms", "player")


class OfCallTable(tables.Table):
    """Those of one call's conversation."""

    at = DateColumn(verbose_name=_("Date"))
    circuit = tables.RelatedColumn(verbose_name=_("Line"))
    duration_ms = tables.DurationColumn(verbose_name=_("Duration"), per_second=1000)
    player = PlayerColumn(verbose_name=_("Listen"))
    is_kept = tables.BooleanColumn(verbose_name=_("Kept"))

    class Meta(tables.Table.Meta):
        model = Recording
        fields = ("at", "circuit", "duration_ms", "player", "is_kept")


class RuleTable(tables.Table):
    target = tables.Column(accessor="pk", verbose_name=_("Whom"), linkify=False, orderable=False)
    kind = tables.Column(empty_values=(), verbose_name=_("Kind"), orderable=False)
    tenant = tables.RelatedColumn(verbose_name=_("Customer"), order_by="tenant__name")
    direction = tables.Column(verbose_name=_("Calls"))

    class Meta(tables.Table.Meta):
        model = Rule
        fields = ("target", "kind", "direction", "tenant", "created_at")
        default = ("target", "kind", "direction", "created_at")

    def render_target(self, record: Rule) -> str:
        return format_html('<a href="{}">{}</a>', screen_url(record), name_of(record))

    def value_target(self, record: Rule) -> str:
        return name_of(record)

    def render_kind(self, record: Rule) -> str:
        return str(kind_of(record))

    def render_direction(self, value: str, record: Rule) -> str:
        return str(calls_of(record))


def name_of(rule: Rule) -> str:
    """What a rule is about, as people write it."""
    return classify(rule.did.e164).display if rule.did else str(rule)


def kind_of(rule: Rule) -> Any:
    """A line, a group or a number."""
    if rule.circuit_id is not None:
        return _("Line")
    return _("Group") if rule.queue_id is not None else _("Number")


def calls_of(rule: Rule) -> Any:
    """Which calls a rule records."""
    if rule.circuit_id is not None:
        return rule.get_direction_display()
    return _("Those the group answers") if rule.queue_id is not None else _("Those that arrive")


class ListeningTable(tables.Table):
    at = tables.InstantColumn(verbose_name=_("Date"))
    downloaded = tables.BooleanColumn(verbose_name=_("Downloaded"))

    class Meta(tables.Table.Meta):
        model = Listening
        fields = ("at", "who", "downloaded")
        default = fields
