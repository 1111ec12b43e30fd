"""Columns of schedules, menus, groups, lines' services, portal and voicemail."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.circuits.models import Circuit
from tronco.numbering.classify import classify
from tronco.pbx.models import LineService, Menu, PortalCaller, Prompt, Queue, Schedule, Voicemail
from tronco.pbx.schedules import is_open
from tronco.pbx.selectors import schedule_card
from tronco.pbx.speech import SYSTEM_PROMPTS
from tronco.pbx.words import hours_text
from tronco.ui import formats, tables
from tronco.ui.urls import screen_url, url_or_none


class OpenColumn(tables.Column):
    """Whether somebody is there now."""

    empty_values = ()

    def render(self, record: Schedule) -> str:
        text = self.value(record=record)
        color = "green" if text == _now("open") else "secondary"
        return formats.badge(text, color)

    def value(self, **kwargs: Any) -> str:
        now_open = is_open(schedule_card(kwargs["record"]), timezone.now())
        return _now("open") if now_open else _now("closed")


class HoursColumn(tables.Column):
    """The windows in a line."""

    empty_values = ()

    def render(self, record: Schedule) -> str:
        return hours_text(schedule_card(record))

    def value(self, **kwargs: Any) -> str:
        return hours_text(schedule_card(kwargs["record"]))


class ScheduleTable(tables.Table):
    name = tables.LinkColumn()
    tenant = tables.RelatedColumn(verbose_name=_("Owner"), order_by="tenant__name")
    now = OpenColumn(verbose_name=_("Now"), orderable=False, live=True)
    hours = HoursColumn(verbose_name=_("Hours"), orderable=False)

    class Meta(tables.Table.Meta):
        model = Schedule
        fields = ("name", "tenant", "now", "hours", "timezone", "national_holidays")
        default = ("name", "tenant", "now", "hours", "national_holidays")


class MenuTable(tables.Table):
    name = tables.LinkColumn()
    tenant = tables.RelatedColumn(verbose_name=_("Owner"), order_by="tenant__name")
    option_count = tables.NumberColumn(verbose_name=_("Options"))

    class Meta(tables.Table.Meta):
        model = Menu
        fields = (
            "name", "tenant", "option_count", "schedule", "dials_extensions", "max_tries",
            "first_digit_s", "next_digit_s", "payer", "created_at",
        )  # fmt: skip
        default = ("name", "tenant", "option_count", "schedule", "dials_extensions")


class QueueTable(tables.Table):
    name = tables.LinkColumn()
    tenant = tables.RelatedColumn(verbose_name=_("Owner"), order_by="tenant__name")
    member_count = tables.NumberColumn(verbose_name=_("Members"))
    waiting_count = tables.NumberColumn(verbose_name=_("Waiting now"), live=True)

    class Meta(tables.Table.Meta):
        model = Queue
        fields = (
            "name", "tenant", "extension", "strategy", "member_count", "waiting_count", "schedule",
            "ring_s", "wrapup_s", "max_wait_s", "max_callers", "created_at",
        )  # fmt: skip
        default = ("name", "tenant", "extension", "strategy", "member_count", "waiting_count")


class FollowColumn(tables.Column):
    """Each follow-me that is on, with where it leads."""

    empty_values = ()

    def render(self, record: Circuit) -> str:
        said = follow_me_of(record)
        if not said:
            return formats.NOTHING
        line = '<div class="text-nowrap"><span class="text-secondary">{}</span> {}</div>'
        return format_html_join("", line, said)

    def value(self, **kwargs: Any) -> str:
        return "; ".join(f"{when}: {number}" for when, number in follow_me_of(kwargs["record"]))


def follow_me_of(circuit: Circuit) -> list[tuple[str, str]]:
    """When a line's calls go elsewhere, and where to."""
    service: LineService | None = getattr(circuit, "service", None)
    if service is None:
        return []
    whens = (
        ("always", _now("always")),
        ("busy", _now("busy")),
        ("no_answer", _now("no answer")),
        ("offline", _now("offline")),
    )
    return [(word, getattr(service, name)) for name, word in whens if getattr(service, name)]


class LineLinkColumn(tables.Column):
    """The line, leading to its services."""

    def render(self, value: str, record: Circuit) -> str:  # type: ignore[override]
        url = url_or_none("pbx:line_detail", record.pk)
        return format_html('<a href="{}">{}</a>', url, value)

    def value(self, **kwargs: Any) -> str:
        return str(kwargs["value"])


class PinColumn(tables.BooleanColumn):
    """Whether a PIN is set; which one is kept nowhere."""

    empty_values = ()  # type: ignore[assignment]

    def render(self, record: Circuit) -> Any:  # type: ignore[override]
        return super().render(has_pin(record))

    def value(self, **kwargs: Any) -> str:
        return formats.yes_no(has_pin(kwargs["record"]))


def has_pin(circuit: Circuit) -> bool:
    """Whether the line may be used through the voice portal."""
    service: LineService | None = getattr(circuit, "service", None)
    return bool(service and service.pin_hash)


