"""Call records: what happened, what it cost at every level, and why."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import ProtectedError, QuerySet
from django.db.models.deletion import Collector
from django.utils.translation import gettext_lazy as _

from tronco.catalog.models import CallClass
from tronco.numbering.number import CallClass as DialledClass
from tronco.tenancy.access import VisibleQuerySet

# The eight classes that are sold and routed, and the one that is neither.
CLASS_CHOICES = [*CallClass.choices, (DialledClass.EMERGENCY.value, _("Emergency"))]


class Direction(models.TextChoices):
    """Which way a call crosses the platform."""

    OUT = "out", _("Outgoing")
    IN = "in", _("Incoming")
    INTERNAL = "internal", _("Internal")


def refuse_if_recorded(
    collector: Collector, field: models.Field[Any, Any], rows: QuerySet[Any], using: str
) -> None:
    """As PROTECT, which would read every one of the calls to say so."""
    if named := list(rows[:1]):
        raise ProtectedError(f"call records name it in '{field.name}'", set(named))


refuse_if_recorded.lazy_sub_objs = True  # type: ignore[attr-defined]


class Cdr(models.Model):
    """One call, answered or not. Lives in monthly partitions; the key is its start and a hash of
    where it came from, so that the same call twice is one record.

    Durations in milliseconds, money in µR$. `price_u` is what the circuit's customer pays;
    `charges` holds every level's own price, `[{level, tenant, account, price_u}]` from the circuit
    upwards, of which each level is shown only its own and those below; `cost_u` is the carrier's,
    for the master alone.
    """

    class Outcome(models.TextChoices):
        ANSWERED = "answered", _("Answered")
        NO_ANSWER = "no_answer", _("Not answered")
        BUSY = "busy", _("Busy")
        CANCELLED = "cancelled", _("Cancelled")
        FAILED = "failed", _("Failed")
        REFUSED = "refused", _("Refused")

    pk = models.CompositePrimaryKey("started_at", "identity")
    started_at = models.DateTimeField(_("start"))
    identity = models.BigIntegerField()
    call_id = models.CharField(_("call id"), max_length=80)
    tenant = models.ForeignKey("tenancy.Tenant", refuse_if_recorded, related_name="+")
    account = models.ForeignKey("charging.Account", refuse_if_recorded, null=True, related_name="+")
    # Not asked when a circuit is deleted: there is no index to ask by, and its account protects it.
    circuit = models.ForeignKey("circuits.Circuit", models.DO_NOTHING, null=True, related_name="+")
    did = models.ForeignKey("dids.Did", refuse_if_recorded, null=True, related_name="+")
    trunk = models.ForeignKey("routing.Trunk", refuse_if_recorded, null=True, related_name="+")
    central = models.CharField(_("central"), max_length=40)
    direction = models.CharField(_("direction"), max_length=8, choices=Direction)
    caller = models.CharField(_("from"), max_length=40)
    dialled = models.CharField(_("dialled"), max_length=80)
    called = models.CharField(_("to"), max_length=40)
    call_class = models.CharField(_("class"), max_length=16, choices=CLASS_CHOICES, blank=True)
    uf = models.CharField(_("UF"), max_length=3, blank=True)
    answered_at = models.DateTimeField(_("answer"), null=True)
    ended_at = models.DateTimeField(_("end"))
    duration_ms = models.BigIntegerField(_("duration"), default=0)
    billed_ms = models.BigIntegerField(_("billed duration"), default=0)
    outcome = models.CharField(_("outcome"), max_length=9, choices=Outcome)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    hangup_cause = models.PositiveSmallIntegerField(_("cause"), default=0)
    price_u = models.BigIntegerField(_("price"), default=0)
    cost_u = models.BigIntegerField(_("cost"), default=0)
    charges = models.JSONField(default=list)
    explanation = models.JSONField(default=dict)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        managed = False  # partitioned: created by this folder's first migration
        db_table = "calls_cdr"
        verbose_name = _("call record")
        verbose_name_plural = _("call records")
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return self.call_id


class DailyCalls(models.Model):
    """A roll-up (`rollups.py`): a day's calls of one kind, as a tenant of their chains sees them.

    The day is the operator's. `price_u` is what the circuits' customers pay, `sale_u` what this
    tenant sold the calls for; for a customer they are the same.
    """

    pk = models.CompositePrimaryKey("tenant", "day", "central", "direction", "call_class", "uf")
    tenant = models.ForeignKey(
        "tenancy.Tenant", models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    day = models.DateField()
    central = models.CharField(max_length=40)
    direction = models.CharField(max_length=8, choices=Direction)
    call_class = models.CharField(max_length=16, choices=CLASS_CHOICES, blank=True)
    uf = models.CharField(max_length=3, blank=True)
    calls = models.BigIntegerField()
    answered = models.BigIntegerField()
    duration_ms = models.BigIntegerField()
    price_u = models.BigIntegerField()
    sale_u = models.BigIntegerField()

    objects = VisibleQuerySet.as_manager()

    class Meta:
        db_table = "calls_daily"


class HourlyCalls(models.Model):
    """A roll-up: how many calls of anybody's ran in an hour, and when the first of them began."""

    pk = models.CompositePrimaryKey("hour", "central")
    hour = models.DateTimeField()
    central = models.CharField(max_length=40)
    calls = models.BigIntegerField()
    since = models.DateTimeField()

    class Meta:
        db_table = "calls_hourly"


class PeakCalls(models.Model):
    """The most calls at once that a tenant's branch had in an hour (`peaks.py`).

    It was found when anybody's calls in that hour were `calls`, and the branch's own on that day
    and the day before were `own`.
    """

    pk = models.CompositePrimaryKey("tenant", "hour")
    tenant = models.ForeignKey(
        "tenancy.Tenant", models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    hour = models.DateTimeField()
    peak = models.IntegerField()
    calls = models.BigIntegerField()
    own = models.BigIntegerField()

    objects = VisibleQuerySet.as_manager()

    class Meta:
        db_table = "calls_peak"
