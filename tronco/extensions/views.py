"""Screens of extensions: Ramais (S3-23, S3-24). A seller lists and deletes; who makes and edits
them is the customer, in his panel."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.circuits.models import Circuit
from tronco.circuits.phone_views import PasswordPage, password_page
from tronco.circuits.services import NewCircuit, circuit_pause, circuit_unpause
from tronco.dids.models import Did
from tronco.extensions import selectors, services
from tronco.extensions.filters import ExtensionFilters
from tronco.extensions.forms import ExtensionForm
from tronco.extensions.tables import ExtensionTable
from tronco.pbx.models import LineService
from tronco.tenancy.selectors import find_own_customer
from tronco.ui import edits, lists, panels
from tronco.ui.actions import Action
from tronco.ui.resource import Resource
from tronco.ui.urls import url_or_none


class ExtensionList(lists.ListView):
    """In a customer's panel: also how many he has made, and how many he may."""

    template_name = "extensions/list.html"

    def list_context(self, filterset: Any, table: Any) -> dict[str, Any]:
        context = super().list_context(filterset, table)
        customer = find_own_customer(actor=self.actor)
        if customer is None or not self.actor.can("extensions.edit"):
            return context
        room = selectors.get_room(customer)
        has_line = selectors.find_main_line(customer) is not None
        if room.is_full or not has_line:
            context["add_url"] = None
        return {**context, "room": room, "has_line": has_line, "seller": customer.parent}


class CreateExtension(edits.CreateView):
    """Shows the password in the answer itself: it is kept nowhere, not even in the session."""

    made: NewCircuit | None = None

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        customer = selectors.get_customer(actor=self.actor)
        if selectors.find_main_line(customer) is None or selectors.get_room(customer).is_full:
            messages.warning(request, _now("No extension can be made now: the list says why."))
            return HttpResponseRedirect(reverse("extensions:extension_list"))
        return super().get(request, *args, **kwargs)

    def write(self, form: Any) -> Circuit:
        self.made = make(self.actor, form.cleaned_data)
        return self.made.circuit

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        if self.made is None or response.status_code != 302:
            return response
        return password_page(self, self.made, next_url=response["Location"])


class RemoveExtension(edits.DeleteView):
    """Names what goes with an extension, and how many calls still forbid it."""

    def context(self, **extra: Any) -> dict[str, Any]:
        labels = {
            "numbers": _now("Numbers that then ring nowhere"),
            "services": _now("Short number, follow-me and voicemail settings"),
            "messages": _now("Messages, of which nothing is kept"),
            "groups": _now("Groups that it takes calls of"),
            "callers": _now("Telephones of the voice portal"),
            "calls": _now("Calls running now, which forbid it"),
        }
        goes = selectors.count_what_goes(self.object)
        lost = [{"label": labels[name], "count": count} for name, count in goes.items() if count]
        return super().context(**{"lost": lost, **extra})


def make(actor: Any, values: dict[str, Any]) -> NewCircuit:
    """Make what a valid form says, for the customer in whose panel it was filled in."""
    customer = selectors.get_customer(actor=actor)
    return services.extension_create(actor=actor, tenant_id=customer.pk, **facts_of(values))


def facts_of(values: dict[str, Any]) -> dict[str, Any]:
    """Turn a valid form's values into what the services take."""
    facts = dict(values)
    shown = facts.pop("shown")
    return {**facts, "caller_number": shown.e164 if shown else ""}


