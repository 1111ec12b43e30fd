"""Screens of whoever uses a line, about nothing but that line: its messages and its follow-me."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.circuits.selectors import find_own_circuit
from tronco.core.errors import TroncoError
from tronco.numbering.classify import classify
from tronco.pbx import line_services, selectors, services
from tronco.pbx.filters import OwnMessageFilters
from tronco.pbx.forms import OwnLineForm
from tronco.pbx.models import LineService, Voicemail
from tronco.pbx.tables import OwnMessageTable
from tronco.pbx.views import VoicemailHeard, VoicemailSound
from tronco.ui import edits
from tronco.ui.actions import Action
from tronco.ui.pages import Page
from tronco.ui.resource import Resource


class OwnMessages(Resource):
    model, table, filters = Voicemail, OwnMessageTable, OwnMessageFilters
    name, noun = "own_message", "own"
    title = _("My messages")
    singular = _("voicemail message")
    icon = "message-2"
    help = _("What callers left for your extension.")
    empty = _("Nobody has left a message.")
    live_s = 15
    actions = (
        Action(
            name="delete",
            label=_("Delete"),
            permission="own.edit",
            icon="trash",
            danger=True,
            bulk=True,
            confirm=_("The message is deleted; nothing of it is kept."),
            run=lambda actor, message, values: services.voicemail_delete(
                actor=actor, voicemail_id=message.pk
            ),
        ),
    )

    def queryset(self, actor: Any) -> Any:
        circuit = find_own_circuit(actor=actor)
        return selectors.list_voicemails(actor=actor).filter(circuit=circuit)

    def label(self, obj: Voicemail) -> str:
        at = timezone.localtime(obj.at)
        return f"{classify(obj.caller).display or obj.caller} {at:%d/%m/%Y %H:%M}"


class OwnMessageSound(VoicemailSound):
    permission = "own.view"


class OwnMessageHeard(VoicemailHeard):
    permission = "own.edit"


class OwnLine(Page):
    """Where one's calls go when one does not answer."""

    permission = "own.edit"
    title = _("My follow-me")
    template_name = "pbx/own_line.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render(form=self.form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        form = self.form(request.POST)
        circuit = find_own_circuit(actor=self.actor)
        if form is None or circuit is None or not form.is_valid():
            return self.render(form=form, status=422)
        try:
            line_services.line_change(actor=self.actor, circuit_id=circuit.pk, **form.cleaned_data)
        except TroncoError as error:
            edits.show_error(form, error)
            return self.render(form=form, status=422)
        messages.success(request, _now("Saved."))
        return HttpResponseRedirect(reverse("pbx:own_line"))

    def form(self, data: Any = None) -> OwnLineForm | None:
        """The form of one's line; None for who has none."""
        circuit = find_own_circuit(actor=self.actor)
        if circuit is None:
            return None
        service = selectors.find_line_service(circuit=circuit)
        service = service or LineService(circuit=circuit, tenant=circuit.tenant)
        return OwnLineForm(data, actor=self.actor, instance=service)
