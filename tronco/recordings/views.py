"""Screens of recordings: the list, a recording's page, whom to record, and one's own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.core.errors import TroncoError
from tronco.numbering.classify import classify
from tronco.recordings import files, rules, selectors, services
from tronco.recordings.filters import CallFilters, RecordingFilters, RuleFilters
from tronco.recordings.forms import AllowanceForm, MannerForm, RuleForm
from tronco.recordings.models import Listening, Recording, Rule
from tronco.recordings.playing import file_response
from tronco.recordings.tables import (
    ListeningTable,
    OfCallTable,
    OwnRecordingTable,
    RecordingTable,
    RuleTable,
    calls_of,
    kind_of,
    name_of,
    player,
)
from tronco.tenancy.selectors import find_own_customer
from tronco.ui import details, edits, formats, panels
from tronco.ui.actions import Action
from tronco.ui.forms import ReasonForm
from tronco.ui.lists import ListView
from tronco.ui.pages import Page
from tronco.ui.resource import Resource
from tronco.ui.tables import Table


class RecordingList(ListView):
    """Says so where nothing more is recorded, or will soon not be."""

    template_name = "recordings/list.html"

    def list_context(self, filterset: Any, table: Table) -> dict[str, Any]:
        context = super().list_context(filterset, table)
        customer = find_own_customer(actor=self.actor)
        if customer is None or not self.actor.can("recordings.edit"):
            return context
        policy = selectors.find_policy(tenant=customer)
        return {
            **context,
            "policy": policy,
            "space": selectors.get_space(policy=policy),
            "no_room": not files.has_room(files.recordings_root()),
        }


def _kept_until(recording: Recording) -> str:
    if recording.is_kept:
        return _now("until it is released")
    days = selectors.find_policy(tenant=recording.tenant).keep_days
    return formats.day(timezone.localtime(recording.at + timedelta(days=days)).date())


class Recordings(Resource):
    model, table, filters = Recording, RecordingTable, RecordingFilters
    icon = "microphone-2"
    help = _("Conversations that were recorded. Who hears one is written down.")
    empty = _("Say whose calls are recorded; they stand here some seconds after their end.")
    list_view = RecordingList
    state_field = ""
    history_of = ((Listening, "recording"),)
    list_links = (
        (_("Whom to record"), "recordings:rule_list", "recordings.view"),
        (_("How to record"), "recordings:manner", "recordings.edit"),
    )
    panels = (
        panels.Html(
            _("Listen"),
            "recordings/panels/listen.html",
            lambda request, recording: {"player": player(recording, request.actor)},
        ),
        panels.Fields(
            _("Recording"),
            panels.Value(_("Date"), lambda recording: formats.instant(recording.at)),
            "tenant",
            "circuit",
            "direction",
            panels.Value(_("Caller"), lambda recording: shown(recording.caller)),
            panels.Value(_("Called"), lambda recording: shown(recording.called)),
            panels.Value(
                _("Duration"), lambda recording: formats.duration(recording.duration_ms / 1000)
            ),
            panels.Value(_("Size"), lambda recording: filesizeformat(recording.size)),
            panels.Value(_("Kept until"), _kept_until),
            "sha256",
        ),
        panels.Rows(
            _("Who heard it"),
            ListeningTable,
            lambda actor, recording: recording.listenings.all(),
            empty=_("Nobody has heard it."),
            limit=50,
        ),
    )
    actions = (
        Action(
            name="call",
            label=_("The call"),
            permission="calls.view",
            icon="phone-call",
            url="recordings:call",
        ),
        Action(
            name="keep",
            label=_("Keep"),
            permission="recordings.delete",
            icon="lock",
            form=ReasonForm,
            bulk=True,
            when=lambda recording: not recording.is_kept,
            run=lambda actor, recording, values: (
                services.recording_keep(actor=actor, recording_id=recording.pk, kept=True)
                and _("It is kept until you release it.")
            ),
        ),
        Action(
            name="release",
            label=_("Release"),
            permission="recordings.delete",
            icon="lock-open",
            form=ReasonForm,
            bulk=True,
            when=lambda recording: recording.is_kept,
            run=lambda actor, recording, values: (
                services.recording_keep(actor=actor, recording_id=recording.pk, kept=False)
                and _("It goes when its days are over.")
            ),
        ),
    )
    loses = _("The sound is deleted for good. That it was there, and who heard it, is kept.")

    def queryset(self, actor: Any) -> Any:
        return selectors.list_recordings(actor=actor)

    def label(self, obj: Recording) -> str:
        return title_of(obj)

    def may_delete(self, obj: Recording) -> bool:
        return not obj.is_kept

    def remove(self, actor: Any, obj: Recording) -> None:
        services.recording_delete(actor=actor, recording_id=obj.pk)


def shown(number: str) -> str:
    """A telephone number as people write it."""
    return classify(number).display or number


def title_of(recording: Recording) -> str:
    """Name a recording for people."""
    at = timezone.localtime(recording.at)
    return f"{shown(recording.caller)} → {shown(recording.called)}, {at:%d/%m/%Y %H:%M}"


class RecordingCall(details.ObjectPage):
    """The way from a recording to the record of its call."""

    permission = "calls.view"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("calls:cdr_by_id", args=[self.object.call_id]))


class RecordingSound(details.ObjectPage):
    """The sound, for who may hear it; that he did is written down."""

    permission = "recordings.listen"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        recording: Recording = self.object
        at = timezone.localtime(recording.at)
        name = f"{recording.caller}-{recording.called}-{at:%Y%m%d-%H%M%S}".replace("+", "")
        # Nobody heard one whose sound is gone.
        response = file_response(request, files.path_of(recording.file), name=name)
        services.listening_note(
            actor=self.actor, recording=recording, downloaded="download" in request.GET
        )
        return response


class OwnRecordings(Resource):
    model, table, filters = Recording, OwnRecordingTable, CallFilters
    name, noun = "own", "own"
    title = _("My recordings")
    icon = "microphone-2"
    help = _("Recorded conversations of your extension. Who hears one is written down.")
    empty = _("None of your calls was recorded.")

    def queryset(self, actor: Any) -> Any:
        return selectors.list_own_recordings(actor=actor)

    def label(self, obj: Recording) -> str:
        return title_of(obj)


class OwnRecordingSound(RecordingSound):
    permission = "own.view"


class OfCall(panels.Panel):
    """The recordings of a call's conversation; `ids(call)` are its calls. No card for none."""

    template = "ui/panels/rows.html"
    wide = True

    def __init__(self, ids: Any) -> None:
        super().__init__(_("Recordings"), permission="recordings.view")
        self.ids = ids

    def render(self, request: Any, obj: Any) -> SafeString:
        found = list(selectors.list_of_call(actor=request.actor, call_ids=self.ids(obj)))
        if not found:
            return SafeString("")
        card = panels.Rows(self.title, OfCallTable, lambda actor, call: found, limit=len(found))
        return card.render(request, obj)


