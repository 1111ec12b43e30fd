"""Form of a number."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tronco.dids.models import Did
from tronco.ui.forms import ModelForm, SearchSelect, fieldset


class DidForm(ModelForm):
    fieldsets = (
        fieldset(_("Number"), "raw", "e164", "supplier", "is_active"),
        fieldset(_("Use"), "tenant", "circuit"),
    )

    class Meta(ModelForm.Meta):
        model = Did
        fields = ("raw", "e164", "supplier", "is_active", "tenant", "circuit")
        widgets = {
            "tenant": SearchSelect("tenancy:tenant_options"),
            "circuit": SearchSelect("circuits:circuit_options"),
        }

    def adapt(self, actor: Any) -> None:
        self.fields["e164"].required = False
        self.fields["e164"].help_text = _(
            "As people write it; empty: read from what the supplier sends."
        )
        self.fields["raw"].help_text = _(
            "Exactly as it arrives: calls are matched by these characters."
        )
