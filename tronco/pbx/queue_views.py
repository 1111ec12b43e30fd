"""Screens of groups: Voz › Grupos (filas), and who waits and answers in each now."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tronco.numbering.classify import classify
from tronco.pbx import queue_services as services
from tronco.pbx import selectors
from tronco.pbx.destinations import TargetValues
from tronco.pbx.filters import QueueFilters
from tronco.pbx.forms import DestinationForm, QueueForm
from tronco.pbx.models import MemberState, Queue, QueueMember
from tronco.pbx.queue_services import MemberValues
from tronco.pbx.tables import QueueTable
from tronco.pbx.uses import list_uses
from tronco.pbx.words import destination_text
from tronco.ui import details, edits, panels
from tronco.ui.pages import Page
from tronco.ui.resource import Resource

LIVE_S = 3
STATE_COLORS = {"offline": "secondary", "idle": "green", "ringing": "yellow", "talking": "blue"}


class CreateQueue(edits.CreateView):
    template_name = "pbx/queue_edit.html"


class EditQueue(edits.EditView):
    template_name = "pbx/queue_edit.html"


class QueuePage(details.DetailView):
    """What happens now comes first."""

    template_name = "pbx/wide_first.html"


class Queues(Resource):
    model, table, filters, form = Queue, QueueTable, QueueFilters, QueueForm
    icon = "users-group"
    help = _("Groups of lines: callers wait with music until a member answers.")
    empty = _("Put lines together that answer the same calls.")
    live_s = 5
    detail_view = QueuePage
    create_view = CreateQueue
    edit_view = EditQueue
    bulk_fields = ("strategy", "ring_s", "max_wait_s", "max_callers", "announces_position")
    history_of = ((QueueMember, "queue"),)
    panels = (
        panels.Html(
            _("Now"),
            "pbx/panels/live.html",
            lambda request, queue: {
                "url": reverse("pbx:queue_live", args=[queue.pk]),
                "every_s": LIVE_S,
            },
            wide=True,
        ),
        panels.Fields(
            _("Group (queue)"),
            "name", "tenant", "extension", "schedule", "strategy", "ring_s", "wrapup_s", "payer",
        ),
        panels.Fields(
            _("Waiting"),
            "welcome", "music", "announces_position", "announce_every_s", "max_wait_s",
            "max_callers", panels.Value(_("Then"), destination_text),
        ),
        panels.Html(
            _("Where it is used"),
            "pbx/panels/uses.html",
            lambda request, queue: {"uses": list_uses(actor=request.actor, obj=queue)},
        ),
    )  # fmt: skip

    def queryset(self, actor: Any) -> Any:
        return selectors.list_queues(actor=actor)

    def hint(self, obj: Queue) -> str:
        return str(obj.tenant)

    def create(self, actor: Any, values: dict[str, Any]) -> Queue:
        facts = facts_of(values)
        facts.setdefault("overflow", TargetValues())
        return services.queue_create(actor=actor, tenant_id=values["tenant"].pk, **facts)

    def change(self, actor: Any, obj: Queue, values: dict[str, Any]) -> Queue:
        facts = facts_of(values)
        stored = Queue.objects.get(pk=obj.pk)
        # A change of many at once leaves the members and the overflow as they are.
        facts.setdefault("members", members_of(stored))
        facts.setdefault("overflow", overflow_of(stored))
        return services.queue_change(actor=actor, queue_id=obj.pk, **facts)

    def remove(self, actor: Any, obj: Queue) -> None:
        services.queue_delete(actor=actor, queue_id=obj.pk)


class QueueLive(details.ObjectPage):
    """Who waits since when, and what each member does: a card that asks again by itself."""

    template_name = "pbx/queue_live.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return live_response(self, self.object)


class MemberPause(Page):
    """Pauses a member, or lets him take calls again; answers with the live card."""

    permission = "pbx.operate"
    template_name = "pbx/queue_live.html"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        member = services.member_pause(
            actor=self.actor, member_id=kwargs["key"], is_paused="pause" in request.POST
        )
        return live_response(self, member.queue)


def live_response(page: Page, queue: Queue) -> HttpResponse:
    """The live card of a group."""
    now = timezone.now()
    waiting = [
        {
            "place": place,
            "caller": classify(one.caller).display or one.caller,
            "since": one.since,
            "waited_s": max((now - one.since).total_seconds(), 0),
        }
        for place, one in enumerate(selectors.list_waiting(actor=page.actor, queue=queue), 1)
    ]
    members = [
        member_shown(member, now)
        for member in selectors.list_members(actor=page.actor, queue=queue)
    ]
    response = page.render(
        queue=queue,
        waiting=waiting,
        members=members,
        free=sum(m["state"].state == "idle" and not m["member"].is_paused for m in members),
        talking=sum(m["state"].state == MemberState.State.TALKING for m in members),
        longest_s=waiting[0]["waited_s"] if waiting else None,
        may_pause=page.actor.can("pbx.operate"),
    )
    response["Cache-Control"] = "no-store"
    return response


def member_shown(member: QueueMember, now: Any) -> dict[str, Any]:
    """A member with what he does now, and since when."""
    state = selectors.member_state(member)
    return {
        "member": member,
        "state": state,
        "color": STATE_COLORS[state.state],
        "caller": classify(state.caller).display if state.caller else "",
        "for_s": max((now - state.since).total_seconds(), 0) if state.since else None,
    }


def facts_of(values: dict[str, Any]) -> dict[str, Any]:
    """Turn a valid form's values into what the services take."""
    facts = dict(values)
    facts.pop("tenant", None)
    for name in ("schedule", "welcome", "music", "payer"):
        if name in facts:
            row = facts.pop(name)
            facts[f"{name}_id"] = row.pk if row else None
    return facts


def members_of(queue: Queue) -> list[MemberValues]:
    """The members as the services take them."""
    return [MemberValues(one.circuit_id, one.penalty, one.is_paused) for one in queue.members.all()]


def overflow_of(queue: Queue) -> TargetValues:
    """Where callers go on, as the services take it."""
    said = DestinationForm.initial_of(queue)
    ids = {f"{n}_id": said[n] for n in ("circuit", "queue", "menu", "prompt")}
    return TargetValues(action=said["action"], number=said["number"], **ids)
