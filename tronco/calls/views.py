"""Screens of calls: those running now, the records, and why a call cost what it cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from tronco.calls import selectors, services
from tronco.calls.addresses import call_url, key_of, read_key
from tronco.calls.explain import explain
from tronco.calls.filters import CdrFilters, LiveFilters, OwnCallFilters, RefusedFilters
from tronco.calls.models import Cdr
from tronco.calls.tables import CdrTable, LiveTable, OwnCallTable, RefusedTable
from tronco.charging.models import Authorization
from tronco.circuits.selectors import get_circuit
from tronco.recordings.views import OfCall
from tronco.ui import panels
from tronco.ui.actions import Action
from tronco.ui.details import ObjectPage
from tronco.ui.lists import ListView
from tronco.ui.pages import Page
from tronco.ui.resource import Resource
from tronco.ui.tables import Table
from tronco.ui.urls import visible_url

ROWS_ON_A_CARD = 10
# As many legs as a call has at most, nearly (`pbx.flow.MOST_STEPS`).
LINKED_ON_A_CARD = 50


class CdrList(ListView):
    """The records with the totals of all that match the filters, not only of the page."""

    template_name = "calls/list.html"
    partial_name = "calls/list_table.html"

    def table(self, rows: Any) -> Table:
        table = super().table(rows)
        # A record offers nothing to do, so its rows have no menu.
        table.resource = None
        return table

    def list_context(self, filterset: Any, table: Table) -> dict[str, Any]:
        totals = selectors.total_calls(filterset.qs)
        return {
            **super().list_context(filterset, table),
            "totals": totals,
            "talked_s": totals.duration_ms // 1000,
        }


class CallRows(panels.Rows):
    """Calls that belong to this one. Most calls stand alone: then there is no card."""

    def __init__(self, title: Any, read: Callable[[Any, Cdr], Sequence[Cdr]]) -> None:
        super().__init__(title, CdrTable, read, limit=LINKED_ON_A_CARD)

    def render(self, request: Any, obj: Any) -> SafeString:
        found = self.rows(request.actor, obj)
        return super().render(request, obj) if found else SafeString("")


def first_call(actor: Any, cdr: Cdr) -> Sequence[Cdr]:
    """The call with which a leg's conversation began, as rows."""
    first = selectors.find_first_call(actor=actor, cdr=cdr)
    return [first] if first else []


def linked_calls(actor: Any, cdr: Cdr) -> Sequence[Cdr]:
    """The legs of the conversation besides this one."""
    return list(selectors.list_linked_calls(actor=actor, cdr=cdr)[:LINKED_ON_A_CARD])


def conversation_of(cdr: Cdr) -> tuple[str, ...]:
    """The ids of the call, and of the one with which its conversation began."""
    return tuple(filter(None, (cdr.call_id, cdr.explanation.get("linked"))))


