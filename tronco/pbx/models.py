"""What answers instead of a person: prompts, schedules, menus, queues, portals, voicemail."""

from __future__ import annotations

from typing import Any

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tronco.tenancy.access import VisibleQuerySet

EXTENSION = RegexValidator(r"^[0-9]{2,6}\Z")


def _owner() -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        "tenancy.Tenant", models.PROTECT, related_name="+", verbose_name=_("owner")
    )


def optional_key(to: Any, label: Any) -> models.ForeignKey[Any, Any]:
    """What a row may name, and what stays there as long as it is named."""
    return models.ForeignKey(
        to, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=label
    )


@pghistory.track(exclude=["sound"])
class Prompt(models.Model):
    """A recording: uploaded, or spoken by the synthesiser from `text`.

    `sound` is what the switch plays: 8 kHz, mono, 16 bits, a WAV file. `system_key` names the
    system prompt (`pbx.speech`) which this one replaces for its owner and all below him.
    """

    tenant = _owner()
    name = models.CharField(_("name"), max_length=80)
    text = models.TextField(_("text to be spoken"), blank=True)
    system_key = models.CharField(_("replaces the system prompt"), max_length=40, blank=True)
    sound = models.BinaryField(editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    duration_ms = models.PositiveIntegerField(_("duration"), editable=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("prompt")
        verbose_name_plural = _("prompts")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="pbx_prompt_name"),
            models.UniqueConstraint(
                fields=["tenant", "system_key"],
                condition=~models.Q(system_key=""),
                name="pbx_prompt_system_key",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Schedule(models.Model):
    """When somebody is there: open within its windows, except on holidays."""

    tenant = _owner()
    name = models.CharField(_("name"), max_length=80)
    timezone = models.CharField(_("time zone"), max_length=40, default="America/Sao_Paulo")
    national_holidays = models.BooleanField(_("closed on national holidays"), default=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("schedule")
        verbose_name_plural = _("schedules")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="pbx_schedule_name")]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class ScheduleWindow(models.Model):
    """Open hours: on these weekdays (0 is Monday), from `opens` until `closes`.

    A window whose end is not after its beginning ends on the next day; 00:00 to 00:00 is all day.
    """

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="windows")
    tenant = _owner()
    weekdays = ArrayField(models.PositiveSmallIntegerField(), verbose_name=_("weekdays"))
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("open hours")
        verbose_name_plural = _("open hours")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.opens:%H:%M}-{self.closes:%H:%M}"


@pghistory.track()
class Holiday(models.Model):
    """A day on which a schedule is closed, or open by way of exception; every year or once."""

    schedule = models.ForeignKey(Schedule, models.CASCADE, related_name="holidays")
    tenant = _owner()
    day = models.DateField(_("day"))
    name = models.CharField(_("name"), max_length=80, blank=True)
    every_year = models.BooleanField(_("every year"), default=False)
    is_open = models.BooleanField(_("open all the same"), default=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["schedule", "day"], name="pbx_holiday_day")]

    def __str__(self) -> str:
        return self.name or str(self.day)


class Destination(models.Model):
    """Where a call goes on. Which of the fields counts is told by `action`."""

    class Action(models.TextChoices):
        CIRCUIT = "circuit", _("Ring a line")
        QUEUE = "queue", _("Group (queue)")
        MENU = "menu", _("Menu (IVR)")
        NUMBER = "number", _("External number")
        VOICEMAIL = "voicemail", _("Voicemail of a line")
        PROMPT = "prompt", _("Play a prompt, then end")
        REPEAT = "repeat", _("Repeat the menu")
        BACK = "back", _("Back to the menu before")
        HANGUP = "hangup", _("Hang up")

    action = models.CharField(_("action"), max_length=9, choices=Action, default=Action.HANGUP)
    circuit = models.ForeignKey(
        "circuits.Circuit", models.PROTECT, null=True, blank=True, related_name="+"
    )
    queue = models.ForeignKey("pbx.Queue", models.PROTECT, null=True, blank=True, related_name="+")
    menu = models.ForeignKey("pbx.Menu", models.PROTECT, null=True, blank=True, related_name="+")
    prompt = models.ForeignKey(Prompt, models.PROTECT, null=True, blank=True, related_name="+")
    number = models.CharField(_("number"), max_length=32, blank=True)

    class Meta:
        abstract = True


