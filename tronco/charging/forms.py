"""Forms of accounts: the adjustment of a balance, and a reseller's account."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tronco.catalog.models import Plan
from tronco.charging.models import Account
from tronco.tenancy.models import Tenant
from tronco.ui.forms import Form, ModelForm, MoneyField, SearchSelect, fieldset


class AdjustmentForm(Form):
    """Ajuste de Saldo: a credit or a debit. The token makes a repeated click harmless."""

    CREDIT, DEBIT = "credit", "debit"

    direction = forms.ChoiceField(
        label=_("Adjustment"),
        choices=[(CREDIT, _("Credit")), (DEBIT, _("Debit"))],
        initial=CREDIT,
        widget=forms.RadioSelect,
    )
    amount_u = MoneyField(label=_("Amount"), min_u=1)
    note = forms.CharField(label=_("Remark"), max_length=200, required=False)
    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    # The balance below zero that whoever looks has agreed to.
    agreed_u = forms.IntegerField(widget=forms.HiddenInput, required=False)


class PlanField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A plan, with its kind: names alone are not always telling."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name} ({obj.get_kind_display()})"


class ResellerAccountForm(ModelForm):
    """What a reseller buys by: a plan of whoever sells to him."""

    plan = PlanField(
        queryset=Plan.objects.filter(is_active=True),
        label=_("Plan"),
        widget=SearchSelect("catalog:plan_options"),
        help_text=_("One of whoever sells to the reseller."),
    )
    incoming_plan = PlanField(
        queryset=Plan.objects.filter(is_active=True),
        label=_("Plan of incoming calls"),
        required=False,
        widget=SearchSelect("catalog:plan_options"),
        help_text=_(
            "Prices calls that his customers' numbers receive and pay for. Empty: the plan."
        ),
    )
    opening_u = MoneyField(
        label=_("Opening credit"), required=False, min_u=0, help_text=_("Posted at once.")
    )

    fieldsets = (
        fieldset(
            _("Account"), "tenant", "plan", "incoming_plan", "limit_u", "cycle_day", "opening_u"
        ),
    )

    class Meta(ModelForm.Meta):
        model = Account
        fields = ("tenant", "plan", "incoming_plan", "limit_u", "cycle_day")
        widgets = {"tenant": SearchSelect("tenancy:reseller_options")}

    def adapt(self, actor: Any) -> None:
        tenants: Any = self.fields["tenant"]
        tenants.label = _("Reseller")
        tenants.queryset = tenants.queryset.filter(kind=Tenant.Kind.RESELLER)
        self.fields["limit_u"].initial = None
        self.fields["limit_u"].help_text = _(
            "How far calls may take it below zero. Prepaid: leave empty. Postpaid: empty for none."
        )
        if self.instance.pk is not None:
            del self.fields["opening_u"]
            tenants.disabled = True
