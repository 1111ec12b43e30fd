"""What a customer has bought: his service code, his plan, and the day his bills are due."""

from __future__ import annotations

from datetime import date

import pghistory
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from tronco.catalog.models import Plan
from tronco.core.pins import new_digits
from tronco.tenancy.access import VisibleQuerySet

CODE_DIGITS = 8


def new_code() -> str:
    """Return a service code: what a customer tells the support to be recognised."""
    return new_digits(CODE_DIGITS)


@pghistory.track()
class Subscription(models.Model):
    """The commercial side of a customer. His plan is what new lines get, and what lines on it
    follow when it is swapped; each line's account has the plan it is charged by.
    """

    history_name = "service_code"

    tenant = models.OneToOneField(
        "tenancy.Tenant",
        models.PROTECT,
        primary_key=True,
        related_name="subscription",
        verbose_name=_("customer"),
    )
    service_code = models.CharField(_("service code"), max_length=12, unique=True, default=new_code)
    plan = models.ForeignKey(
        Plan,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("plan"),
    )
    due_day = models.PositiveSmallIntegerField(
        _("due day"), default=10, validators=[MinValueValidator(1), MaxValueValidator(25)]
    )

    max_extensions = models.PositiveSmallIntegerField(
        _("extensions of his own"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(9999)],
        help_text=_("How many he may make himself, on the account of his line. Empty: none."),
    )

    objects = VisibleQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")

    def __str__(self) -> str:
        return self.service_code

    def next_due(self, today: date) -> date:
        """Return the first due date from today on."""
        if today.day <= self.due_day:
            return today.replace(day=self.due_day)
        month = today.month % 12 + 1
        return date(today.year + (month == 1), month, self.due_day)
