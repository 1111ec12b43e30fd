"""Circuits: SIP accounts tied to a customer, on which traffic and rating hang (S0)."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tronco.catalog.models import CallClass, Plan
from tronco.tenancy.access import VisibleQuerySet


def all_classes() -> list[str]:
    """Default of `allowed_classes`: every class."""
    return list(CallClass.values)


@pghistory.track(exclude=["ha1_md5", "ha1_sha256"])
class Circuit(models.Model):
    """A SIP account. `number` is what the phone registers with; it is unique in the whole system.

    The password is kept only as digests over the installation's realm, and shown once. An extension
    that the customer made himself hangs on a `line` of his: it spends that line's account, and may
    no more than the line. `is_paused`: suspended by the customer, who alone may end that.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")
        DISABLED = "disabled", _("Disabled")

    tenant = models.ForeignKey(
        "tenancy.Tenant", models.PROTECT, related_name="circuits", verbose_name=_("customer")
    )
    account = models.ForeignKey(
        "charging.Account", models.PROTECT, related_name="circuits", editable=False
    )
    line = models.ForeignKey(
        "self",
        models.RESTRICT,
        null=True,
        editable=False,
        related_name="extensions",
        verbose_name=_("extension of"),
    )
    central = models.ForeignKey(
        "centrals.Central", models.PROTECT, related_name="circuits", verbose_name=_("central")
    )
    number = models.CharField(
        _("circuit"),
        max_length=32,
        unique=True,
        validators=[RegexValidator(r"^[a-zA-Z0-9_.-]{3,32}\Z")],
    )
    description = models.CharField(_("description"), max_length=120, blank=True)
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.ACTIVE)
    is_paused = models.BooleanField(_("suspended by the customer"), default=False, editable=False)
    ha1_md5 = models.CharField(max_length=32, editable=False)
    ha1_sha256 = models.CharField(max_length=64, editable=False)
    own_ddd = models.PositiveSmallIntegerField(
        _("own DDD"), default=11, validators=[MinValueValidator(11), MaxValueValidator(99)]
    )
    caller_number = models.CharField(
        _("number shown"),
        max_length=20,
        blank=True,
        help_text=_("One of the customer's own numbers; empty: the circuit's first number."),
    )
    allowed_classes = ArrayField(
        models.CharField(max_length=16, choices=CallClass),
        default=all_classes,
        blank=True,
        verbose_name=_("classes allowed"),
    )
    max_calls = models.PositiveIntegerField(
        _("simultaneous calls"), null=True, blank=True, default=2
    )
    max_cps = models.PositiveIntegerField(_("calls per second"), null=True, blank=True)
    max_contacts = models.PositiveSmallIntegerField(
        _("phones at once"), default=1, validators=[MinValueValidator(1), MaxValueValidator(10)]
    )
    codecs = models.CharField(_("codecs"), max_length=80, default="alaw,ulaw")
    user = models.OneToOneField(
        "identity.User",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="circuit",
        verbose_name=_("used by"),
        help_text=_("Whose extension it is: he may use it as a telephone in the page."),
    )
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("circuit")
        verbose_name_plural = _("circuits")
        ordering = ["number"]

    def __str__(self) -> str:
        return self.number

    @property
    def is_online(self) -> bool:
        """Whether a phone is registered now; one that never was has no registration at all."""
        registration = getattr(self, "registration", None)
        return registration is not None and registration.online

    @property
    def source_address(self) -> str | None:
        """Where its phone registers from; None when offline."""
        registration: Registration | None = getattr(self, "registration", None)
        return registration.address if registration is not None and registration.online else None

    @property
    def latency_ms(self) -> int | None:
        """The last round trip to the phone; None when offline or not measured."""
        registration: Registration | None = getattr(self, "registration", None)
        if registration is None or not registration.online or registration.rtt_us is None:
            return None
        return -(-registration.rtt_us // 1000)

    @property
    def is_prepaid(self) -> bool:
        """Whether it pays before it calls."""
        return self.account.plan.kind == Plan.Kind.PREPAID


@pghistory.track(exclude=["told_at"])
class BalanceAlert(models.Model):
    """Below how much the customer is warned that a circuit's balance is low.

    `told_at` is when he was, since the balance fell; empty while it is not below.
    """

    history_name = "circuit"

    circuit = models.OneToOneField(Circuit, models.CASCADE, related_name="balance_alert")
    tenant = models.ForeignKey("tenancy.Tenant", models.CASCADE, related_name="+")
    threshold_u = models.BigIntegerField(_("warn below"), validators=[MinValueValidator(1)])
    told_at = models.DateTimeField(_("warned at"), null=True, editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("warning of a low balance")
        verbose_name_plural = _("warnings of low balances")

    def __str__(self) -> str:
        return str(self.circuit)


class PagePhone(models.Model):
    """The telephone of an open page: a name and a password of its own, for some hours.

    `name` is what it is called in the switch. It ends with the session in which it was made: the
    database deletes it then, however the session ends.
    """

    name = models.CharField(max_length=64, unique=True)
    circuit = models.ForeignKey(Circuit, models.CASCADE, related_name="page_phones")
    tenant = models.ForeignKey("tenancy.Tenant", models.CASCADE, related_name="+")
    user = models.ForeignKey("identity.User", models.CASCADE, related_name="+")
    session = models.ForeignKey(
        "sessions.Session", models.DO_NOTHING, related_name="+", db_constraint=False
    )
    ha1_md5 = models.CharField(max_length=32)
    expires_at = models.DateTimeField()

    objects = VisibleQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Registration(models.Model):
    """Where a circuit is registered now, as the switch last said."""

    circuit = models.OneToOneField(
        Circuit, models.CASCADE, primary_key=True, related_name="registration"
    )
    tenant = models.ForeignKey("tenancy.Tenant", models.CASCADE, related_name="+")
    online = models.BooleanField(default=False)
    address = models.GenericIPAddressField(null=True)
    port = models.PositiveIntegerField(null=True)
    user_agent = models.CharField(max_length=120, blank=True)
    rtt_us = models.PositiveIntegerField(null=True)
    expires_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()

    objects = VisibleQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.circuit_id} {'online' if self.online else 'offline'}"


class LatencySample(models.Model):
    """Five minutes of a circuit's latency, in microseconds; `lost` counts probes without answer."""

    circuit = models.ForeignKey(Circuit, models.CASCADE, related_name="latency")
    tenant = models.ForeignKey("tenancy.Tenant", models.CASCADE, related_name="+")
    at = models.DateTimeField()
    samples = models.PositiveSmallIntegerField(default=0)
    lost = models.PositiveSmallIntegerField(default=0)
    min_us = models.PositiveIntegerField(null=True)
    max_us = models.PositiveIntegerField(null=True)
    sum_us = models.BigIntegerField(default=0)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["circuit", "at"], name="circuits_latency_bucket")
        ]

    def __str__(self) -> str:
        return f"{self.circuit_id} {self.at}"
