"""Screens of carriers, trunks and routes."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from tronco.catalog.models import CallClass
from tronco.routing import selectors, services
from tronco.routing.filters import CarrierFilters, RouteFilters, TrunkFilters
from tronco.routing.forms import AssignForm, CarrierForm, NumberRouteForm, RouteForm, TrunkForm
from tronco.routing.models import Carrier, Route, RouteAssignment, RouteStep, Trunk
from tronco.routing.number_views import warn
from tronco.routing.tables import (
    AssignmentTable,
    CarrierTable,
    RouteTable,
    TrunkTable,
    reach_badge,
)
from tronco.ui import details, edits, panels
from tronco.ui.actions import Action
from tronco.ui.resource import Resource


class Carriers(Resource):
    model, table, filters, form = Carrier, CarrierTable, CarrierFilters, CarrierForm
    icon = "building-broadcast-tower"
    help = _("Who carries your calls, and at what cost.")
    empty = _("Add a carrier, then its trunks.")
    import_key = "name"
    panels = (
        panels.Fields(_("Carrier"), "name", "cost_tariff", "is_active"),
        panels.Related(),
        panels.Rows(
            _("Trunks"),
            TrunkTable,
            lambda actor, carrier: selectors.list_trunks(actor=actor).filter(carrier=carrier),
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_carriers(actor=actor)

    def create(self, actor: Any, values: dict[str, Any]) -> Carrier:
        return services.carrier_create(actor=actor, **carrier_facts(values))

    def change(self, actor: Any, obj: Carrier, values: dict[str, Any]) -> Carrier:
        return services.carrier_change(actor=actor, carrier_id=obj.pk, **carrier_facts(values))

    def remove(self, actor: Any, obj: Carrier) -> None:
        services.carrier_delete(actor=actor, carrier_id=obj.pk)


def carrier_facts(values: dict[str, Any]) -> dict[str, Any]:
    """Turn a valid form's values into what the services take."""
    facts = dict(values)
    tariff = facts.pop("cost_tariff")
    return {**facts, "cost_tariff_id": tariff.pk if tariff else None}


class Trunks(Resource):
    model, table, filters, form = Trunk, TrunkTable, TrunkFilters, TrunkForm
    icon = "plug-connected"
    help = _("SIP connections with carriers, and whether they answer.")
    empty = _("Add a carrier first, then its trunk.")
    live_s = 10
    state_field = ""
    bulk_fields = ("max_calls", "is_active", "carries_emergency")
    import_key = "name"
    panels = (
        panels.Fields(
            _("Trunk"),
            panels.Value(_("Status"), reach_badge),
            "registration",
            "checked_at",
            "carrier",
            "is_active",
            "carries_emergency",
        ),
        panels.Fields(
            _("Connection"), "host", "port", "username", "register", "source_addresses", "codecs"
        ),
        panels.Fields(_("Calls"), "number_format", "tech_prefix", "max_calls"),
        panels.Rows(
            _("Routes"),
            RouteTable,
            lambda actor, trunk: (
                selectors.list_routes(actor=actor).filter(steps__trunk=trunk).distinct()
            ),
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_trunks(actor=actor)

    def hint(self, obj: Trunk) -> str:
        return str(obj.carrier)

    def create(self, actor: Any, values: dict[str, Any]) -> Trunk:
        return services.trunk_create(actor=actor, **trunk_facts(values))

    def change(self, actor: Any, obj: Trunk, values: dict[str, Any]) -> Trunk:
        return services.trunk_change(actor=actor, trunk_id=obj.pk, **trunk_facts(values))

    def remove(self, actor: Any, obj: Trunk) -> None:
        services.trunk_delete(actor=actor, trunk_id=obj.pk)


def trunk_facts(values: dict[str, Any]) -> dict[str, Any]:
    """Turn a valid form's values into what the services take."""
    facts = dict(values)
    return {**facts, "carrier_id": facts.pop("carrier").pk}


def assign(actor: Any, route: Route, values: dict[str, Any]) -> Any:
    """Give the route to whom the form names."""
    targets = {f"{name}_id": getattr(values[name], "pk", None) for name in values}
    services.route_assign(actor=actor, route_id=route.pk, **targets)
    who = next(value for value in values.values() if value is not None)
    return _("Given to %(who)s.") % {"who": who}


class NumberRoute(details.ObjectPage):
    """The route of a number: asked on the number's page, kept here."""

    permission = "routing.edit"
    template_name = "routing/number_route.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        assignment = RouteAssignment.objects.filter(did=self.object).first()
        initial = {"route": assignment and assignment.route}
        return self.render(
            title=_("Route"), form=NumberRouteForm(actor=self.actor, initial=initial)
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = NumberRouteForm(request.POST, actor=self.actor)
        if not form.is_valid():
            return self.render(title=_("Route"), form=form, status=422)
        route = form.cleaned_data["route"]
        if route is None:
            services.route_unassign(actor=self.actor, did_id=self.object.pk)
            messages.success(request, _("The number has no route of its own."))
        else:
            services.route_assign(actor=self.actor, route_id=route.pk, did_id=self.object.pk)
            warn(request, route)
        return HttpResponseRedirect(self.resource.url("detail", self.object.pk) or "/")


class CreateRoute(edits.CreateView):
    template_name = "routing/route_edit.html"


class EditRoute(edits.EditView):
    template_name = "routing/route_edit.html"


class Routes(Resource):
    model, table, filters, form = Route, RouteTable, RouteFilters, RouteForm
    icon = "route"
    help = _("Which trunks carry each call class, and in which order they are tried.")
    empty = _("Add trunks first, then the route that uses them.")
    state_field = ""
    create_view = CreateRoute
    edit_view = EditRoute
    history_of = ((RouteStep, "route"), (RouteAssignment, "route"))
    panels = (
        panels.Fields(_("Route"), "name", "is_default", "least_cost"),
        panels.Html(
            _("Trunks by class"),
            "routing/panels/steps.html",
            lambda request, route: {"rows": steps_shown(route)},
        ),
        panels.Rows(
            _("Given to"),
            AssignmentTable,
            lambda actor, route: RouteAssignment.objects.visible_to(actor).filter(route=route),
            empty=_("Nobody by name; a default route serves all who have no other."),
        ),
    )
    actions = (
        Action(
            name="assign",
            label=_("Give to…"),
            permission="routing.edit",
            icon="user-plus",
            form=AssignForm,
            run=assign,
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_routes(actor=actor)

    def create(self, actor: Any, values: dict[str, Any]) -> Route:
        return services.route_create(actor=actor, **values)

    def change(self, actor: Any, obj: Route, values: dict[str, Any]) -> Route:
        return services.route_change(actor=actor, route_id=obj.pk, **values)

    def remove(self, actor: Any, obj: Route) -> None:
        services.route_delete(actor=actor, route_id=obj.pk)


def steps_shown(route: Route) -> list[tuple[Any, list[Trunk]]]:
    """Every class with its trunks in order."""
    steps = selectors.list_steps_by_class(route=route)
    return [(call_class.label, steps.get(call_class, [])) for call_class in CallClass]
