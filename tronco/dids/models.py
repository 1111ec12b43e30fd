"""Numbers and what each does when it rings. For now: ring a circuit."""

from __future__ import annotations

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from tronco.tenancy.access import VisibleQuerySet


@pghistory.track()
class Did(models.Model):
    """A number. `raw` is exactly what the supplier sends and is the match key; `e164` is for people
    and for rating."""

    tenant = models.ForeignKey(
        "tenancy.Tenant", models.PROTECT, related_name="dids", verbose_name=_("owner")
    )
    raw = models.CharField(_("number as the supplier sends it"), max_length=32, unique=True)
    e164 = models.CharField(_("number"), max_length=20, db_index=True)
    supplier = models.CharField(_("supplier"), max_length=120, blank=True)
    circuit = models.ForeignKey(
        "circuits.Circuit",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="dids",
        verbose_name=_("rings circuit"),
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("number")
        verbose_name_plural = _("numbers")
        ordering = ["e164"]

    def __str__(self) -> str:
        return self.e164
