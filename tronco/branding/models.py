"""White label: the name, the looks and the domain under which a seller offers the platform."""

from __future__ import annotations

import pghistory
from django.db import models
from django.utils.translation import gettext_lazy as _

from tronco.tenancy.access import VisibleQuerySet


@pghistory.track(exclude=["logo"])
class Brand(models.Model):
    """What a seller shows of himself; what he leaves empty is shown of the nearest above him.

    `path` is his tenant's, which never changes: who has not signed in may not read tenants.
    `logo` is a PNG of our own making (`logos.py`), `logo_hash` its name in addresses.
    """

    tenant = models.OneToOneField(
        "tenancy.Tenant", models.CASCADE, related_name="+", verbose_name=_("seller")
    )
    path = models.CharField(max_length=255, unique=True, editable=False)
    name = models.CharField(_("name of the brand"), max_length=40, blank=True)
    color = models.CharField(_("main colour"), max_length=7, blank=True)
    domain = models.CharField(_("domain"), max_length=200, blank=True)
    logo = models.BinaryField(null=True, blank=True, editable=False)
    logo_hash = models.CharField(max_length=64, blank=True, editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("brand")
        verbose_name_plural = _("brands")
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint(
                name="branding_brand_domain",
                fields=["domain"],
                condition=~models.Q(domain=""),
                violation_error_message=_("This domain is another brand's."),
            )
        ]

    def __str__(self) -> str:
        return self.name or str(self.tenant)
