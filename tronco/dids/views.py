"""Screens of numbers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tronco.circuits.selectors import get_circuit
from tronco.dids import selectors, services
from tronco.dids.filters import DidFilters
from tronco.dids.forms import DidForm
from tronco.dids.models import Did
from tronco.dids.tables import DidTable
from tronco.numbering.classify import classify
from tronco.ui import edits, panels
from tronco.ui.pages import Page
from tronco.ui.resource import Resource

ROWS_ON_A_CARD = 10


class CreateDid(edits.CreateView):
    """Saves, and says what looks odd about the number."""

    def write(self, form: Any) -> Did:
        saved = services.did_create(actor=self.actor, **facts_of(form.cleaned_data))
        if saved.warning:
            messages.warning(self.request, saved.warning)
        return saved.did


class EditDid(edits.EditView):
    """As for a new one."""

    def write(self, form: Any) -> Did:
        facts = facts_of(form.cleaned_data)
        saved = services.did_change(actor=self.actor, did_id=self.instance.pk, **facts)
        if saved.warning:
            messages.warning(self.request, saved.warning)
        return saved.did


def facts_of(values: dict[str, Any]) -> dict[str, Any]:
    """Turn a valid form's values into what the services take."""
    facts = dict(values)
    facts["tenant_id"] = facts.pop("tenant").pk
    circuit = facts.pop("circuit")
    facts["circuit_id"] = circuit.pk if circuit else None
    return facts


class CircuitNumbers(Page):
    """The numbers that ring a circuit: what a card of the circuit's page shows."""

    permission = "dids.view"
    template_name = "dids/rows.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        circuit = get_circuit(actor=self.actor, circuit_id=kwargs["key"])
        rows = selectors.list_dids(actor=self.actor).filter(circuit=circuit)
        table = DidTable(list(rows[:ROWS_ON_A_CARD]), orderable=False)
        table.actor = self.actor
        table.show(("e164", "raw", "supplier", "is_active"))
        query = f"circuit={circuit.pk}"
        return self.render(
            table=table,
            more_url=f"{reverse('dids:did_list')}?{query}",
            add_url=f"{reverse('dids:did_add')}?{query}&tenant={circuit.tenant_id}",
        )


class Dids(Resource):
    model, table, filters, form = Did, DidTable, DidFilters, DidForm
    icon = "number"
    help = _("Telephone numbers, whose they are, and what they ring.")
    empty = _("Add the numbers that your suppliers deliver.")
    bulk_fields = ("tenant", "circuit", "supplier", "is_active")
    import_key = "raw"
    import_lookups = {"tenant": "name", "circuit": "number"}
    create_view = CreateDid
    edit_view = EditDid
    panels = (
        panels.Fields(
            _("Number"),
            panels.Value(_("Number"), lambda did: classify(did.e164).display),
            "e164",
            "raw",
            "supplier",
            "is_active",
        ),
        panels.Fields(_("Use"), "tenant", "circuit", "created_at"),
        panels.Related(),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_dids(actor=actor)

    def label(self, obj: Did) -> str:
        return classify(obj.e164).display

    def hint(self, obj: Did) -> str:
        return str(obj.tenant)

    def create(self, actor: Any, values: dict[str, Any]) -> Did:
        return services.did_create(actor=actor, **facts_of(values)).did

    def change(self, actor: Any, obj: Did, values: dict[str, Any]) -> Did:
        return services.did_change(actor=actor, did_id=obj.pk, **facts_of(values)).did

    def remove(self, actor: Any, obj: Did) -> None:
        services.did_delete(actor=actor, did_id=obj.pk)
