"""Form of a central."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tronco.centrals.models import Central
from tronco.ui.forms import ModelForm, fieldset


class CentralForm(ModelForm):
    fieldsets = (
        fieldset(_("Central"), "name", "description", "is_active"),
        fieldset(_("Address for phones"), "host", "sip_port", "external_address"),
    )

    class Meta(ModelForm.Meta):
        model = Central
        fields = ("name", "description", "is_active", "host", "sip_port", "external_address")

    def adapt(self, actor: Any) -> None:
        self.fields["name"].help_text = _(
            "The switch's systemname: its calls carry it, so it never changes."
        )
        if self.instance.pk is not None:
            self.fields["name"].disabled = True