class Extensions(Resource):
    model, table, filters, form = Circuit, ExtensionTable, ExtensionFilters, ExtensionForm
    app, name = "extensions", "extension"
    title, singular = _("extensions"), _("extension")
    icon = "phone"
    help = _("The telephones of customers: where they are registered, and by which number.")
    empty = _("Extensions are made in the customer's panel, as many as his registration allows.")
    live_s = 5
    list_view = ExtensionList
    create_view = CreateExtension
    delete_view = RemoveExtension
    loses = _(
        "Its telephone can no longer register. Call records, statements and the history are kept,"
        " as the law demands."
    )
    history_of = ((LineService, "circuit"),)
    panels = (
        panels.Fields(
            _("Extension"),
            panels.Value(_("Extension"), "service__extension"),
            panels.Value(_("Name"), "description"),
            "user",
            panels.Value(_("Owner"), "tenant"),
            panels.Value(_("Account"), "number"),
            panels.Value(_("Extension of"), "line"),
            "created_at",
        ),
        panels.Html(
            _("Registration"),
            "circuits/panels/registration.html",
            lambda request, circuit: {"registration": getattr(circuit, "registration", None)},
        ),
        panels.Fields(_("Limits"), "caller_number", "allowed_classes", "max_calls", "max_contacts"),
        panels.Html(
            _("Voice services"),
            "circuits/panels/remote.html",
            lambda request, circuit: {"url": url_or_none("pbx:circuit_services", circuit.pk)},
            permission="pbx.view",
        ),
        panels.Html(
            _("Last calls"),
            "circuits/panels/remote.html",
            lambda request, circuit: {"url": url_or_none("calls:circuit_recent", circuit.pk)},
            permission="calls.view",
            wide=True,
        ),
    )
    actions = (
        Action(
            name="setup",
            label=_("Set up a telephone"),
            permission="extensions.view",
            icon="settings-2",
            url="extensions:extension_setup",
        ),
        Action(
            name="password",
            label=_("New password"),
            permission="extensions.edit",
            icon="key",
            url="extensions:extension_password",
        ),
        Action(
            name="services",
            label=_("Line services"),
            permission="pbx.edit",
            icon="adjustments",
            url="pbx:line_edit",
        ),
        Action(
            name="credit",
            label=_("Credit history"),
            permission="circuits.view",
            icon="coins",
            url="circuits:circuit_credit",
        ),
        Action(
            name="suspend",
            label=_("Suspend"),
            permission="extensions.edit",
            icon="player-pause",
            bulk=True,
            confirm=_("It stays registered, and calls emergency numbers only."),
            when=lambda circuit: circuit.status == Circuit.Status.ACTIVE,
            run=lambda actor, circuit, values: (
                circuit_pause(actor=actor, circuit_id=circuit.pk)
                and _("Suspended. Emergency calls still pass.")
            ),
        ),
        Action(
            name="resume",
            label=_("Resume"),
            permission="extensions.edit",
            icon="player-play",
            bulk=True,
            when=lambda circuit: circuit.is_paused,
            run=lambda actor, circuit, values: (
                circuit_unpause(actor=actor, circuit_id=circuit.pk) and _("Active again.")
            ),
        ),
    )

    def empty_text(self, actor: Any) -> Any:
        return self.empty  # it is who may not make them that needs to know

    def queryset(self, actor: Any) -> Any:
        return selectors.list_extensions(actor=actor)

    def hint(self, obj: Circuit) -> str:
        return f"{obj.description} {obj.tenant}".strip()

    def initial(self, actor: Any, obj: Circuit) -> dict[str, Any]:
        service = getattr(obj, "service", None)
        shown = Did.objects.filter(tenant=obj.tenant_id, e164=obj.caller_number).first()
        return {
            "extension": service.extension if service else "",
            "shown": shown if obj.caller_number else None,
        }

    def create(self, actor: Any, values: dict[str, Any]) -> Circuit:
        return make(actor, values).circuit

    def change(self, actor: Any, obj: Circuit, values: dict[str, Any]) -> None:
        services.extension_change(actor=actor, circuit_id=obj.pk, **facts_of(values))

    def remove(self, actor: Any, obj: Circuit) -> None:
        services.extension_remove(actor=actor, circuit_id=obj.pk)


class ExtensionPassword(PasswordPage):
    """The same for the customer's own people."""

    def make(self) -> NewCircuit:
        return services.extension_new_password(actor=self.actor, circuit_id=self.object.pk)
