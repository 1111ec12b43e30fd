"""Reads of carriers, trunks and routes. Call control reads its own (`sipcore.directory`)."""

from __future__ import annotations

from collections import defaultdict

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from tronco.core.errors import NotFound
from tronco.routing.models import Carrier, Route, Trunk
from tronco.tenancy.access import Actor


def list_carriers(*, actor: Actor) -> QuerySet[Carrier]:
    """Return the carriers, with how many trunks each has."""
    return (
        Carrier.objects.visible_to(actor)
        .select_related("cost_tariff")
        .annotate(trunk_count=Count("trunks"))
    )


def list_trunks(*, actor: Actor) -> QuerySet[Trunk]:
    """Return the trunks with their carriers."""
    return Trunk.objects.visible_to(actor).select_related("carrier")


def list_routes(*, actor: Actor) -> QuerySet[Route]:
    """Return the routes, with how many customers and circuits each was given to."""
    return Route.objects.visible_to(actor).annotate(assignment_count=Count("assignments"))


def get_trunk(*, actor: Actor, trunk_id: int, lock: bool = False) -> Trunk:
    """Return a trunk, or raise NotFound."""
    rows = Trunk.objects.visible_to(actor)
    trunk = (rows.select_for_update() if lock else rows).filter(pk=trunk_id).first()
    if trunk is None:
        raise NotFound(_("There is no such trunk."), details={"trunk": trunk_id})
    return trunk


def get_route(*, actor: Actor, route_id: int, lock: bool = False) -> Route:
    """Return a route, or raise NotFound."""
    rows = Route.objects.visible_to(actor)
    route = (rows.select_for_update() if lock else rows).filter(pk=route_id).first()
    if route is None:
        raise NotFound(_("There is no such route."), details={"route": route_id})
    return route


def list_steps_by_class(*, route: Route) -> dict[str, list[Trunk]]:
    """Return the trunks of each class in their order, the inactive ones too: what forms edit."""
    found: dict[str, list[Trunk]] = defaultdict(list)
    for step in route.steps.select_related("trunk").order_by("call_class", "position"):
        found[step.call_class].append(step.trunk)
    return dict(found)