# -- whose calls, and how -------------------------------------------------------------------------


class Rules(Resource):
    model, table, filters, form = Rule, RuleTable, RuleFilters, RuleForm
    title = _("whom to record")
    singular = _("rule of recording")
    icon = "microphone-2"
    help = _("Whose calls are recorded. Calls to emergency services never are.")
    empty = _("Nobody's calls are recorded. Add a line, a group or a number.")
    state_field = ""
    panels = (
        panels.Fields(
            _("Whom to record"),
            panels.Value(_("Whom"), name_of),
            panels.Value(_("Kind"), kind_of),
            panels.Value(_("Calls"), calls_of),
            "tenant",
            "created_at",
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_rules(actor=actor)

    def label(self, obj: Rule) -> str:
        return name_of(obj)

    def may_change(self, obj: Rule) -> bool:
        return obj.circuit_id is not None

    def initial(self, actor: Any, obj: Rule) -> dict[str, Any]:
        named = {"circuit": obj.circuit, "queue": obj.queue, "did": obj.did}
        return {"target": next(name for name, one in named.items() if one is not None), **named}

    def create(self, actor: Any, values: dict[str, Any]) -> Rule:
        chosen = values[values["target"]]
        named = {f"{values['target']}_id": chosen.pk}
        return rules.rule_create(actor=actor, direction=values["direction"], **named)

    def change(self, actor: Any, obj: Rule, values: dict[str, Any]) -> Rule:
        return rules.rule_change(actor=actor, rule_id=obj.pk, direction=values["direction"])

    def remove(self, actor: Any, obj: Rule) -> None:
        rules.rule_delete(actor=actor, rule_id=obj.pk)


class AllowancePage(details.ObjectPage):
    """Whether a customer may record his calls, how long they are kept, how much of them."""

    tab = "recordings:allowance"
    template_name = "recordings/allowance.html"

    def required_permission(self) -> str:
        return "tenancy.edit" if self.request.method == "POST" else "tenancy.view"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.show(self.form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        form = self.form(request.POST)
        if not form.is_valid():
            return self.show(form, status=422)
        try:
            rules.allowance_set(actor=self.actor, tenant_id=self.object.pk, **form.cleaned_data)
        except TroncoError as error:
            edits.show_error(form, error)
            return self.show(form, status=422)
        messages.success(request, _now("Saved."))
        return HttpResponseRedirect(request.path)

    def form(self, data: Any = None) -> AllowanceForm:
        policy = selectors.find_policy(tenant=self.object)
        return AllowanceForm(data, instance=policy, actor=self.actor)

    def show(self, form: AllowanceForm, *, status: int = 200) -> HttpResponse:
        """The form, beside the space that is used."""
        policy = selectors.find_policy(tenant=self.object)
        return self.render(
            form=form,
            may_edit=self.actor.can("tenancy.edit"),
            policy=policy,
            space=selectors.get_space(policy=policy),
            status=status,
        )


class MannerPage(Page):
    """How one's calls are recorded: whether both sides are told, and who hears them."""

    permission = "recordings.edit"
    title = _("How to record")
    template_name = "recordings/manner.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.render(form=self.form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        form = self.form(request.POST)
        if form is None or not form.is_valid():
            return self.render(form=form, status=422)
        rules.manner_set(actor=self.actor, **form.cleaned_data)
        messages.success(request, _now("Saved."))
        return HttpResponseRedirect(request.path)

    def form(self, data: Any = None) -> MannerForm | None:
        """The form; None for who may not record."""
        customer = find_own_customer(actor=self.actor)
        policy = selectors.find_policy(tenant=customer) if customer else None
        if policy is None or not policy.is_allowed:
            return None
        return MannerForm(data, instance=policy, actor=self.actor)
