"""What is sold and what is bought: plans, their allowances, tariffs and their dated versions."""

from __future__ import annotations

import pghistory
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tronco.tenancy.access import VisibleQuerySet


class CallClass(models.TextChoices):
    """The eight call classes by which operators sell and route (S3-26)."""

    LOCAL_FIXED = "local_fixed", _("Local fixed")
    LOCAL_MOBILE = "local_mobile", _("Local mobile")
    LDN_FIXED = "ldn_fixed", _("Long-distance fixed")
    LDN_MOBILE = "ldn_mobile", _("Long-distance mobile")
    N0300 = "n0300", _("0300")
    N0800 = "n0800", _("0800")
    SERVICES = "services", _("Services")
    LDI = "ldi", _("International")


@pghistory.track()
class Tariff(models.Model):
    """A price list, of sale or of cost; its prices live in dated versions."""

    class Kind(models.TextChoices):
        SALE = "sale", _("Sale")
        COST = "cost", _("Cost")

    tenant = models.ForeignKey(
        "tenancy.Tenant", models.PROTECT, related_name="tariffs", verbose_name=_("seller")
    )
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=4, choices=Kind, default=Kind.SALE)
    timezone = models.CharField(_("time zone"), max_length=40, default="America/Sao_Paulo")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("tariff")
        verbose_name_plural = _("tariffs")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="catalog_tariff_name")
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class TariffVersion(models.Model):
    """The prices of a tariff from `effective_at` on. Once published its rates never change.

    A draft is invisible to charging. A withdrawn version (roll-back) counts as never published for
    calls that start from `withdrawn_at` on; calls already priced keep the version they name.
    Triggers of migration 0005 refuse to change the rates of what is no draft, by whatever path.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", _("Published")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    tenant = models.ForeignKey("tenancy.Tenant", models.PROTECT, related_name="+")
    tariff = models.ForeignKey(
        Tariff, models.CASCADE, related_name="versions", verbose_name=_("tariff")
    )
    number = models.PositiveIntegerField(_("version"))
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.DRAFT)
    effective_at = models.DateTimeField(_("in effect from"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(_("by"), max_length=120)

    objects = VisibleQuerySet.as_manager()
    screen_name = "version"

    class Meta:
        verbose_name = _("tariff version")
        verbose_name_plural = _("tariff versions")
        ordering = ["tariff", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["tariff", "number"], name="catalog_version_number"),
            models.CheckConstraint(
                name="catalog_version_dated_unless_draft",
                condition=models.Q(status="draft") | models.Q(effective_at__isnull=False),
            ),
            models.CheckConstraint(
                name="catalog_version_withdrawn_when",
                condition=models.Q(status="withdrawn", withdrawn_at__isnull=False)
                | (~models.Q(status="withdrawn") & models.Q(withdrawn_at=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tariff} v{self.number}"


class Rate(models.Model):
    """The price of one prefix or of one call class within a version.

    The common shape is told by columns: price per minute, cadence minimum/step/free, connect fee.
    `windows`, when present, replaces price, fee and cadence (but not `free_under_s` and
    `max_cost`); it has the shape that the rating engine's `load_rate` reads. `catalog.rates` checks
    both. Prices are exact decimals of a real.
    """

    # No index of its own: the unique constraint begins with it, and an import pays for each index.
    version = models.ForeignKey(
        TariffVersion,
        models.CASCADE,
        related_name="rates",
        db_index=False,
        verbose_name=_("version"),
    )
    prefix = models.CharField(_("prefix"), max_length=20, blank=True)
    call_class = models.CharField(_("call class"), max_length=16, choices=CallClass, blank=True)
    description = models.CharField(_("description"), max_length=120, blank=True)
    price_per_min = models.DecimalField(_("price per minute"), max_digits=20, decimal_places=10)
    connect_fee = models.DecimalField(_("connect fee"), max_digits=20, decimal_places=10, default=0)
    minimum_s = models.PositiveIntegerField(_("minimum"), default=30)
    step_s = models.PositiveIntegerField(_("step"), default=6)
    free_under_s = models.PositiveIntegerField(_("free under"), default=3)
    max_cost = models.DecimalField(
        _("maximum cost"), max_digits=20, decimal_places=10, null=True, blank=True
    )
    windows = models.JSONField(_("windows"), null=True, blank=True)

    objects = VisibleQuerySet.as_manager()
    tenant_path_lookup = "version__tenant__path"

    class Meta:
        verbose_name = _("rate")
        verbose_name_plural = _("rates")
        ordering = ["prefix", "call_class"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "prefix", "call_class"], name="catalog_rate_unique"
            ),
            models.CheckConstraint(
                name="catalog_rate_prefix_xor_class",
                condition=(models.Q(prefix="") & ~models.Q(call_class=""))
                | (~models.Q(prefix="") & models.Q(call_class="")),
            ),
            models.CheckConstraint(
                name="catalog_rate_prefix_digits",
                condition=models.Q(prefix__regex=r"^([1-9][0-9]{0,17})?$"),
            ),
            models.CheckConstraint(
                name="catalog_rate_chargeable",
                condition=models.Q(price_per_min__gte=0)
                & models.Q(connect_fee__gte=0)
                & (models.Q(max_cost=None) | models.Q(max_cost__gte=0))
                & models.Q(step_s__gte=1),
            ),
        ]

    def __str__(self) -> str:
        return self.target

    @property
    def target(self) -> str:
        """The prefix, or the class by its name."""
        return self.prefix or self.get_call_class_display()

    @property
    def cadence(self) -> str:
        """Minimum/step/free, where the clock does not decide."""
        return "" if self.windows else f"{self.minimum_s}/{self.step_s}/{self.free_under_s}"


class RateImport(models.Model):
    """What became of an uploaded price list: the draft it filled, and every line with a problem.

    It is written once, with the draft, and goes with it when the draft is thrown away.
    """

    tenant = models.ForeignKey("tenancy.Tenant", models.PROTECT, related_name="+")
    version = models.OneToOneField(TariffVersion, models.CASCADE, related_name="rate_import")
    file_name = models.CharField(_("file"), max_length=255)
    encoding = models.CharField(_("encoding"), max_length=16)
    separator = models.CharField(_("separator"), max_length=1)
    lines = models.PositiveIntegerField(_("lines read"))
    taken = models.PositiveIntegerField(_("prices taken"))
    inactive = models.PositiveIntegerField(_("inactive"), default=0)
    errors = models.PositiveIntegerField(_("lines with errors"), default=0)
    warnings = models.PositiveIntegerField(_("warnings"), default=0)
    # The first of them, in the shape of `sheet.Issue`.
    issues = models.JSONField(default=list)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("price list import")
        verbose_name_plural = _("price list imports")

    def __str__(self) -> str:
        return self.file_name


@pghistory.track()
class Plan(models.Model):
    """What a tenant offers to those below him: how calls are paid, priced and rounded."""

    class Kind(models.TextChoices):
        PREPAID = "prepaid", _("Prepaid")
        CONTROL = "control", _("Control")
        POSTPAID = "postpaid", _("Postpaid")

    class Rounding(models.TextChoices):
        DOWN = "down", _("Cut")
        HALF_UP = "half_up", _("Half up")
        UP = "up", _("Up")
        NONE = "none", _("None (to the millionth)")

    tenant = models.ForeignKey(
        "tenancy.Tenant", models.PROTECT, related_name="plans", verbose_name=_("seller")
    )
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    tariff = models.ForeignKey(
        Tariff, models.PROTECT, related_name="plans", verbose_name=_("tariff")
    )
    monthly_fee_u = models.BigIntegerField(_("monthly fee"), default=0)
    rounding = models.CharField(
        _("rounding"), max_length=7, choices=Rounding, default=Rounding.DOWN
    )
    decimals = models.PositiveSmallIntegerField(
        _("decimals"), default=2, validators=[MaxValueValidator(6)]
    )
    sell_below_cost = models.BooleanField(
        _("may sell below cost"),
        default=False,
        help_text=_("Otherwise a call that costs the seller more than it brings is refused."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="catalog_plan_name"),
            models.CheckConstraint(
                name="catalog_plan_fee_not_negative", condition=models.Q(monthly_fee_u__gte=0)
            ),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Allowance(models.Model):
    """What a plan includes each cycle for some call classes: seconds of calls, or µR$ of them."""

    class Unit(models.TextChoices):
        SECONDS = "seconds", _("Minutes")
        MONEY = "money", _("Reais")

    tenant = models.ForeignKey("tenancy.Tenant", models.PROTECT, related_name="+")
    plan = models.ForeignKey(
        Plan, models.CASCADE, related_name="allowances", verbose_name=_("plan")
    )
    name = models.CharField(_("name"), max_length=80)
    classes = ArrayField(
        models.CharField(max_length=16, choices=CallClass), verbose_name=_("call classes")
    )
    unit = models.CharField(_("unit"), max_length=7, choices=Unit, default=Unit.SECONDS)
    # Seconds, or µR$.
    amount = models.BigIntegerField(_("amount"))
    position = models.PositiveSmallIntegerField(_("order of use"), default=1)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("allowance")
        verbose_name_plural = _("allowances")
        ordering = ["plan", "position"]
        constraints = [
            models.CheckConstraint(
                name="catalog_allowance_positive", condition=models.Q(amount__gt=0)
            )
        ]

    def __str__(self) -> str:
        return self.name
