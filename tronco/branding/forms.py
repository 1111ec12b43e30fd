"""The form of a brand."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tronco.branding.logos import FORMATS
from tronco.branding.models import Brand
from tronco.tenancy.selectors import list_sellers
from tronco.ui.forms import ModelForm, SearchSelect, fieldset


class BrandForm(ModelForm):
    logo_file = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_("PNG, JPEG or WebP, up to 2 MB; it is shown 36 pixels high."),
        widget=forms.FileInput({"accept": ",".join(f"image/{one.lower()}" for one in FORMATS)}),
    )
    without_logo = forms.BooleanField(label=_("Without the present logo"), required=False)
    fieldsets = (
        fieldset(_("Brand"), "tenant", "name"),
        fieldset(
            _("Looks"),
            "color",
            "logo_file",
            "without_logo",
            help=_("What stays empty is taken from the brand above."),
        ),
        fieldset(
            _("Address"),
            "domain",
            help=_("Let it lead to this installation; it then shows the brand at sign-in."),
        ),
    )

    class Meta(ModelForm.Meta):
        model = Brand
        fields = ("tenant", "name", "color", "domain")
        widgets = {
            "tenant": SearchSelect("tenancy:seller_options"),
            "color": forms.TextInput({"placeholder": "#1a5fb4"}),
            "domain": forms.TextInput({"placeholder": "voz.example.com"}),
        }
        help_texts = {"color": _("Of buttons and links; dark enough for white text.")}

    def adapt(self, actor: Any) -> None:
        if self.instance.pk:
            del self.fields["tenant"]
            if not self.instance.logo_hash:
                del self.fields["without_logo"]
            return
        del self.fields["without_logo"]
        sellers = list_sellers(actor=actor)
        self.fields["tenant"].queryset = sellers  # type: ignore[attr-defined]
        self.fields["tenant"].initial = sellers.first()
