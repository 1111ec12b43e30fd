"""Carriers, their trunks, and routes: which trunks carry each call class."""

from __future__ import annotations

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from tronco.catalog.models import CallClass
from tronco.tenancy.access import VisibleQuerySet


@pghistory.track()
class Carrier(models.Model):
    """Who carries calls for the master, and at what cost."""

    tenant = models.ForeignKey("tenancy.Tenant", models.PROTECT, related_name="carriers")
    name = models.CharField(_("name"), max_length=120)
    cost_tariff = models.ForeignKey(
        "catalog.Tariff",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="carriers",
        verbose_name=_("cost tariff"),
    )
    is_active = models.BooleanField(_("active"), default=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("carrier")
        verbose_name_plural = _("carriers")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="routing_carrier_name")
        ]

    def __str__(self) -> str:
        return self.name


_LIVE = ["reachable", "rtt_us", "registration", "checked_at"]


@pghistory.track(exclude=["password_encrypted", *_LIVE])
class Trunk(models.Model):
    """A SIP connection with a carrier, on every central."""

    class NumberFormat(models.TextChoices):
        E164 = "e164", _("+55 11 3333-4444 (E.164 with +)")
        DIGITS = "digits", _("551133334444 (E.164 without +)")
        NATIONAL = "national", _("01133334444 (0 + DDD + number)")
        DDD = "ddd", _("1133334444 (DDD + number)")

    tenant = models.ForeignKey("tenancy.Tenant", models.PROTECT, related_name="+")
    carrier = models.ForeignKey(
        Carrier, models.PROTECT, related_name="trunks", verbose_name=_("carrier")
    )
    name = models.SlugField(_("name"), max_length=40, unique=True)
    host = models.CharField(_("host"), max_length=255)
    port = models.PositiveIntegerField(_("port"), default=5060)
    username = models.CharField(_("user name"), max_length=80, blank=True)
    password_encrypted = models.TextField(blank=True, editable=False)
    register = models.BooleanField(_("register"), default=False)
    source_addresses = models.CharField(
        _("source addresses"),
        max_length=255,
        blank=True,
        help_text=_(
            "Addresses or networks its calls come from, separated by commas; empty: the host."
        ),
    )
    number_format = models.CharField(
        _("number format"), max_length=8, choices=NumberFormat, default=NumberFormat.DIGITS
    )
    tech_prefix = models.CharField(_("tech prefix"), max_length=12, blank=True)
    codecs = models.CharField(_("codecs"), max_length=80, default="alaw,ulaw")
    max_calls = models.PositiveIntegerField(_("simultaneous calls"), null=True, blank=True)
    carries_emergency = models.BooleanField(_("carries emergency calls"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    # Written by sipcore.
    reachable = models.BooleanField(_("reachable"), null=True, editable=False)
    rtt_us = models.PositiveIntegerField(_("latency"), null=True, editable=False)
    registration = models.CharField(_("registration"), max_length=40, blank=True, editable=False)
    checked_at = models.DateTimeField(_("checked at"), null=True, editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("trunk")
        verbose_name_plural = _("trunks")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Route(models.Model):
    """Which trunks carry each of the eight call classes, in order of preference (S3-26)."""

    tenant = models.ForeignKey("tenancy.Tenant", models.PROTECT, related_name="routes")
    name = models.CharField(_("name"), max_length=120)
    is_default = models.BooleanField(
        _("default"), default=False, help_text=_("Used by whoever has no route of his own.")
    )
    least_cost = models.BooleanField(
        _("least cost first"),
        default=False,
        help_text=_("Within a class, the cheapest carrier for the number goes first."),
    )

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("route")
        verbose_name_plural = _("routes")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="routing_route_name"),
            models.UniqueConstraint(
                fields=["tenant"],
                condition=models.Q(is_default=True),
                name="routing_route_one_default",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class RouteStep(models.Model):
    """One trunk of one class of a route; lower positions are tried first."""

    tenant = models.ForeignKey("tenancy.Tenant", models.PROTECT, related_name="+")
    route = models.ForeignKey(Route, models.CASCADE, related_name="steps")
    call_class = models.CharField(_("call class"), max_length=16, choices=CallClass)
    position = models.PositiveSmallIntegerField(_("order"), default=1)
    trunk = models.ForeignKey(Trunk, models.PROTECT, related_name="route_steps")

    objects = VisibleQuerySet.as_manager()

    class Meta:
        ordering = ["route", "call_class", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["route", "call_class", "position"], name="routing_step_position"
            ),
            models.UniqueConstraint(
                fields=["route", "call_class", "trunk"], name="routing_step_trunk"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.route} {self.call_class} {self.position}"


def _given_to(name: str) -> models.Q:
    """Exactly one of the targets of an assignment is set."""
    return models.Q(**{f"{one}__isnull": one != name for one in ("used_by", "circuit", "did")})


@pghistory.track()
class RouteAssignment(models.Model):
    """The route of one number, of one circuit, or of one tenant and all below him.

    A call goes by the route of the number it shows; else the nearest to its circuit wins.
    """

    tenant = models.ForeignKey("tenancy.Tenant", models.PROTECT, related_name="+")
    route = models.ForeignKey(Route, models.PROTECT, related_name="assignments")
    used_by = models.OneToOneField(
        "tenancy.Tenant", models.CASCADE, null=True, blank=True, related_name="route_assignment"
    )
    circuit = models.OneToOneField(
        "circuits.Circuit", models.CASCADE, null=True, blank=True, related_name="route_assignment"
    )
    did = models.OneToOneField(
        "dids.Did", models.CASCADE, null=True, blank=True, related_name="route_assignment"
    )

    objects = VisibleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="routing_assignment_one_target",
                condition=_given_to("used_by") | _given_to("circuit") | _given_to("did"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.route} -> {self.did or self.circuit or self.used_by}"
