"""Forms of carriers, trunks and routes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.catalog.models import CallClass, Tariff
from tronco.circuits.models import Circuit
from tronco.dids.models import Did
from tronco.routing.models import Carrier, Route, Trunk
from tronco.routing.selectors import list_steps_by_class
from tronco.tenancy.models import Tenant
from tronco.ui.forms import BoundFieldset, Form, ModelForm, SearchSelect, fieldset

# How many trunks of a class the form offers to name; a route that has more gets more.
CHOICES_A_CLASS = 3


class CarrierForm(ModelForm):
    class Meta(ModelForm.Meta):
        model = Carrier
        fields = ("name", "cost_tariff", "is_active")

    def adapt(self, actor: Any) -> None:
        tariffs = self.fields["cost_tariff"]
        tariffs.queryset = tariffs.queryset.filter(kind=Tariff.Kind.COST)  # type: ignore[attr-defined]
        tariffs.help_text = _("What the carrier charges; without it margins are unknown.")


class TrunkForm(ModelForm):
    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=80,
        widget=forms.PasswordInput({"autocomplete": "new-password"}, render_value=False),
        help_text=_("Kept encrypted and never shown. Empty keeps the one there is."),
    )

    fieldsets = (
        fieldset(_("Trunk"), "carrier", "name", "is_active"),
        fieldset(
            _("Connection"), "host", "port", "username", "password", "register", "source_addresses"
        ),
        fieldset(
            _("Calls"), "number_format", "tech_prefix", "codecs", "max_calls", "carries_emergency"
        ),
    )

    class Meta(ModelForm.Meta):
        model = Trunk
        fields = (
            "carrier", "name", "is_active", "host", "port", "username", "register",
            "source_addresses", "number_format", "tech_prefix", "codecs", "max_calls",
            "carries_emergency",
        )  # fmt: skip

    def adapt(self, actor: Any) -> None:
        self.fields["name"].help_text = _("Letters, digits, - and _; also its name in the switch.")
        self.fields["tech_prefix"].help_text = _("Digits put before every number dialled.")


class RouteForm(ModelForm):
    """S3-26: the trunks of the eight classes, each with those to try when it fails."""

    fieldsets = (fieldset(_("Route"), "name", "is_default", "least_cost"),)

    class Meta(ModelForm.Meta):
        model = Route
        fields = ("name", "is_default", "least_cost")

    def adapt(self, actor: Any) -> None:
        steps = list_steps_by_class(route=self.instance) if self.instance.pk else {}
        self.places = max([CHOICES_A_CLASS, *(len(trunks) + 1 for trunks in steps.values())])
        trunks = Trunk.objects.visible_to(actor).select_related("carrier")
        for call_class in CallClass:
            chosen = steps.get(call_class, [])
            for place in range(self.places):
                self.fields[f"{call_class}_{place}"] = forms.ModelChoiceField(
                    trunks,
                    required=False,
                    label=f"{call_class.label}, {place + 1}º",
                    initial=chosen[place].pk if place < len(chosen) else None,
                )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["steps"] = {}
        for call_class in CallClass:
            trunks = [
                trunk
                for place in range(self.places)
                if (trunk := cleaned.pop(f"{call_class}_{place}", None)) is not None
            ]
            if len(set(trunks)) < len(trunks):
                self.add_error(
                    f"{call_class}_0", _now("The same trunk stands twice; name each once.")
                )
            cleaned["steps"][call_class.value] = [trunk.pk for trunk in trunks]
        return cleaned

    def groups(self) -> Iterator[BoundFieldset]:
        """The named fields; the grid of trunks is laid out by the page's own template."""
        return (group for group in super().groups() if group.title)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The grid: a class a row, its trunks in order."""
        for call_class in CallClass:
            fields = [self[f"{call_class}_{place}"] for place in range(self.places)]
            errors = [error for field in fields for error in field.errors]
            yield {"label": call_class.label, "fields": fields, "errors": errors}

    def headings(self) -> list[str]:
        """First choice, and the order in which the others are tried."""
        return [_now("%(place)sº") % {"place": place + 1} for place in range(self.places)]


class AssignForm(Form):
    """Who shall use a route: one tenant with all below him, one circuit, or one number."""

    tenant = forms.ModelChoiceField(
        Tenant.objects.all(),
        required=False,
        label=_("Customer or reseller"),
        widget=SearchSelect("tenancy:tenant_options"),
        help_text=_("With everybody below."),
    )
    circuit = forms.ModelChoiceField(
        Circuit.objects.all(),
        required=False,
        label=_("Or one circuit"),
        widget=SearchSelect("circuits:circuit_options"),
    )
    did = forms.ModelChoiceField(
        Did.objects.all(),
        required=False,
        label=_("Or one number"),
        widget=SearchSelect("dids:did_options"),
        help_text=_("Its owner's calls that show it. It must exist at the route's carriers."),
    )


def number_route_field() -> forms.ModelChoiceField[Route]:
    """The route of one number (S3-19, S3-20)."""
    return forms.ModelChoiceField(
        Route.objects.all(),
        required=False,
        label=_("Route"),
        help_text=_("Used for its owner's outgoing calls that show this number. Empty: none."),
    )


class NumberRouteForm(Form):
    """Asked on a page of its own, beside the number's."""

    route = number_route_field()