class LineTable(tables.Table):
    number = LineLinkColumn(verbose_name=_("Line"))
    tenant = tables.RelatedColumn(verbose_name=_("Customer"), order_by="tenant__name")
    extension = tables.Column(accessor="service__extension", verbose_name=_("Extension"))
    follow_me = FollowColumn(verbose_name=_("Follow-me"), orderable=False)
    voicemail = tables.BooleanColumn(accessor="service__voicemail", verbose_name=_("Voicemail"))
    pickup_group = tables.Column(accessor="service__pickup_group", verbose_name=_("Pick-up group"))
    ring_s = tables.NumberColumn(accessor="service__ring_s", verbose_name=_("Seconds it rings"))
    pin = PinColumn(verbose_name=_("Portal PIN"), orderable=False)
    in_a_group = tables.BooleanColumn(verbose_name=_("In a group"))

    class Meta(tables.Table.Meta):
        model = Circuit
        fields = (
            "number", "tenant", "description", "extension", "follow_me", "voicemail",
            "pickup_group", "pin", "ring_s", "in_a_group",
        )  # fmt: skip
        default = (
            "number", "tenant", "description", "extension", "follow_me", "voicemail",
            "pickup_group", "pin",
        )  # fmt: skip


class CallerColumn(tables.Column):
    """A telephone as people write it, leading to its page if it has one; exports hold it whole."""

    def render(self, value: str, record: Any) -> str:  # type: ignore[override]
        shown, url = classify(value).display or value, screen_url(record)
        if url is None:
            return format_html('<span class="text-nowrap">{}</span>', shown)
        return format_html('<a class="text-nowrap" href="{}">{}</a>', url, shown)

    def value(self, **kwargs: Any) -> str:
        return str(kwargs["value"])


class PortalCallerTable(tables.Table):
    number = CallerColumn(verbose_name=_("Originating number"))
    tenant = tables.RelatedColumn(verbose_name=_("Customer"), order_by="tenant__name")
    circuit = tables.RelatedColumn(verbose_name=_("Line that pays"), order_by="circuit__number")

    class Meta(tables.Table.Meta):
        model = PortalCaller
        fields = ("number", "circuit", "tenant", "description", "is_active", "created_at")
        default = ("number", "circuit", "tenant", "description", "is_active")


class PlayerColumn(tables.TemplateColumn):
    """The message itself, for who may hear it; to others whether it is new."""

    def __init__(self, *, own: bool = False, **kwargs: Any) -> None:
        super().__init__("pbx/voicemail_player.html", **kwargs)
        self.own = own

    def render(  # type: ignore[override]
        self, record: Voicemail, table: Any, value: Any = None
    ) -> str:
        name, permission = ("own_message", "own.view") if self.own else ("voicemail", "pbx.operate")
        context = {
            "record": record,
            "may_hear": table.actor.can(permission),
            "sound_url": reverse(f"pbx:{name}_sound", args=[record.pk]),
            "heard_url": reverse(f"pbx:{name}_heard", args=[record.pk]),
        }
        return render_to_string(self.template, context)


class VoicemailTable(tables.Table):
    at = tables.InstantColumn(verbose_name=_("Date"))
    tenant = tables.RelatedColumn(verbose_name=_("Customer"), order_by="tenant__name")
    circuit = tables.RelatedColumn(verbose_name=_("Line"), order_by="circuit__number")
    caller = CallerColumn(verbose_name=_("Caller"))
    duration_ms = tables.DurationColumn(verbose_name=_("Duration"), per_second=1000)
    player = PlayerColumn(verbose_name=_("Message"), orderable=False)

    class Meta(tables.Table.Meta):
        model = Voicemail
        fields = ("at", "circuit", "tenant", "caller", "duration_ms", "player", "heard_at")
        default = ("at", "circuit", "caller", "duration_ms", "player")


class OwnMessageTable(tables.Table):
    """One's own messages."""

    at = tables.InstantColumn(verbose_name=_("Date"))
    caller = CallerColumn(verbose_name=_("Caller"))
    duration_ms = tables.DurationColumn(verbose_name=_("Duration"), per_second=1000)
    player = PlayerColumn(own=True, verbose_name=_("Message"), orderable=False)

    class Meta(tables.Table.Meta):
        model = Voicemail
        fields = ("at", "caller", "duration_ms", "player")


def system_text(key: str) -> str:
    """What the system says by that key."""
    return SYSTEM_PROMPTS.get(key, key)


class ReplacesColumn(tables.Column):
    """What of the system's a prompt replaces, in its words."""

    def render(self, value: str) -> str:
        return system_text(value)

    def value(self, **kwargs: Any) -> str:
        return system_text(kwargs["value"] or "")


class PromptTable(tables.Table):
    name = tables.LinkColumn()
    tenant = tables.RelatedColumn(verbose_name=_("Owner"), order_by="tenant__name")
    duration_ms = tables.DurationColumn(verbose_name=_("Duration"), per_second=1000)
    player = tables.TemplateColumn(
        "pbx/prompt_player.html", text="name", verbose_name=_("Listen"), orderable=False
    )

    system_key = ReplacesColumn(verbose_name=_("Replaces the prompt of the system"))

    class Meta(tables.Table.Meta):
        model = Prompt
        fields = ("name", "tenant", "player", "duration_ms", "system_key", "text", "created_at")
        default = ("name", "tenant", "player", "duration_ms", "system_key")
