"""Forms of lines: what they do beside ringing, their PIN, the telephones of the voice portal."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tronco.pbx.forms import limit_to_owner, owned
from tronco.pbx.models import LineService, PortalCaller
from tronco.ui.forms import Form, ModelForm, SearchSelect, fieldset


class LineServiceForm(ModelForm):
    fieldsets = (
        fieldset(_("Ringing"), "extension", "ring_s", "pickup_group"),
        fieldset(
            _("Follow-me"),
            "always", "busy", "no_answer", "offline",
            help=_("Dialled as the line itself would dial it; the line pays. Empty: no follow-me."),
        ),
        fieldset(_("Voicemail"), "voicemail", "voicemail_email", "voicemail_greeting"),
        fieldset(_("Missed calls"), "missed_calls"),
    )  # fmt: skip

    class Meta(ModelForm.Meta):
        model = LineService
        fields = (
            "extension", "ring_s", "pickup_group", "always", "busy", "no_answer", "offline",
            "voicemail", "voicemail_email", "voicemail_greeting", "missed_calls",
        )  # fmt: skip
        widgets = {"voicemail_greeting": owned("pbx:prompt_options")}

    def adapt(self, actor: Any) -> None:
        if self.instance.tenant_id is not None:
            limit_to_owner(self, self.instance.tenant_id)
        for name in ("always", "busy", "no_answer", "offline"):
            self.fields[name].widget.attrs["inputmode"] = "tel"
        self.fields["voicemail"].help_text = _(
            "Messages are heard here, by e-mail, and from the line by dialling *97 (with its PIN,"
            " if it has one)."
        )
        self.fields["voicemail_email"].help_text = _("Each message goes there with its sound.")
        self.fields["extension"].help_text = _("Its short number; unique for the customer.")


class PinForm(Form):
    """A PIN, typed or made."""

    pin = forms.CharField(
        label=_("PIN of the voice portal"),
        required=False,
        max_length=8,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
        help_text=_("4 to 8 digits. Empty: one is made."),
    )


class PortalCallerForm(ModelForm):
    class Meta(ModelForm.Meta):
        model = PortalCaller
        fields = ("number", "circuit", "description", "is_active")
        widgets = {"circuit": SearchSelect("circuits:circuit_options")}

    def adapt(self, actor: Any) -> None:
        self.fields["number"].help_text = _("The telephone that calls, with its DDD.")
        self.fields["circuit"].help_text = _("Its PIN is asked for; its account pays.")
