"""Forms of calling cards: a series, the making of cards, and a range of them."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tronco.callingcards.models import CardSeries
from tronco.callingcards.services import MOST_AT_ONCE
from tronco.catalog.models import Plan
from tronco.tenancy.models import Tenant
from tronco.ui.forms import Form, ModelForm, SearchSelect, fieldset


class SeriesForm(ModelForm):
    """A series: who sells it, how its cards are numbered, what they hold, how long they last."""

    fieldsets = (
        fieldset(_("Series"), "tenant", "name", "plan", "face_value_u"),
        fieldset(_("Numbers"), "prefix", "digits", "pin_digits"),
        fieldset(_("Validity"), "valid_days", "expires_on"),
    )

    class Meta(ModelForm.Meta):
        model = CardSeries
        fields = (
            "tenant", "name", "plan", "face_value_u", "prefix", "digits", "pin_digits",
            "valid_days", "expires_on",
        )  # fmt: skip
        widgets = {
            "tenant": SearchSelect("tenancy:tenant_options"),
            "plan": SearchSelect("catalog:plan_options"),
        }

    def adapt(self, actor: Any) -> None:
        tenants: Any = self.fields["tenant"]
        tenants.queryset = tenants.queryset.exclude(kind=Tenant.Kind.CUSTOMER)
        plans: Any = self.fields["plan"]
        plans.label = _("Plan")
        plans.queryset = plans.queryset.filter(kind=Plan.Kind.PREPAID, is_active=True)
        plans.help_text = _("A prepaid plan of the seller's own; it prices the calls.")
        self.fields["prefix"].help_text = _("All numbers begin with it.")
        self.fields["digits"].help_text = _("With the prefix, from 6 to 16.")
        self.fields["valid_days"].help_text = _("Empty: as long as there is credit.")
        self.fields["expires_on"].help_text = _("No card is valid after this day. Empty: none.")
        if self.instance.pk is not None:
            tenants.disabled = True


class GenerateForm(Form):
    """How many cards to make. The token makes a form sent twice harmless."""

    count = forms.IntegerField(
        label=_("How many cards"), min_value=1, max_value=MOST_AT_ONCE, initial=100
    )
    activate = forms.BooleanField(
        label=_("Active at once"),
        required=False,
        help_text=_("Otherwise each is activated when it is sold, singly or by range."),
    )
    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)


class RangeForm(Form):
    """What to do to the cards from one number to another."""

    action = forms.ChoiceField(
        label=_("Action"),
        choices=[("activate", _("Activate")), ("block", _("Block")), ("unblock", _("Unblock"))],
        widget=forms.RadioSelect,
        initial="activate",
    )
    first = forms.CharField(label=_("First card"), max_length=16)
    last = forms.CharField(label=_("Last card"), max_length=16)
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)
