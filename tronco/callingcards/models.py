"""Calling cards: a number and a PIN with a balance, for calls from any telephone (S1-13c)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tronco.charging.cycles import ZONE
from tronco.tenancy.access import VisibleQuerySet


@pghistory.track()
class CardSeries(models.Model):
    """Cards of one kind: how they are numbered, what they hold, how long they last.

    `tenant` is the seller (master or reseller), whose plan prices the calls. A card is valid
    `valid_days` from its first use, and never beyond `expires_on`. Its numbers begin with `prefix`
    and have `digits` in all.
    """

    tenant = models.ForeignKey(
        "tenancy.Tenant", models.PROTECT, related_name="+", verbose_name=_("seller")
    )
    name = models.CharField(_("name"), max_length=80)
    plan = models.ForeignKey("catalog.Plan", models.PROTECT, related_name="+")
    prefix = models.CharField(
        _("prefix"), max_length=8, blank=True, validators=[RegexValidator(r"^[0-9]*\Z")]
    )
    digits = models.PositiveSmallIntegerField(
        _("digits of the number"),
        default=10,
        validators=[MinValueValidator(6), MaxValueValidator(16)],
    )
    pin_digits = models.PositiveSmallIntegerField(
        _("digits of the PIN"), default=6, validators=[MinValueValidator(4), MaxValueValidator(8)]
    )
    face_value_u = models.BigIntegerField(_("balance of a new card"))
    valid_days = models.PositiveIntegerField(
        _("days valid from the first use"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
    )
    expires_on = models.DateField(_("last day"), null=True, blank=True)
    is_blocked = models.BooleanField(_("blocked"), default=False)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("card series")
        verbose_name_plural = _("card series")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="callingcards_series_name")
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track(exclude=["pin_hash"])
class Card(models.Model):
    """One card. Its PIN is kept only as a hash and shown when it is made.

    What callers may do with it also depends on its series and its balance: `exhausted` and
    `expired` are told from those, not stored.
    """

    class Status(models.TextChoices):
        INACTIVE = "inactive", _("Inactive")
        ACTIVE = "active", _("Active")
        BLOCKED = "blocked", _("Blocked")

    class State(models.TextChoices):
        """What a card is worth: its status, or why an active one may not be used (U6)."""

        INACTIVE = "inactive", _("Inactive")
        ACTIVE = "active", _("Active")
        BLOCKED = "blocked", _("Blocked")
        EXHAUSTED = "exhausted", _("Exhausted")
        EXPIRED = "expired", _("Expired")

    tenant = models.ForeignKey(
        "tenancy.Tenant", models.PROTECT, related_name="+", verbose_name=_("seller")
    )
    series = models.ForeignKey(
        CardSeries, models.PROTECT, related_name="cards", verbose_name=_("series")
    )
    account = models.OneToOneField(
        "charging.Account", models.PROTECT, related_name="card", editable=False
    )
    number = models.CharField(_("card"), max_length=16, unique=True)
    pin_hash = models.CharField(max_length=128, editable=False)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.INACTIVE)
    first_used_at = models.DateTimeField(_("first used"), null=True, blank=True, editable=False)
    # Of the form by which it was made: a form that is sent twice makes its cards once.
    batch = models.UUIDField(null=True, editable=False, db_index=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("calling card")
        verbose_name_plural = _("calling cards")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.number

    def get_state_display(self) -> str:
        """The state that `selectors.with_state` told, in words."""
        return str(self.State(getattr(self, "state", self.status)).label)

    @property
    def valid_until(self) -> datetime | date | None:
        """When its validity ends, as far as that is known; a date is valid to its end."""
        series = self.series
        if series.valid_days is None or self.first_used_at is None:
            return series.expires_on
        ends = self.first_used_at + timedelta(days=series.valid_days)
        if series.expires_on is not None and series.expires_on < ends.astimezone(ZONE).date():
            return series.expires_on
        return ends
