"""Requests for credit: who buys asks, who sells to him decides."""

from __future__ import annotations

import pghistory
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tronco.tenancy.access import VisibleQuerySet


@pghistory.track()
class TopUp(models.Model):
    """A request for credit on one account, and what became of it.

    `amount_u` is what was asked for, `credited_u` what was posted. Decided is decided: a pending
    one becomes approved, refused or cancelled, once. `tenant` is who asks, the account's owner.
    """

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        APPROVED = "approved", _("Approved")
        REFUSED = "refused", pgettext_lazy("credit request", "Refused")
        CANCELLED = "cancelled", pgettext_lazy("credit request", "Cancelled")

    tenant = models.ForeignKey(
        "tenancy.Tenant", models.PROTECT, related_name="topups", verbose_name=_("customer")
    )
    account = models.ForeignKey(
        "charging.Account", models.PROTECT, related_name="topups", verbose_name=_("account")
    )
    amount_u = models.BigIntegerField(_("amount asked for"))
    note = models.CharField(_("note"), max_length=200, blank=True)
    asked_by = models.CharField(_("asked by"), max_length=120, editable=False)
    created_at = models.DateTimeField(_("asked at"), auto_now_add=True)
    status = models.CharField(
        _("status"), max_length=9, choices=Status, default=Status.PENDING, editable=False
    )
    credited_u = models.BigIntegerField(_("credited"), null=True, editable=False)
    reason = models.CharField(_("reason"), max_length=200, blank=True, editable=False)
    decided_by = models.CharField(_("decided by"), max_length=120, blank=True, editable=False)
    decided_at = models.DateTimeField(_("decided at"), null=True, editable=False)

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("credit request")
        verbose_name_plural = _("credit requests")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                name="topups_topup_one_pending",
                fields=["account"],
                condition=Q(status="pending"),
                violation_error_message=_(
                    "A request for this account waits already; cancel it to ask for another amount."
                ),
            ),
            models.CheckConstraint(
                name="topups_topup_credited",
                condition=Q(amount_u__gt=0)
                & (
                    Q(status="approved", credited_u__gt=0, credited_u__lte=models.F("amount_u"))
                    | (~Q(status="approved") & Q(credited_u=None))
                ),
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-id"], name="topups_topup_of_tenant")]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """What people call it by."""
        return f"#{self.pk}"

    @property
    def account_name(self) -> str:
        """By its line, as selectors read it, where its owner has several; a reseller has one."""
        return getattr(self, "line", None) or _now("Reseller's account")


class Receipt(models.Model):
    """The paper that came with a request. Kept in the database: nothing serves it but our page."""

    topup = models.OneToOneField(
        TopUp, models.CASCADE, primary_key=True, related_name="receipt", verbose_name=_("request")
    )
    tenant = models.ForeignKey("tenancy.Tenant", models.PROTECT, related_name="+")
    media_type = models.CharField(max_length=20)
    content = models.BinaryField()

    objects = VisibleQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.topup_id} {self.media_type}"
