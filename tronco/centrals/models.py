"""Core servers ("centrais"): the switches that hold the calls, and whom they keep out."""

from __future__ import annotations

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from tronco.tenancy.access import VisibleQuerySet

_LIVE = ["status", "version", "started_at", "seen_at", "channels"]


@pghistory.track(exclude=_LIVE)
class Central(models.Model):
    """A switch: one Asterisk node. `name` is its `systemname`, the prefix of its call ids."""

    class Status(models.TextChoices):
        UP = "up", _("Running")
        DOWN = "down", _("Stopped")

    tenant = models.ForeignKey("tenancy.Tenant", models.PROTECT, related_name="+")
    name = models.SlugField(_("name"), max_length=40, unique=True)
    description = models.CharField(_("description"), max_length=120, blank=True)
    host = models.CharField(_("address for phones"), max_length=255)
    sip_port = models.PositiveIntegerField(_("SIP port"), default=5060)
    external_address = models.GenericIPAddressField(
        _("address seen from outside"),
        protocol="IPv4",
        null=True,
        blank=True,
        help_text=_("Only of a central behind NAT: what the router in front of it is called."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    # Written by sipcore.
    status = models.CharField(
        _("status"), max_length=4, choices=Status, default=Status.DOWN, editable=False
    )
    version = models.CharField(_("version"), max_length=80, blank=True, editable=False)
    started_at = models.DateTimeField(_("running since"), null=True, editable=False)
    seen_at = models.DateTimeField(_("last seen"), null=True, editable=False)
    channels = models.PositiveIntegerField(_("channels"), default=0, editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("central")
        verbose_name_plural = _("centrals")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Ban(models.Model):
    """An address kept out for guessing passwords, until `expires_at` or until lifted."""

    tenant = models.ForeignKey("tenancy.Tenant", models.CASCADE, related_name="+")
    central = models.ForeignKey(Central, models.CASCADE, related_name="bans")
    address = models.GenericIPAddressField(_("address"))
    attempts = models.PositiveIntegerField(_("attempts"))
    last_user = models.CharField(_("last user tried"), max_length=120, blank=True)
    created_at = models.DateTimeField(_("banned at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("until"))
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)
    lifted_by = models.CharField(_("lifted by"), max_length=120, blank=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("banned address")
        verbose_name_plural = _("banned addresses")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["central", "address"], name="centrals_ban_address")]

    def __str__(self) -> str:
        return str(self.address)
