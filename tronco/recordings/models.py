"""Recorded calls: for whom they are allowed, whose are recorded, the recordings, who heard them."""

from __future__ import annotations

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tronco.tenancy.access import VisibleQuerySet

# What Decreto 11.034/2022, art. 12, § 3 asks of calls to a customer service.
KEEP_DAYS = 90
SPACE_MB = 5000
LONGEST_KEEP_DAYS = 3650


@pghistory.track(exclude=["is_full"])
class Policy(models.Model):
    """What a customer's seller allows, and how the customer himself wants it.

    `is_full`: his space is used up, so nothing more is recorded; kept by services.
    """

    history_name = "tenant"

    tenant = models.OneToOneField(
        "tenancy.Tenant", models.CASCADE, primary_key=True, related_name="+"
    )
    is_allowed = models.BooleanField(_("calls may be recorded"), default=False)
    keep_days = models.PositiveSmallIntegerField(
        _("days kept"),
        default=KEEP_DAYS,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_KEEP_DAYS)],
    )
    max_mb = models.PositiveIntegerField(
        _("space (MB)"),
        null=True,
        blank=True,
        default=SPACE_MB,
        validators=[MinValueValidator(1)],
        help_text=_("When it is used up nothing more is recorded. Empty: no limit."),
    )
    announces = models.BooleanField(
        _("tell both sides that the call is recorded"),
        default=True,
        help_text=_("Both hear it at the beginning of the conversation."),
    )
    own_listen = models.BooleanField(
        _("users of extensions hear the recordings of their own calls"), default=False
    )
    is_full = models.BooleanField(default=False, editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("recording of calls")
        verbose_name_plural = _("recording of calls")

    def __str__(self) -> str:
        return str(self.tenant)


@pghistory.track()
class Rule(models.Model):
    """Whose calls are recorded: those of a line, of a group, or that arrive at a number."""

    class Direction(models.TextChoices):
        BOTH = "both", _("Incoming and outgoing")
        IN = "in", _("Incoming")
        OUT = "out", _("Outgoing")

    tenant = models.ForeignKey(
        "tenancy.Tenant", models.CASCADE, related_name="+", verbose_name=_("customer")
    )
    circuit = models.OneToOneField(
        "circuits.Circuit",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="recording_rule",
        verbose_name=_("line"),
    )
    queue = models.OneToOneField(
        "pbx.Queue",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="recording_rule",
        verbose_name=_("group"),
    )
    did = models.OneToOneField(
        "dids.Did",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="recording_rule",
        verbose_name=_("number"),
    )
    direction = models.CharField(
        _("calls"), max_length=4, choices=Direction, default=Direction.BOTH
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("rule of recording")
        verbose_name_plural = _("rules of recording")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="recordings_rule_one_target",
                condition=models.Q(circuit__isnull=False, queue=None, did=None)
                | models.Q(circuit=None, queue__isnull=False, did=None)
                | models.Q(circuit=None, queue=None, did__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return str(self.circuit or self.queue or self.did)


@pghistory.track(exclude=["size", "sha256", "file"])
class Recording(models.Model):
    """A recorded conversation; the sound is `file`, below the instance's `recordings`.

    `call_id` is the call whose two sides were recorded, `first_call_id` the one with which the
    conversation began. `tenant` is who wanted it then, `circuit` his line that had the call.
    """

    class Direction(models.TextChoices):
        OUT = "out", _("Outgoing")
        IN = "in", _("Incoming")
        INTERNAL = "internal", _("Internal")

    tenant = models.ForeignKey(
        "tenancy.Tenant", models.PROTECT, related_name="+", verbose_name=_("customer")
    )
    circuit = models.ForeignKey(
        "circuits.Circuit",
        models.SET_NULL,
        null=True,
        related_name="recordings",
        verbose_name=_("line"),
    )
    call_id = models.CharField(_("call id"), max_length=80)
    first_call_id = models.CharField(max_length=80)
    direction = models.CharField(_("direction"), max_length=8, choices=Direction)
    caller = models.CharField(_("from"), max_length=40)
    called = models.CharField(_("to"), max_length=40)
    at = models.DateTimeField(_("date"))
    duration_ms = models.PositiveIntegerField(_("duration"))
    size = models.BigIntegerField(_("size"))
    sha256 = models.CharField(_("digest (SHA-256)"), max_length=64)
    file = models.CharField(max_length=200)
    is_kept = models.BooleanField(_("kept"), default=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("recording")
        verbose_name_plural = _("recordings")
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "call_id"], name="recordings_of_call")
        ]
        indexes = [
            models.Index(fields=["tenant", "at"], name="recordings_tenant_at"),
            models.Index(fields=["first_call_id"], name="recordings_first_call"),
        ]

    def __str__(self) -> str:
        return f"{self.caller} {self.called}"


@pghistory.track()
class Listening(models.Model):
    """Somebody heard a recording, or took it away. Its place in the history outlives both."""

    history_name = "recording"

    tenant = models.ForeignKey("tenancy.Tenant", models.PROTECT, related_name="+")
    recording = models.ForeignKey(Recording, models.CASCADE, related_name="listenings")
    who = models.CharField(_("who"), max_length=120)
    user_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(_("date"))
    downloaded = models.BooleanField(_("downloaded"), default=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("listening to a recording")
        verbose_name_plural = _("listenings to recordings")
        ordering = ["-at"]

    def __str__(self) -> str:
        return self.who
