"""Forms of what sellers set up about e-mail."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tronco.core.errors import InvalidInput
from tronco.mail.kinds import KINDS
from tronco.mail.models import Email, MailServer, Notices, Template
from tronco.mail.setup_services import check_words
from tronco.tenancy.selectors import list_sellers
from tronco.ui.forms import Form, ModelForm, SearchSelect, fieldset


class SellersForm(ModelForm):
    """Something that a seller has once; whose it is does not change."""

    def adapt(self, actor: Any) -> None:
        if self.instance.pk:
            del self.fields["tenant"]
            return
        sellers = list_sellers(actor=actor)
        self.fields["tenant"].queryset = sellers  # type: ignore[attr-defined]
        self.fields["tenant"].initial = sellers.first()


class TemplateForm(SellersForm):
    fieldsets = (
        fieldset(_("Template"), "kind", "language", "tenant"),
        fieldset(_("Words"), "subject", "text"),
    )

    class Meta(ModelForm.Meta):
        model = Template
        fields = ("kind", "language", "tenant", "subject", "text")
        widgets = {
            "tenant": SearchSelect("tenancy:seller_options"),
            "text": forms.Textarea({"rows": 12}),
        }
        help_texts = {
            "tenant": _("It counts for his customers and for whoever sells below him."),
        }

    def adapt(self, actor: Any) -> None:
        super().adapt(actor)
        if self.instance.pk:
            del self.fields["kind"], self.fields["language"]
            return
        kinds = [(name, Email.Kind(name).label) for name in KINDS]
        self.fields["kind"].choices = kinds  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        kind = self.instance.kind if self.instance.pk else values.get("kind")
        if kind and not self.errors:
            try:
                check_words(kind=kind, subject=values["subject"], text=values["text"])
            except InvalidInput as error:
                self.add_error(error.field, str(error))
        return values


class MailServerForm(SellersForm):
    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=200,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=_("Kept encrypted and never shown. Empty: the stored one stays."),
    )
    fieldsets = (
        fieldset(_("Mail server"), "tenant", "host", "port", "security"),
        fieldset(_("Access"), "username", "password"),
        fieldset(
            _("Sender"),
            "sender",
            help=_("The server must accept mail from this address; the name is the seller's."),
        ),
    )

    class Meta(ModelForm.Meta):
        model = MailServer
        fields = ("tenant", "host", "port", "security", "username", "sender")
        widgets = {
            "tenant": SearchSelect("tenancy:seller_options"),
            "username": forms.TextInput({"autocomplete": "off"}),
        }


class NoticesForm(ModelForm):
    fieldsets = (
        fieldset(_("Customer"), "tenant", "address", "language"),
        fieldset(_("Notices"), "missed_calls", "suspension", "invoice"),
    )

    class Meta(ModelForm.Meta):
        model = Notices
        fields = ("tenant", "address", "language", "missed_calls", "suspension", "invoice")
        widgets = {"tenant": SearchSelect("tenancy:tenant_options")}

    def adapt(self, actor: Any) -> None:
        if self.instance.pk:
            del self.fields["tenant"]


class OwnNoticesForm(ModelForm):
    """What a customer says of it himself."""

    fieldsets = (
        fieldset(_("Address"), "address", "language"),
        fieldset(_("Notices"), "missed_calls", "suspension", "invoice"),
    )

    class Meta(ModelForm.Meta):
        model = Notices
        fields = ("address", "language", "missed_calls", "suspension", "invoice")
        help_texts = {
            "address": _("Empty: the e-mail of your registration."),
            "missed_calls": _("Each call to one of your lines or numbers that nobody answered."),
            "suspension": _("When one of your lines, or all that you have, is suspended."),
            "invoice": _("What your postpaid and control plans came to, when a cycle closes."),
        }


class ServerTestForm(Form):
    """To whom the test goes."""

    recipient = forms.EmailField(label=_("Send to"))