@pghistory.track()
class Menu(models.Model):
    """An IVR menu (“Bloco de URA”): says something, takes a digit, goes on by its options.

    Outside of `schedule` the option `closed` is taken without asking. A number dialled to the
    outside from here is paid by `payer`.
    """

    tenant = _owner()
    name = models.CharField(_("name"), max_length=80)
    greeting = optional_key(Prompt, _("greeting"))
    invalid = optional_key(Prompt, _("audio of an invalid option"))
    timeout = optional_key(Prompt, _("audio when nothing was typed"))
    first_digit_s = models.PositiveSmallIntegerField(
        _("seconds until the first digit"),
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(30)],
    )
    next_digit_s = models.PositiveSmallIntegerField(
        _("seconds between digits"),
        default=2,
        validators=[MinValueValidator(1), MaxValueValidator(10)],
    )
    max_tries = models.PositiveSmallIntegerField(
        _("tries"), default=3, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    dials_extensions = models.BooleanField(_("extensions may be dialled directly"), default=True)
    schedule = optional_key(Schedule, _("schedule"))
    payer = optional_key("circuits.Circuit", _("line that pays for calls to the outside"))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("IVR menu")
        verbose_name_plural = _("IVR menus")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="pbx_menu_name")]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class MenuOption(Destination):
    """What a key of a menu does; three keys are no keys of a telephone.

    `timeout` is taken when nothing was typed in all tries, `invalid` when only wrong keys were,
    `closed` outside of the schedule.
    """

    KEYS = (*"0123456789*#", "timeout", "invalid", "closed")

    owner = models.ForeignKey(Menu, models.CASCADE, related_name="options")
    tenant = _owner()
    key = models.CharField(_("key"), max_length=7, choices=[(key, key) for key in KEYS])
    label = models.CharField(_("description"), max_length=80, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("option")
        verbose_name_plural = _("options")
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="pbx_option_key")]

    def __str__(self) -> str:
        return f"{self.owner} {self.key}"


@pghistory.track()
class Queue(Destination):
    """A group of lines (“Grupo”, fila): callers wait with music until a member answers.

    Its destination is the overflow: where a caller goes who waited `max_wait_s`, found
    `max_callers` waiting, or nobody there.
    """

    class Strategy(models.TextChoices):
        RING_ALL = "ringall", _("All at once")
        LINEAR = "linear", _("In order")
        LONGEST_IDLE = "leastrecent", _("Who has been idle longest")
        FEWEST_CALLS = "fewestcalls", _("Who had the fewest calls")
        ROUND_ROBIN = "rrmemory", _("In turn")
        RANDOM = "random", _("At random")

    tenant = _owner()
    name = models.CharField(_("name"), max_length=80)
    extension = models.CharField(_("extension"), max_length=6, blank=True, validators=[EXTENSION])
    strategy = models.CharField(
        _("strategy"), max_length=11, choices=Strategy, default=Strategy.RING_ALL
    )
    ring_s = models.PositiveSmallIntegerField(
        _("seconds each rings"),
        default=20,
        validators=[MinValueValidator(5), MaxValueValidator(120)],
    )
    wrapup_s = models.PositiveSmallIntegerField(_("seconds of rest after a call"), default=0)
    max_wait_s = models.PositiveSmallIntegerField(
        _("longest wait in seconds"),
        default=300,
        validators=[MinValueValidator(10), MaxValueValidator(3600)],
    )
    max_callers = models.PositiveSmallIntegerField(_("most callers waiting"), default=20)
    welcome = optional_key(Prompt, _("welcome"))
    music = optional_key(Prompt, _("music on hold"))
    announces_position = models.BooleanField(_("announce the position"), default=True)
    announce_every_s = models.PositiveSmallIntegerField(
        _("announce every so many seconds"), default=45, validators=[MinValueValidator(15)]
    )
    schedule = optional_key(Schedule, _("schedule"))
    payer = optional_key("circuits.Circuit", _("line that pays for calls to the outside"))
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("group (queue)")
        verbose_name_plural = _("groups (queues)")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="pbx_queue_name"),
            models.UniqueConstraint(
                fields=["tenant", "extension"],
                condition=~models.Q(extension=""),
                name="pbx_queue_extension",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class QueueMember(models.Model):
    """A line that takes calls of a group. Lower `penalty` rings first."""

    queue = models.ForeignKey(Queue, models.CASCADE, related_name="members")
    tenant = _owner()
    circuit = models.ForeignKey(
        "circuits.Circuit", models.CASCADE, related_name="queue_members", verbose_name=_("line")
    )
    penalty = models.PositiveSmallIntegerField(
        _("order"), default=0, validators=[MaxValueValidator(99)]
    )
    is_paused = models.BooleanField(_("paused"), default=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        ordering = ["penalty", "id"]
        constraints = [models.UniqueConstraint(fields=["queue", "circuit"], name="pbx_member_once")]

    def __str__(self) -> str:
        return f"{self.queue} {self.circuit}"


class QueueCaller(models.Model):
    """Somebody who waits in a group now, as the switch last said; the row goes when he does."""

    call_id = models.CharField(max_length=80, primary_key=True)
    tenant = _owner()
    queue = models.ForeignKey(Queue, models.CASCADE, related_name="callers")
    central = models.CharField(max_length=40)
    caller = models.CharField(_("caller"), max_length=40)
    since = models.DateTimeField(_("waiting since"))

    objects = VisibleQuerySet.as_manager()

    class Meta:
        ordering = ["since"]

    def __str__(self) -> str:
        return f"{self.queue_id} {self.caller}"


class MemberState(models.Model):
    """What a member of a group does now, as the switch last said, and since when.

    `caller` is with whom he talks, or who rings him. `answered` counts the calls of the group that
    he took since the switch last forgot.
    """

    class State(models.TextChoices):
        OFFLINE = "offline", _("Offline")
        IDLE = "idle", _("Free")
        RINGING = "ringing", _("Ringing")
        TALKING = "talking", _("In a call")

    member = models.OneToOneField(
        QueueMember, models.CASCADE, primary_key=True, related_name="live"
    )
    tenant = _owner()
    state = models.CharField(_("status"), max_length=7, choices=State, default=State.OFFLINE)
    caller = models.CharField(_("caller"), max_length=40, blank=True)
    answered = models.PositiveIntegerField(_("calls answered"), default=0)
    since = models.DateTimeField(_("since"))

    objects = VisibleQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.member_id} {self.state}"


@pghistory.track(exclude=["pin_hash"])
class LineService(models.Model):
    """What a line does beside ringing: follow-me, voicemail, pick-up, and the voice portal's PIN.

    A follow-me destination is dialled as the line itself would dial it, and the line pays.
    `extension` is its short number among the lines and groups of one customer.
    """

    circuit = models.OneToOneField(
        "circuits.Circuit", models.CASCADE, primary_key=True, related_name="service"
    )
    tenant = _owner()
    extension = models.CharField(_("extension"), max_length=6, blank=True, validators=[EXTENSION])
    always = models.CharField(_("follow-me always"), max_length=32, blank=True)
    busy = models.CharField(_("follow-me when busy"), max_length=32, blank=True)
    no_answer = models.CharField(_("follow-me when not answered"), max_length=32, blank=True)
    offline = models.CharField(_("follow-me when offline"), max_length=32, blank=True)
    ring_s = models.PositiveSmallIntegerField(
        _("seconds it rings"),
        default=30,
        validators=[MinValueValidator(5), MaxValueValidator(120)],
    )
    voicemail = models.BooleanField(_("voicemail"), default=False)
    voicemail_email = models.EmailField(_("voicemail goes to"), blank=True)
    voicemail_greeting = optional_key(Prompt, _("greeting of the voicemail"))
    missed_calls = models.BooleanField(
        _("e-mail of missed calls"),
        null=True,
        blank=True,
        choices=[(None, _("as the customer has it")), (True, _("yes")), (False, _("no"))],
        help_text=_("To the voicemail's address if there is one, else where notices go."),
    )
    pickup_group = models.CharField(
        _("pick-up group"),
        max_length=40,
        blank=True,
        validators=[RegexValidator(r"^[a-z0-9-]*\Z")],
        help_text=_("Lines of one group take each other's calls by dialling *8."),
    )
    pin_hash = models.CharField(max_length=128, blank=True, editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("line services")
        verbose_name_plural = _("line services")
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "extension"],
                condition=~models.Q(extension=""),
                name="pbx_line_extension",
            )
        ]

    def __str__(self) -> str:
        return str(self.circuit)


