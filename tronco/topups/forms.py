"""Forms of asking for credit, and of deciding."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.charging.models import Account
from tronco.charging.selectors import account_saldo, list_own_accounts
from tronco.circuits.selectors import line_of
from tronco.core.money import format_brl
from tronco.topups.models import TopUp
from tronco.topups.receipts import ACCEPT
from tronco.topups.services import MOST_U
from tronco.ui.forms import Form, ModelForm, MoneyField, fieldset


class AccountField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One's own account, by its line and what it has."""

    def label_from_instance(self, obj: Any) -> str:
        saldo = account_saldo(obj)
        word = _now("used") if saldo.is_used else _now("available")
        return f"{obj.line or obj.tenant} ({format_brl(saldo.shown_u)} {word})"


class TopUpForm(ModelForm):
    """What is asked for, and what proves that it was paid."""

    account = AccountField(queryset=Account.objects.all(), label=_("Account"))
    amount_u = MoneyField(label=_("Amount"), min_u=1, max_u=MOST_U)
    receipt_file = forms.FileField(
        label=_("Receipt"),
        required=False,
        help_text=_("PDF, JPG or PNG, up to 5 MB: of the Pix or of the bank slip."),
        widget=forms.FileInput({"accept": ACCEPT}),
    )
    fieldsets = (
        fieldset(_("Credit"), "account", "amount_u"),
        fieldset(_("Payment"), "note", "receipt_file", help=_("Helps your seller to find it.")),
    )

    class Meta(ModelForm.Meta):
        model = TopUp
        fields = ("account", "amount_u", "note")

    def adapt(self, actor: Any) -> None:
        accounts: Any = self.fields["account"]
        accounts.queryset = own_accounts(actor)
        only = list(accounts.queryset[:2])
        if len(only) == 1:
            accounts.initial = only[0].pk


def own_accounts(actor: Any) -> QuerySet[Account]:
    """The accounts that may be asked for, with the line of each."""
    return list_own_accounts(actor=actor).annotate(line=line_of("pk")).order_by("line", "pk")


class DecisionForm(Form):
    """How much is credited, and why it is less or nothing."""

    amount_u = MoneyField(
        label=_("Credit"), min_u=1, help_text=_("What was asked for, or less with a reason.")
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        required=False,
        help_text=_("Whoever asked reads it. To refuse, or to credit less, say why."),
    )
