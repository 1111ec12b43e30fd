"""Numbers with a route of their own (S3-20, S3-21): `dids` has the form, the route is here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tronco.dids.forms import DidForm
from tronco.dids.models import Did
from tronco.dids.views import CreateDid, Dids, EditDid
from tronco.routing import services
from tronco.routing.forms import number_route_field
from tronco.routing.models import Route, RouteAssignment

MUST_EXIST = _("The number must exist at the carriers of %(route)s, or they refuse its calls.")
# In a form without the field the route stays as it is.
UNASKED = object()


class NumberForm(DidForm):
    """The form of a number, with its route for who keeps routes."""

    route = number_route_field()
    fieldsets = (
        replace(DidForm.fieldsets[0], fields=(*DidForm.fieldsets[0].fields, "route")),
        *DidForm.fieldsets[1:],
    )

    def adapt(self, actor: Any) -> None:
        super().adapt(actor)
        if not actor.can("routing.edit"):
            del self.fields["route"]


class CreateNumber(CreateDid):
    """One or several, all with the route that was chosen."""

    def write(self, form: Any) -> Did:
        route = form.cleaned_data.pop("route", None)
        did = super().write(form)
        if route is not None:
            services.numbers_route(actor=self.actor, route_id=route.pk, raws=self.made)
            warn(self.request, route)
        return did


class EditNumber(EditDid):
    """As for a new one."""

    def write(self, form: Any) -> Did:
        route = form.cleaned_data.pop("route", UNASKED)
        did = super().write(form)
        if route is not UNASKED and change_route(self.actor, did, route):
            warn(self.request, route)
        return did


def warn(request: HttpRequest, route: Route) -> None:
    """Nothing here can prove that carriers know a number (S3-22)."""
    messages.warning(request, MUST_EXIST % {"route": route})


def change_route(actor: Any, did: Did, route: Route | None) -> bool:
    """Give the number another route, or none; return whether it has another now."""
    former = find_route(did)
    if former == route:
        return False
    if route is None:
        services.route_unassign(actor=actor, did_id=did.pk)
        return False
    services.route_assign(actor=actor, route_id=route.pk, did_id=did.pk)
    return True


def find_route(did: Did) -> Route | None:
    """Return the route of the number's own, if it has one."""
    assignment = RouteAssignment.objects.filter(did=did).select_related("route").first()
    return assignment.route if assignment else None


class Numbers(Dids):
    form = NumberForm
    create_view = CreateNumber
    edit_view = EditNumber

    def initial(self, actor: Any, obj: Did) -> dict[str, Any]:
        return {**super().initial(actor, obj), "route": find_route(obj)}

    def create(self, actor: Any, values: dict[str, Any]) -> Did:
        told = dict(values)
        route = told.pop("route", None)
        did = super().create(actor, told)
        change_route(actor, did, route)
        return did

    def change(self, actor: Any, obj: Did, values: dict[str, Any]) -> Did:
        told = dict(values)
        route = told.pop("route", UNASKED)
        did = super().change(actor, obj, told)
        if route is not UNASKED:
            change_route(actor, did, route)
        return did
