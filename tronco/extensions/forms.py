"""Form of an extension, as its customer's people fill it in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import MaxValueValidator
from django.utils.translation import gettext_lazy as _

from tronco.catalog.models import CallClass
from tronco.circuits.models import Circuit
from tronco.dids.models import Did
from tronco.extensions.selectors import find_main_line
from tronco.pbx.models import EXTENSION
from tronco.tenancy.selectors import find_own_customer
from tronco.ui.forms import ModelForm, SearchSelect, fieldset


class ExtensionForm(ModelForm):
    """What a customer says of an extension; the rest comes with the line on which it hangs."""

    extension = forms.CharField(
        label=_("Extension"),
        max_length=6,
        validators=[EXTENSION],
        error_messages={"invalid": _("From 2 to 6 digits.")},
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
        help_text=_("What colleagues dial: 2 to 6 digits, each number once."),
    )
    shown = forms.ModelChoiceField(
        Did.objects.filter(is_active=True),
        label=_("Number shown"),
        required=False,
        widget=SearchSelect("dids:did_options"),
        help_text=_(
            "One of your numbers; empty: the first that rings this extension, or its line's."
        ),
    )
    fieldsets = (
        fieldset(_("Extension"), "extension", "description", "user"),
        fieldset(_("Calls"), "shown", "allowed_classes", "max_calls"),
    )

    class Meta(ModelForm.Meta):
        model = Circuit
        fields = ("description", "user", "allowed_classes", "max_calls")
        labels = {"description": _("Name")}
        widgets = {"user": SearchSelect("identity:user_options")}

    def adapt(self, actor: Any) -> None:
        is_new = self.instance.pk is None
        customer = find_own_customer(actor=actor) if is_new else self.instance.tenant
        line = self.instance.line
        if is_new and customer is not None:
            line = find_main_line(customer)
        if customer is not None:
            for name in ("user", "shown"):
                field: Any = self.fields[name]
                field.queryset = field.queryset.filter(tenant=customer)
                field.widget.query = f"tenant={customer.pk}"
        self.fields["description"].required = True
        if not is_new and line is None:
            # A line of the seller's: what it may do is his to say.
            self.fields["extension"].required = False
            del self.fields["allowed_classes"], self.fields["max_calls"]
        elif line is not None:
            self._keep_within(line)

    def _keep_within(self, line: Circuit) -> None:
        """Offer no more than the line may do."""
        classes: Any = self.fields["allowed_classes"]
        classes.choices = [one for one in CallClass.choices if one[0] in line.allowed_classes]
        classes.help_text = _("Those that your line may call. Emergency numbers always pass.")
        calls: Any = self.fields["max_calls"]
        if self.instance.pk is None:
            classes.initial, calls.initial = line.allowed_classes, line.max_calls
        if line.max_calls is not None:
            calls.required = True
            calls.widget.attrs["max"] = line.max_calls
            calls.help_text = _("At most %(most)s.") % {"most": line.max_calls}
            calls.validators.append(MaxValueValidator(line.max_calls))
