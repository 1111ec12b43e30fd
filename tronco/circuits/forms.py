"""Form of a circuit."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tronco.catalog.models import Plan
from tronco.centrals.selectors import list_usable_centrals
from tronco.charging.forms import PlanField
from tronco.charging.models import Account
from tronco.circuits.models import Circuit, all_classes
from tronco.ui.forms import Form, ModelForm, MoneyField, SearchSelect, fieldset


class BalanceAlertForm(Form):
    """Below how much somebody wants to be warned."""

    threshold_u = MoneyField(
        label=_("Warn below"),
        required=False,
        min_u=1,
        help_text=_("Empty: no warning. The e-mail goes where the customer's notices go."),
    )


class BoughtPlanField(PlanField):
    """One of the plans that the actor's customers have already."""

    def __init__(self, *, actor: Any) -> None:
        bought = Account.objects.visible_to(actor).values("plan")
        super().__init__(
            queryset=Plan.objects.filter(is_active=True, pk__in=bought),
            label=_("National plan"),
            help_text=_("One that your customers have; others are for who sees all customers."),
        )


class CircuitForm(ModelForm):
    """A circuit with the plan and the limit of its account."""

    plan = PlanField(
        queryset=Plan.objects.filter(is_active=True).select_related("tenant"),
        label=_("National plan"),
        widget=SearchSelect("catalog:plan_options"),
    )
    limit_u = MoneyField(
        label=_("Limit"),
        required=False,
        min_u=0,
        help_text=_(
            "Control: how much may be used each month. Postpaid: credit limit, empty for none."
            " Prepaid: leave empty."
        ),
    )
    cycle_day = forms.IntegerField(
        label=_("Cycle day"), initial=1, min_value=1, max_value=25, help_text=_("From 1 to 25.")
    )
    opening_u = MoneyField(
        label=_("Opening credit"), required=False, min_u=0, help_text=_("Posted at once.")
    )
    password = forms.CharField(
        label=_("SIP password"),
        required=False,
        min_length=8,
        max_length=64,
        strip=True,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Empty: a strong one is made and shown once. When editing, empty keeps it."),
    )

    fieldsets = (
        fieldset(_("Circuit"), "tenant", "number", "description", "user", "central", "password"),
        fieldset(_("Plan and balance"), "plan", "limit_u", "cycle_day", "opening_u"),
        fieldset(_("Calls"), "own_ddd", "allowed_classes", "max_calls", "max_cps"),
        fieldset(_("Phones"), "max_contacts", "codecs"),
    )

    class Meta(ModelForm.Meta):
        model = Circuit
        fields = (
            "tenant", "number", "description", "user", "central", "own_ddd", "allowed_classes",
            "max_calls", "max_cps", "max_contacts", "codecs",
        )  # fmt: skip
        widgets = {
            "tenant": SearchSelect("tenancy:customer_options"),
            "user": SearchSelect("identity:user_options"),
        }
        help_texts = {"number": _("What the phone registers with: usually its telephone number.")}
        error_messages = {
            "number": {"invalid": _("From 3 to 32 letters, digits, dots, hyphens or underlines.")}
        }

    def adapt(self, actor: Any) -> None:
        self.fields["central"].queryset = list_usable_centrals()  # type: ignore[attr-defined]
        if not actor.can("catalog.view"):
            # His seller's plans are not his to look through, those of his customers are.
            self.fields["plan"] = BoughtPlanField(actor=actor)
        if self.instance.pk is None:
            self.fields["allowed_classes"].initial = all_classes()
            usable = list_usable_centrals()[:2]
            self.fields["central"].initial = usable[0].pk if len(usable) == 1 else None
            return
        del self.fields["opening_u"]
        user: Any = self.fields["user"]
        user.queryset = user.queryset.filter(tenant=self.instance.tenant)
        user.widget.query = f"tenant={self.instance.tenant_id}"
        if self.instance.line is not None:
            for name in ("plan", "limit_u", "cycle_day"):
                self.fields[name].disabled = True
            self.fields["plan"].help_text = _("That of line %(line)s, whose account it spends.") % {
                "line": self.instance.line
            }
        # The digests hold the number, and the postings the customer: neither changes.
        self.fields["tenant"].disabled = self.fields["number"].disabled = True
