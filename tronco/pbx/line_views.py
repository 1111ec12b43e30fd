"""Screens of what lines do beside ringing: Voz › Serviços das linhas, and a card of each line."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.circuits.models import Circuit
from tronco.circuits.selectors import get_circuit
from tronco.core.errors import TroncoError
from tronco.pbx import line_services as services
from tronco.pbx import selectors
from tronco.pbx.filters import LineFilters
from tronco.pbx.line_forms import LineServiceForm, PinForm
from tronco.pbx.models import LineService, QueueMember
from tronco.pbx.tables import LineTable, follow_me_of, has_pin
from tronco.ui import details, edits, panels
from tronco.ui.actions import Action
from tronco.ui.pages import Page
from tronco.ui.resource import Resource


class EditLine(edits.EditView):
    """The form is that of the line's services, which there may not be yet."""

    def form(self, data: Any = None, files: Any = None) -> Any:
        circuit = self.instance
        service = selectors.find_line_service(circuit=circuit)
        service = service or LineService(circuit=circuit, tenant=circuit.tenant)
        return LineServiceForm(data, files, actor=self.actor, instance=service)


def services_shown(request: Any, circuit: Circuit) -> dict[str, Any]:
    """What a line does beside ringing."""
    service = selectors.find_line_service(circuit=circuit)
    members = QueueMember.objects.visible_to(request.actor).filter(circuit=circuit)
    return {
        "service": service or LineService(circuit=circuit),
        "follow_me": follow_me_of(circuit) if service else [],
        "has_pin": bool(service and service.pin_hash),
        "members": members.select_related("queue"),
        "callers": circuit.portal_callers.filter(is_active=True),
        "new_messages": circuit.voicemails.filter(heard_at=None).count(),
    }


class Lines(Resource):
    model, table, filters, form = Circuit, LineTable, LineFilters, LineServiceForm
    app, name = "pbx", "line"
    title = _("line services")
    singular = _("line")
    icon = "adjustments"
    help = _("Follow-me, voicemail, pick-up and the voice portal's PIN of each line.")
    empty = _("Make a line first; what it does beside ringing is said here.")
    state_field = ""
    edit_view = EditLine
    history_of = ((LineService, "circuit"),)
    panels = (
        panels.Html(_("Line services"), "pbx/panels/line.html", services_shown),
        panels.Html(
            _("Voice portal"),
            "pbx/panels/portal.html",
            services_shown,
        ),
    )
    actions = (
        Action(
            name="pin",
            label=_("New PIN"),
            permission="pbx.edit",
            icon="password",
            url="pbx:line_pin",
        ),
        Action(
            name="pin-remove",
            label=_("Remove the PIN"),
            permission="pbx.edit",
            icon="lock-off",
            danger=True,
            in_rows=False,
            confirm=_("The line can no longer be used through the voice portal."),
            when=has_pin,
            run=lambda actor, circuit, values: (
                services.pin_remove(actor=actor, circuit_id=circuit.pk) and _("Removed.")
            ),
        ),
        Action(
            name="circuit",
            label=_("Circuit"),
            permission="circuits.view",
            icon="phone",
            url="circuits:circuit_detail",
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_line_services(actor=actor)

    def hint(self, obj: Circuit) -> str:
        return str(obj.tenant)

    def change(self, actor: Any, obj: Circuit, values: dict[str, Any]) -> None:
        facts = dict(values)
        greeting = facts.pop("voicemail_greeting")
        facts["voicemail_greeting_id"] = greeting.pk if greeting else None
        services.line_change(actor=actor, circuit_id=obj.pk, **facts)


class LinePin(details.ObjectPage):
    """Sets a line's PIN, typed or made, and tells it once."""

    verb = "edit"
    template_name = "pbx/pin_edit.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.render(title=_now("PIN of the voice portal"), form=PinForm(actor=self.actor))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = PinForm(request.POST, actor=self.actor)
        title = _now("PIN of the voice portal")
        if not form.is_valid():
            return self.render(title=title, form=form, status=422)
        try:
            with edits.recorded(_now("New PIN")):
                made = services.pin_set(
                    actor=self.actor, circuit_id=self.object.pk, pin=form.cleaned_data["pin"]
                )
        except TroncoError as error:
            edits.show_error(form, error)
            return self.render(title=title, form=form, status=422)
        response = self.render(
            "pbx/pin.html",
            title=_now("PIN of line %(number)s") % {"number": self.object.number},
            pin=made.pin,
            next_url=reverse("pbx:line_detail", args=[self.object.pk]),
        )
        response["Cache-Control"] = "no-store"
        return response


class CircuitServices(Page):
    """What a line does beside ringing: what a card of the circuit's page shows."""

    permission = "pbx.view"
    template_name = "pbx/circuit_card.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        circuit = get_circuit(actor=self.actor, circuit_id=kwargs["key"])
        return self.render(object=circuit, **services_shown(request, circuit))
