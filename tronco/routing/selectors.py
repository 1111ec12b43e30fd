"""Reads of routing: lists for screens, and the snapshot of which the choice of trunks is made."""

from __future__ import annotations

from collections import defaultdict

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from tronco.circuits.models import Circuit
from tronco.core.errors import NotFound
from tronco.routing.models import Carrier, Route, RouteAssignment, RouteStep, Trunk
from tronco.routing.select import RouteSnapshot, TrunkChoice
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


def find_route(*, circuit: Circuit) -> Route | None:
    """Return the route that applies to a circuit.

    Its own; else that of the nearest tenant upwards from its customer; else the default one.
    """
    nearby = Q(circuit=circuit) | Q(used_by__in=circuit.tenant.ancestor_ids)
    assignments = RouteAssignment.objects.filter(nearby).select_related("route", "used_by")
    if assignments:
        # A circuit's own assignment has no tenant, and is nearer than any.
        return max(assignments, key=lambda a: len(a.used_by.path) if a.used_by else 1 << 16).route
    return Route.objects.filter(is_default=True, tenant__kind="master").first()


def snapshot_for(circuit: Circuit) -> RouteSnapshot | None:
    """Return all that `select.choose` needs for a circuit's calls; None when it has no route."""
    route = find_route(circuit=circuit)
    return None if route is None else snapshot_of(route)


def snapshot_of(route: Route) -> RouteSnapshot:
    """Return a route as values: its active trunks by class, and those that carry emergencies."""
    steps: dict[str, list[TrunkChoice]] = defaultdict(list)
    rows = RouteStep.objects.filter(
        route=route, trunk__is_active=True, trunk__carrier__is_active=True
    ).select_related("trunk__carrier")
    for step in rows.order_by("call_class", "position"):
        steps[step.call_class].append(_as_choice(step.trunk))
    return RouteSnapshot(
        id=route.pk,
        name=route.name,
        least_cost=route.least_cost,
        steps={call_class: tuple(trunks) for call_class, trunks in steps.items()},
        emergency=tuple(list_emergency_trunks()),
    )


def list_emergency_trunks() -> list[TrunkChoice]:
    """Return the active trunks that carry emergency calls, in the order of their names."""
    trunks = Trunk.objects.filter(is_active=True, carries_emergency=True, carrier__is_active=True)
    return [_as_choice(trunk) for trunk in trunks.select_related("carrier")]


def list_steps_by_class(*, route: Route) -> dict[str, list[Trunk]]:
    """Return the trunks of each class in their order, the inactive ones too: what forms edit."""
    found: dict[str, list[Trunk]] = defaultdict(list)
    for step in route.steps.select_related("trunk").order_by("call_class", "position"):
        found[step.call_class].append(step.trunk)
    return dict(found)


def _as_choice(trunk: Trunk) -> TrunkChoice:
    return TrunkChoice(
        id=trunk.pk,
        name=trunk.name,
        carrier_id=trunk.carrier_id,
        number_format=trunk.number_format,
        tech_prefix=trunk.tech_prefix,
        max_calls=trunk.max_calls,
        cost_tariff_id=trunk.carrier.cost_tariff_id,
    )