class Cdrs(Resource):
    model, table, filters = Cdr, CdrTable, CdrFilters
    title = _("Call records (CDR)")
    icon = "list-details"
    help = _("Every call, answered or not, with its price and its story.")
    empty = _("Calls appear here when they end.")
    state_field = "outcome"
    counted = False
    list_view = CdrList
    panels = (
        panels.Html(
            _("Call"),
            "calls/panels/call.html",
            lambda request, cdr: {
                "customer_url": visible_url(cdr.tenant, request.actor),
                "answering": selectors.list_answering(actor=request.actor, cdr=cdr),
            },
        ),
        panels.Html(_("Route"), "calls/panels/route.html", lambda request, cdr: route_of(cdr)),
        CallRows(_("First call"), first_call),
        CallRows(_("Linked calls"), linked_calls),
        OfCall(conversation_of),
        panels.Html(
            _("Why it cost what it cost"),
            "calls/panels/explanation.html",
            lambda request, cdr: {"told": explain(cdr, actor=request.actor)},
            wide=True,
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_calls(actor=actor)

    def key(self, obj: Cdr) -> str:
        return key_of(obj)

    def get(self, actor: Any, key: str) -> Cdr:
        started_at, identity = read_key(key)
        return selectors.get_call(actor=actor, started_at=started_at, identity=identity)

    def label(self, obj: Cdr) -> str:
        return selectors.title_of(obj)


def hang_up(actor: Any, call: Authorization, values: dict[str, Any]) -> Any:
    """Tell the switch, and say so."""
    services.call_hang_up(actor=actor, call_id=call.pk)
    return _("The switch was told to end the call.")


class LiveCalls(Resource):
    model, table, filters = Authorization, LiveTable, LiveFilters
    name = "live"
    title = _("Live calls")
    icon = "phone-calling"
    help = _("Calls that ring or talk now.")
    empty = _("Nobody is calling at this moment.")
    live_s = 3
    actions = (
        Action(
            name="hang-up",
            label=_("Hang up"),
            permission="calls.operate",
            icon="phone-off",
            confirm=_("The call ends at once, for both sides."),
            danger=True,
            run=hang_up,
        ),
    )

    def __init__(self) -> None:
        super().__init__()
        # The rows are charging's; the screen is this folder's.
        self.app = self.noun = "calls"

    def queryset(self, actor: Any) -> Any:
        return selectors.list_live_calls(actor=actor)


class RefusedList(CdrList):
    """Calls without totals, of which each row tells all."""

    template_name = ListView.template_name
    partial_name = ListView.partial_name

    def list_context(self, filterset: Any, table: Table) -> dict[str, Any]:
        return ListView.list_context(self, filterset, table)


class OwnCalls(Resource):
    model, table, filters = Cdr, OwnCallTable, OwnCallFilters
    name, noun = "own", "own"
    title = _("My calls")
    icon = "list-details"
    help = _("The calls of your extension.")
    empty = _("Calls appear here when they end.")
    counted = False
    list_view = RefusedList

    def queryset(self, actor: Any) -> Any:
        return selectors.list_own_calls(actor=actor)

    def key(self, obj: Cdr) -> str:
        return key_of(obj)

    def label(self, obj: Cdr) -> str:
        return selectors.title_of(obj)


class RefusedCalls(Resource):
    model, table, filters = Cdr, RefusedTable, RefusedFilters
    name = "refused"
    title = _("Refused calls at numbers")
    icon = "phone-off"
    help = _("Who was turned away at which number, why and how often, in the last 7 days.")
    empty = _("No call to a number was refused in these days.")
    counted = False
    list_view = RefusedList

    def queryset(self, actor: Any) -> Any:
        return selectors.list_refused(actor=actor)

    def key(self, obj: Cdr) -> str:
        return key_of(obj)


class DidCalls(ObjectPage):
    """The way from a number to the calls from and to it."""

    permission = "calls.view"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        number = urlencode({"number": self.object.e164})
        return HttpResponseRedirect(f"{reverse('calls:cdr_list')}?{number}")


class DidRefused(ObjectPage):
    """The way from a number to what was refused at it."""

    permission = "calls.view"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return HttpResponseRedirect(f"{reverse('calls:refused_list')}?did={self.object.pk}&days=30")


class CircuitCard(Page):
    """Some calls of one circuit: what a card of the circuit's page shows."""

    permission = "calls.view"
    template_name = "calls/rows.html"
    empty: Any = _("No calls yet.")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        circuit = get_circuit(actor=self.actor, circuit_id=kwargs["key"])
        table = self.table(circuit)
        table.actor = self.actor
        table.show(self.columns)
        return self.render(table=table, empty=self.empty, more_url=self.more_url(circuit.pk))

    columns: tuple[str, ...] = ()

    def table(self, circuit: Any) -> Table:
        """The rows."""
        raise NotImplementedError

    def more_url(self, circuit_id: int) -> str:
        """Where all of them are."""
        return f"{reverse('calls:cdr_list')}?circuit={circuit_id}"


class RecentCalls(CircuitCard):
    columns = ("started_at", "direction", "caller", "called", "outcome", "duration_ms", "sale_u")

    def table(self, circuit: Any) -> Table:
        rows = selectors.list_calls(actor=self.actor).filter(
            account_id=circuit.account_id, circuit_id=circuit.pk
        )
        return CdrTable(list(rows[:ROWS_ON_A_CARD]), orderable=False)


class RunningCalls(CircuitCard):
    empty = _("No call now.")
    columns = ("started_at", "state", "lasts", "direction", "caller", "called", "deadline_s")

    def table(self, circuit: Any) -> Table:
        rows = selectors.list_live_calls(actor=self.actor).filter(circuit_id=circuit.pk)
        return LiveTable(list(rows[:ROWS_ON_A_CARD]), orderable=False)

    def more_url(self, circuit_id: int) -> str:
        return f"{reverse('calls:live_list')}?circuit={circuit_id}"


class CircuitCalls(Page):
    """The way from a circuit to its call records."""

    permission = "calls.view"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        circuit = get_circuit(actor=self.actor, circuit_id=kwargs["key"])
        return HttpResponseRedirect(f"{reverse('calls:cdr_list')}?circuit={circuit.pk}")


class CallById(Page):
    """The way from a posting to the call behind it."""

    permission = "calls.view"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        cdr = selectors.get_call_by_id(actor=self.actor, call_id=kwargs["call_id"])
        return HttpResponseRedirect(call_url(cdr))


def route_of(cdr: Cdr) -> dict[str, Any]:
    """The trunks that were tried, in words."""
    return {"attempts": selectors.list_attempts(cdr=cdr)}
