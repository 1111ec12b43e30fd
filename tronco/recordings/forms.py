"""Forms of recordings: whom to record, what the seller allows, what the customer wants."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tronco.circuits.models import Circuit
from tronco.dids.models import Did
from tronco.pbx.models import Queue
from tronco.recordings.models import Policy, Rule
from tronco.ui.forms import ModelForm, SearchSelect, fieldset

TARGETS = (("circuit", _("A line")), ("queue", _("A group")), ("did", _("A number")))


class RuleForm(ModelForm):
    """Whom to record is said once; later only which of its calls."""

    target = forms.ChoiceField(label=_("Whom"), choices=TARGETS, initial="circuit")
    circuit = forms.ModelChoiceField(
        label=_("Line"),
        queryset=Circuit.objects.all(),
        required=False,
        widget=SearchSelect("circuits:circuit_options"),
    )
    queue = forms.ModelChoiceField(
        label=_("Group"),
        queryset=Queue.objects.all(),
        required=False,
        widget=SearchSelect("pbx:queue_options"),
    )
    did = forms.ModelChoiceField(
        label=_("Number"),
        queryset=Did.objects.all(),
        required=False,
        widget=SearchSelect("dids:did_options"),
    )
    fieldsets = (fieldset("", "target", "circuit", "queue", "did", "direction"),)
    shown_when = {
        "circuit": {"target": ("circuit",)},
        "queue": {"target": ("queue",)},
        "did": {"target": ("did",)},
        "direction": {"target": ("circuit",)},
    }

    class Meta(ModelForm.Meta):
        model = Rule
        fields = ("direction",)

    def adapt(self, actor: Any) -> None:
        if self.instance.pk is not None:
            for name in ("target", "circuit", "queue", "did"):
                self.fields[name].disabled = True

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        chosen = values.get("target")
        if chosen and values.get(chosen) is None and chosen not in self.errors:
            self.add_error(chosen, forms.ValidationError(_("Choose one.")))
        return values


class AllowanceForm(ModelForm):
    """What the seller says."""

    class Meta(ModelForm.Meta):
        model = Policy
        fields = ("is_allowed", "keep_days", "max_mb")


class MannerForm(ModelForm):
    """What the customer says."""

    class Meta(ModelForm.Meta):
        model = Policy
        fields = ("announces", "own_listen")
