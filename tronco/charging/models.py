"""Accounts, their ledger, and what running calls hold of them.

Only `charging.services` and the database functions in `sql` write here: it is the
only door to money. The invariants are in ARCHITECTURE.md and are proved by tests/charging.
"""

from __future__ import annotations

from typing import Any

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tronco.tenancy.access import VisibleQuerySet

_LIVE = ["balance_u", "held_u", "used_u", "cycle_start"]
_TERMS = ["tenant_id", "role", "plan_id", "incoming_plan_id", "status", "limit_u", "cycle_day"]


def _unchecked(to: str | type[models.Model], **options: Any) -> models.ForeignKey[Any, Any]:
    """A foreign key of the rows that every call writes: neither checked nor indexed."""
    return models.ForeignKey(to, models.PROTECT, db_constraint=False, db_index=False, **options)


@pghistory.track(
    pghistory.InsertEvent(),
    # Named columns: a call, which changes others, does not even look whether there is news.
    pghistory.RowEvent(
        "update",
        operation=pgtrigger.UpdateOf(*_TERMS),  # type: ignore[no-untyped-call]
        condition=pgtrigger.AnyChange(),
        row="NEW",
        trigger_name="update_update",
    ),
    pghistory.DeleteEvent(),
    exclude=_LIVE,
)
class Account(models.Model):
    """The money behind a circuit, a card or a reseller, in µR$.

    available = balance_u - held_u + limit_u. `limit_u` is how far calls may take the balance below
    zero: 0 when prepaid, the monthly ceiling of a control plan, the credit limit of a postpaid one;
    empty (postpaid only) means no limit. `used_u` is what calls consumed in the open cycle.
    The plan is sold by the tenant above the owner, a card's by its owner. `incoming_plan` prices
    the calls that are received where they are charged; empty, `plan` does.
    """

    class Role(models.TextChoices):
        CIRCUIT = "circuit", _("Circuit")
        RESELLER = "reseller", _("Reseller")
        CARD = "card", _("Card")

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")

    tenant = models.ForeignKey("tenancy.Tenant", models.PROTECT, related_name="accounts")
    role = models.CharField(_("role"), max_length=8, choices=Role, default=Role.CIRCUIT)
    plan = models.ForeignKey(
        "catalog.Plan", models.PROTECT, related_name="accounts", verbose_name=_("plan")
    )
    incoming_plan = models.ForeignKey(
        "catalog.Plan",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("plan of incoming calls"),
    )
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.ACTIVE)
    limit_u = models.BigIntegerField(_("limit"), null=True, blank=True, default=0)
    cycle_day = models.PositiveSmallIntegerField(
        _("cycle day"), default=1, validators=[MinValueValidator(1), MaxValueValidator(25)]
    )
    balance_u = models.BigIntegerField(_("balance"), default=0, editable=False)
    held_u = models.BigIntegerField(_("held by running calls"), default=0, editable=False)
    used_u = models.BigIntegerField(_("used in the cycle"), default=0, editable=False)
    cycle_start = models.DateField(_("cycle began"), null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.UniqueConstraint(
                name="charging_account_one_per_reseller",
                fields=["tenant"],
                condition=models.Q(role="reseller"),
            ),
            models.CheckConstraint(
                name="charging_account_held_not_negative", condition=models.Q(held_u__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tenant} #{self.pk}"


class LedgerEntry(models.Model):
    """One movement of one account. Immutable: a trigger refuses UPDATE, DELETE and TRUNCATE.

    `key` is the caller's: the same key twice on an account is "already done". `actor` is the person
    or the part of the system that did it; `source` names the call or document behind it.
    """

    class Kind(models.TextChoices):
        OPENING = "opening", _("Opening balance")
        CREDIT = "credit", _("Credit")
        DEBIT = "debit", _("Debit")
        CALL = "call", _("Call")
        FEE = "fee", _("Monthly fee")
        CYCLE = "cycle", _("Cycle closed")
        CORRECTION = "correction", _("Correction")

    tenant = models.ForeignKey("tenancy.Tenant", models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="entries", db_index=False)
    at = models.DateTimeField(_("date"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    balance_before_u = models.BigIntegerField(_("previous balance"))
    amount_u = models.BigIntegerField(_("amount"))
    actor = models.CharField(_("by"), max_length=120)
    note = models.CharField(_("note"), max_length=255, blank=True)
    source = models.CharField(_("source"), max_length=120, blank=True)
    key = models.CharField(max_length=160)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "key"], name="charging_entry_once")
        ]
        indexes = [models.Index(fields=["account", "-id"], name="charging_entry_statement")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.kind} {self.amount_u}"

    @property
    def balance_after_u(self) -> int:
        """Balance right after this entry."""
        return self.balance_before_u + self.amount_u


class Bucket(models.Model):
    """What an account has of one allowance in one cycle; amounts in the allowance's unit.

    Seconds are kept in milliseconds so that fractional increments stay exact; money in µR$.
    Whoever changes a bucket holds its account's row lock.
    """

    tenant = models.ForeignKey("tenancy.Tenant", models.PROTECT, related_name="+", db_index=False)
    account = models.ForeignKey(Account, models.PROTECT, related_name="buckets", db_index=False)
    allowance = models.ForeignKey("catalog.Allowance", models.PROTECT, related_name="+")
    cycle_start = models.DateField(_("cycle began"))
    granted = models.BigIntegerField(_("granted"))
    used = models.BigIntegerField(_("used"), default=0)
    held = models.BigIntegerField(_("held by running calls"), default=0)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "allowance", "cycle_start"], name="charging_bucket_cycle"
            ),
            models.CheckConstraint(
                name="charging_bucket_bounds",
                condition=models.Q(held__gte=0)
                & models.Q(used__gte=0)
                & models.Q(granted__gte=models.F("used") + models.F("held")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}/{self.allowance_id} {self.cycle_start}"


class Authorization(models.Model):
    """A call that was let through: its holds, its deadline, and all that pricing it needs.

    `call_id` is the switch's unique id (`central-epoch.n`). `deadline_s` counts from the answer.
    `facts` names the plan, tariff version and rate of each level; charging writes it and reads it.
    `circuit_id` and `did_id` are plain ids: their folders lie above this one. Owner and account are
    not checked by the database: a check would lock the owner's row for every call.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        SETTLED = "settled", _("Settled")
        RELEASED = "released", _("Released")

    call_id = models.CharField(max_length=80, primary_key=True)
    tenant = _unchecked("tenancy.Tenant", related_name="+")
    account = _unchecked(Account, null=True, related_name="+")
    circuit_id = models.BigIntegerField(null=True)
    did_id = models.BigIntegerField(null=True)
    central = models.CharField(max_length=40)
    direction = models.CharField(max_length=8)
    caller = models.CharField(max_length=40)
    dialled = models.CharField(max_length=80)
    called = models.CharField(max_length=40)
    call_class = models.CharField(max_length=16)
    started_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField()
    deadline_s = models.PositiveIntegerField(null=True)
    # Known when it has ended.
    duration_ms = models.BigIntegerField(null=True)
    trunk_id = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    meters = ArrayField(models.CharField(max_length=60), default=list)
    # What the calls of a day may cost by each meter; empty when none limits that.
    day_limits_u = ArrayField(models.BigIntegerField(null=True), null=True)
    facts = models.JSONField(default=dict)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["central", "circuit_id"],
                name="charging_open_calls",
                condition=models.Q(state="open"),
            )
        ]

    def __str__(self) -> str:
        return self.call_id


class Hold(models.Model):
    """What one call holds of one account: money, and pieces of allowances.

    Level 0 is the customer's account, 1 his reseller's, and so on upwards. `price_u` is what the
    call cost at this level, once settled.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        SETTLED = "settled", _("Settled")
        RELEASED = "released", _("Released")

    pk = models.CompositePrimaryKey("authorization_id", "level")
    authorization = _unchecked(Authorization, related_name="holds")
    tenant = _unchecked("tenancy.Tenant", related_name="+")
    account = _unchecked(Account, related_name="holds")
    level = models.PositiveSmallIntegerField()
    amount_u = models.BigIntegerField()
    price_u = models.BigIntegerField(null=True)
    bucket_ids = ArrayField(models.BigIntegerField(), default=list)
    bucket_amounts = ArrayField(models.BigIntegerField(), default=list)
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["account"],
                name="charging_hold_pending",
                condition=models.Q(state="pending"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.authorization_id} {self.account_id} {self.amount_u}"


class Meter(models.Model):
    """Simultaneous calls and calls in the current second of whatever has a limit.

    `key` is `circuit:7`, `tenant:3`, `did:9` or `trunk:2`.
    """

    key = models.CharField(max_length=60, primary_key=True)
    active = models.IntegerField(default=0)
    second = models.BigIntegerField(default=0)
    starts = models.IntegerField(default=0)

    def __str__(self) -> str:
        return self.key


class MeterDay(models.Model):
    """What the calls of one day, by São Paulo's clock, hold and cost of what a meter limits by day.

    Whoever changes it holds the meter's row lock.
    """

    pk = models.CompositePrimaryKey("key", "day")
    key = models.CharField(max_length=60)
    day = models.DateField()
    spent_u = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.key} {self.day}"


class Gate(models.Model):
    """Which centrals have rebuilt their holds since the database server last started.

    Holds are reserved without waiting for the disk; after a restart of the database some may be
    missing, so no rated call is admitted until they have been rebuilt from the switches' live
    channels. The table is UNLOGGED: a recovery empties it, even one that leaves the postmaster
    running. The row of ALL says that every central is through.
    """

    ALL = "*"

    central = models.CharField(max_length=40, primary_key=True)
    opened_for = models.DateTimeField()

    def __str__(self) -> str:
        return self.central
