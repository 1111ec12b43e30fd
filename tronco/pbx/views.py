"""Screens of the voice portal's telephones and of voicemail messages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tronco.numbering.classify import classify
from tronco.pbx import selectors, services
from tronco.pbx.filters import PortalCallerFilters, VoicemailFilters
from tronco.pbx.line_forms import PortalCallerForm
from tronco.pbx.models import PortalCaller, Voicemail
from tronco.pbx.playing import sound_response
from tronco.pbx.tables import PortalCallerTable, VoicemailTable
from tronco.ui import details, panels
from tronco.ui.actions import Action
from tronco.ui.resource import Resource


class PortalCallers(Resource):
    model, table, filters, form = (
        PortalCaller,
        PortalCallerTable,
        PortalCallerFilters,
        PortalCallerForm,
    )
    title = _("voice portal")
    icon = "device-mobile-check"
    help = _("Telephones that may call through the platform, and the line that pays for it.")
    empty = _("Add the telephones; then give each line its PIN.")
    bulk_fields = ("circuit", "is_active")
    state_field = ""
    import_key = "number"
    import_lookups = {"circuit": "number"}
    panels = (
        panels.Fields(
            _("Telephone"),
            panels.Value(_("Originating number"), lambda caller: classify(caller.number).display),
            "circuit",
            "tenant",
            "description",
            "is_active",
            "created_at",
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_portal_callers(actor=actor)

    def label(self, obj: PortalCaller) -> str:
        return classify(obj.number).display

    def create(self, actor: Any, values: dict[str, Any]) -> PortalCaller:
        return services.portal_caller_create(actor=actor, **caller_facts(values))

    def change(self, actor: Any, obj: PortalCaller, values: dict[str, Any]) -> PortalCaller:
        return services.portal_caller_change(actor=actor, caller_id=obj.pk, **caller_facts(values))

    def remove(self, actor: Any, obj: PortalCaller) -> None:
        services.portal_caller_delete(actor=actor, caller_id=obj.pk)


def caller_facts(values: dict[str, Any]) -> dict[str, Any]:
    """Turn a valid form's values into what the services take."""
    facts = dict(values)
    facts["circuit_id"] = facts.pop("circuit").pk
    return facts


class Voicemails(Resource):
    """Messages are heard and deleted by who may operate, not by all who see that they are there."""

    model, table, filters = Voicemail, VoicemailTable, VoicemailFilters
    title = _("voicemail")
    icon = "message-2"
    help = _("Messages that callers left for lines.")
    empty = _("Messages stand here as soon as a caller leaves one for a line with voicemail.")
    live_s = 15
    actions = (
        Action(
            name="heard",
            label=_("Mark as heard"),
            permission="pbx.operate",
            icon="check",
            bulk=True,
            when=lambda message: message.heard_at is None,
            run=lambda actor, message, values: (
                services.voicemail_mark(actor=actor, voicemail_id=message.pk, heard=True)
                and _("Marked as heard.")
            ),
        ),
        Action(
            name="new",
            label=_("Mark as new"),
            permission="pbx.operate",
            icon="mail",
            bulk=True,
            when=lambda message: message.heard_at is not None,
            run=lambda actor, message, values: (
                services.voicemail_mark(actor=actor, voicemail_id=message.pk, heard=False)
                and _("Marked as new.")
            ),
        ),
        Action(
            name="delete",
            label=_("Delete"),
            permission="pbx.operate",
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
        return selectors.list_voicemails(actor=actor)

    def label(self, obj: Voicemail) -> str:
        at = timezone.localtime(obj.at)
        return f"{obj.circuit} {classify(obj.caller).display or obj.caller} {at:%d/%m/%Y %H:%M}"


class VoicemailSound(details.ObjectPage):
    """The message itself."""

    permission = "pbx.operate"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        message = selectors.get_voicemail(actor=self.actor, voicemail_id=self.object.pk)
        at = timezone.localtime(message.at)
        name = f"{message.circuit}-{message.caller or 'anonimo'}-{at:%Y%m%d-%H%M}.wav"
        return sound_response(request, bytes(message.sound), name=name)


class VoicemailHeard(details.ObjectPage):
    """Notes that a message is played; the player asks for it as it begins."""

    permission = "pbx.operate"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        services.voicemail_mark(actor=self.actor, voicemail_id=self.object.pk, heard=True)
        return HttpResponse()