@pghistory.track()
class PortalCaller(models.Model):
    """A telephone that may use the voice portal: calls it places there are the line's (S1-13b)."""

    tenant = _owner()
    number = models.CharField(_("originating number"), max_length=20)
    circuit = models.ForeignKey(
        "circuits.Circuit",
        models.CASCADE,
        related_name="portal_callers",
        verbose_name=_("line that pays"),
    )
    description = models.CharField(_("description"), max_length=120, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("voice portal number")
        verbose_name_plural = _("voice portal numbers")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["number", "circuit"], name="pbx_portal_caller_once")
        ]

    def __str__(self) -> str:
        return self.number


class Voicemail(models.Model):
    """A message left for a line; `sound` is a WAV file as in `Prompt`."""

    tenant = _owner()
    circuit = models.ForeignKey(
        "circuits.Circuit", models.CASCADE, related_name="voicemails", verbose_name=_("line")
    )
    call_id = models.CharField(max_length=80, unique=True)
    caller = models.CharField(_("caller"), max_length=40)
    at = models.DateTimeField(_("date"))
    duration_ms = models.PositiveIntegerField(_("duration"))
    sound = models.BinaryField()
    heard_at = models.DateTimeField(_("heard at"), null=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("voicemail message")
        verbose_name_plural = _("voicemail messages")
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.circuit} {self.caller}"


class Lockout(models.Model):
    """Wrong PINs: from `key` (a caller, a card, a line) nothing is taken until `until`."""

    key = models.CharField(max_length=80, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()
    until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.key
