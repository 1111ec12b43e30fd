"""Forms of customers and resellers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.core.errors import InvalidInput
from tronco.tenancy.documents import parse_document
from tronco.tenancy.models import Tenant
from tronco.tenancy.selectors import list_sellers
from tronco.ui.forms import Fieldset, ModelForm, SearchSelect, fieldset

CONTACT = ("phone", "address", "city", "uf", "postal_code", "notes")


class TenantForm(ModelForm):
    """A customer or a reseller. Who sells to him is chosen once, at creation."""

    parent = forms.ModelChoiceField(
        queryset=Tenant.objects.none(),
        label=_("Sold by"),
        help_text=_("The master or the reseller who serves him; it cannot be changed later."),
        widget=SearchSelect("tenancy:seller_options"),
    )
    fieldsets: Sequence[Fieldset] = (
        fieldset(_("Master data"), "name", "person", "document", "status", "parent"),
        fieldset(_("Contact"), "contact", "email", *CONTACT),
        fieldset(
            _("Limits"),
            "max_calls",
            "max_cps",
            help=_("Over all circuits together. Empty: no limit."),
        ),
    )

    class Meta(ModelForm.Meta):
        model = Tenant
        fields = (
            "name",
            "person",
            "document",
            "status",
            "parent",
            "contact",
            "email",
            *CONTACT,
            "max_calls",
            "max_cps",
        )
        widgets = {"notes": forms.Textarea({"rows": 3})}

    def adapt(self, actor: Any) -> None:
        # Who is removed is restored by an action of its own.
        states = [one for one in Tenant.Status.choices if one[0] != Tenant.Status.REMOVED]
        self.fields["status"].choices = states  # type: ignore[attr-defined]
        if self.instance.pk:
            del self.fields["parent"]
            return
        sellers = list_sellers(actor=actor)
        self.fields["parent"].queryset = sellers  # type: ignore[attr-defined]
        self.fields["parent"].initial = sellers.first()

    def clean_document(self) -> str:
        text = str(self.cleaned_data["document"])
        try:
            return parse_document(text) if text else ""
        except InvalidInput as error:
            if error.code == "document-digits":
                raise ValidationError(_now("The check digits are wrong.")) from error
            raise ValidationError(
                _now("Neither a CPF (11 digits) nor a CNPJ (14 characters).")
            ) from error
