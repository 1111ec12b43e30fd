"""Everything that changes carriers, trunks, routes and who uses which route."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any, TypedDict, Unpack

from django.conf import settings
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tronco.catalog.models import CallClass, Tariff
from tronco.centrals.codecs import read_codecs
from tronco.circuits.models import Circuit
from tronco.core import secrets
from tronco.core.errors import Conflict, InvalidInput, NotFound
from tronco.dids.models import Did
from tronco.routing.models import Carrier, Route, RouteAssignment, RouteStep, Trunk
from tronco.routing.selectors import get_route, get_trunk
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.saving import save_checked

# What may stand in the switch's configuration file: nothing that could end a line or a field.
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+")
_USERNAME = re.compile(r"[A-Za-z0-9_.+@-]{0,80}")
_TECH_PREFIX = re.compile(r"[0-9*#]{0,12}")
_PASSWORD = re.compile(r"[\x21-\x3a\x3c-\x7e]{0,80}")


class TrunkFields(TypedDict, total=False):
    """What may be said of a trunk besides carrier and name; absent: default, or unchanged."""

    host: str
    port: int
    username: str
    register: bool
    source_addresses: str
    number_format: str
    tech_prefix: str
    codecs: str
    max_calls: int | None
    carries_emergency: bool
    is_active: bool


@transaction.atomic
def carrier_create(
    *, actor: Actor, name: str, cost_tariff_id: int | None = None, is_active: bool = True
) -> Carrier:
    """Make a carrier of the master's; without a cost tariff its calls count as costing nothing."""
    actor.require("routing.edit")
    carrier = Carrier(tenant=_get_master(actor), name=name, is_active=is_active)
    carrier.cost_tariff = _find_cost_tariff(actor, cost_tariff_id)
    save_checked(carrier)
    return carrier


@transaction.atomic
def carrier_change(
    *, actor: Actor, carrier_id: int, name: str, cost_tariff_id: int | None, is_active: bool
) -> Carrier:
    """Change a carrier; an inactive one carries nothing."""
    actor.require("routing.edit")
    carrier = _get_carrier(actor, carrier_id)
    carrier.name, carrier.is_active = name, is_active
    carrier.cost_tariff = _find_cost_tariff(actor, cost_tariff_id)
    save_checked(carrier)
    return carrier


@transaction.atomic
def carrier_delete(*, actor: Actor, carrier_id: int) -> None:
    """Delete a carrier that has no trunks."""
    actor.require("routing.delete")
    _delete(_get_carrier(actor, carrier_id), cure=_("Delete its trunks first."))


@transaction.atomic
def trunk_create(
    *, actor: Actor, carrier_id: int, name: str, password: str = "", **fields: Unpack[TrunkFields]
) -> Trunk:
    """Make a trunk. The password is kept encrypted and never shown again."""
    actor.require("routing.edit")
    carrier = _get_carrier(actor, carrier_id)
    trunk = Trunk(tenant=carrier.tenant, carrier=carrier, name=name)
    _fill_trunk(trunk, password, fields)
    return trunk


@transaction.atomic
def trunk_change(
    *,
    actor: Actor,
    trunk_id: int,
    carrier_id: int | None = None,
    name: str | None = None,
    password: str = "",
    **fields: Unpack[TrunkFields],
) -> Trunk:
    """Change what the given fields say; an empty password leaves the one there is."""
    actor.require("routing.edit")
    trunk = get_trunk(actor=actor, trunk_id=trunk_id, lock=True)
    if carrier_id is not None:
        trunk.carrier = _get_carrier(actor, carrier_id)
    if name is not None:
        trunk.name = name
    _fill_trunk(trunk, password, fields)
    return trunk


@transaction.atomic
def trunk_delete(*, actor: Actor, trunk_id: int) -> None:
    """Delete a trunk that no route uses and no call record names."""
    actor.require("routing.delete")
    trunk = get_trunk(actor=actor, trunk_id=trunk_id, lock=True)
    _delete(trunk, cure=_("Take it out of its routes, or make it inactive."))


@transaction.atomic
def route_create(
    *,
    actor: Actor,
    name: str,
    steps: Mapping[str, Sequence[int]],
    is_default: bool = False,
    least_cost: bool = False,
) -> Route:
    """Make a route; `steps` names for each call class its trunks by id, in order of preference."""
    actor.require("routing.edit")
    route = Route(tenant=_get_master(actor), name=name, least_cost=least_cost)
    _save_route(route, is_default)
    _put_steps(actor, route, steps)
    return route


@transaction.atomic
def route_change(
    *,
    actor: Actor,
    route_id: int,
    name: str,
    steps: Mapping[str, Sequence[int]],
    is_default: bool,
    least_cost: bool,
) -> Route:
    """Change a route and the trunks of all its classes."""
    actor.require("routing.edit")
    route = get_route(actor=actor, route_id=route_id, lock=True)
    if route.is_default and not is_default:
        raise InvalidInput(
            _("Make another route the default instead: somebody must carry the others’ calls."),
            field="is_default",
            code="default-route-needed",
        )
    route.name, route.least_cost = name, least_cost
    _save_route(route, is_default)
    _put_steps(actor, route, steps)
    return route


@transaction.atomic
def route_delete(*, actor: Actor, route_id: int) -> None:
    """Delete a route that nobody uses and that is not the default."""
    actor.require("routing.delete")
    route = get_route(actor=actor, route_id=route_id, lock=True)
    if route.is_default:
        raise Conflict(_("Make another route the default first."), code="default-route-needed")
    _delete(route, cure=_("Give its customers, circuits and numbers another route first."))


@transaction.atomic
def route_assign(
    *,
    actor: Actor,
    route_id: int,
    tenant_id: int | None = None,
    circuit_id: int | None = None,
    did_id: int | None = None,
) -> RouteAssignment:
    """Give a route to a number, a circuit, or a tenant and all below him, in place of the former.

    A number must exist at the carriers of its route (S3-22): nothing here can prove that.
    """
    actor.require("routing.edit")
    route = get_route(actor=actor, route_id=route_id)
    target = _get_target(actor, tenant_id, circuit_id, did_id)
    assignment, _created = RouteAssignment.objects.update_or_create(
        **target, defaults={"route": route, "tenant": route.tenant}
    )
    return assignment


@transaction.atomic
def numbers_route(*, actor: Actor, route_id: int, raws: Sequence[str]) -> int:
    """Give a route to numbers that were just made, many at once; return how many they are."""
    actor.require("routing.edit")
    route = get_route(actor=actor, route_id=route_id)
    given = RouteAssignment.objects.bulk_create(
        RouteAssignment(tenant=route.tenant, route=route, did=did)
        for did in Did.objects.visible_to(actor).filter(raw__in=raws)
    )
    return len(given)


@transaction.atomic
def route_unassign(
    *,
    actor: Actor,
    tenant_id: int | None = None,
    circuit_id: int | None = None,
    did_id: int | None = None,
) -> None:
    """Let a number, a circuit or a tenant use the route of whoever stands above again."""
    actor.require("routing.edit")
    target = _get_target(actor, tenant_id, circuit_id, did_id)
    for assignment in RouteAssignment.objects.filter(**target):
        assignment.delete()


def _get_target(
    actor: Actor, tenant_id: int | None, circuit_id: int | None, did_id: int | None
) -> dict[str, Any]:
    wanted: dict[str, tuple[Any, int | None]] = {
        "used_by": (Tenant, tenant_id),
        "circuit": (Circuit, circuit_id),
        "did": (Did, did_id),
    }
    given = [(name, *one) for name, one in wanted.items() if one[1] is not None]
    if len(given) != 1:
        raise InvalidInput(_("Name either a customer, a circuit or a number."), code="one-target")
    name, model, key = given[0]
    found = model.objects.visible_to(actor).filter(pk=key).first()
    if found is None:
        raise NotFound(_("There is no such customer, circuit or number."))
    return {name: found}


def _get_master(actor: Actor) -> Tenant:
    master = Tenant.objects.visible_to(actor).filter(kind=Tenant.Kind.MASTER).first()
    if master is None:
        raise NotFound(_("Carriers and routes belong to the master."))
    return master


def _get_carrier(actor: Actor, carrier_id: int) -> Carrier:
    carrier = Carrier.objects.visible_to(actor).filter(pk=carrier_id).first()
    if carrier is None:
        raise NotFound(_("There is no such carrier."), details={"carrier": carrier_id})
    return carrier


def _find_cost_tariff(actor: Actor, tariff_id: int | None) -> Tariff | None:
    if tariff_id is None:
        return None
    tariff = Tariff.objects.visible_to(actor).filter(pk=tariff_id, kind=Tariff.Kind.COST).first()
    if tariff is None:
        raise InvalidInput(
            _("Choose a tariff of cost."), field="cost_tariff", code="cost-tariff-unknown"
        )
    return tariff


def _fill_trunk(trunk: Trunk, password: str, fields: TrunkFields) -> None:
    for name, value in fields.items():
        setattr(trunk, name, value)
    _check(_HOST, trunk.host, "host", gettext_lazy("a host name or an IP address"))
    _check(_USERNAME, trunk.username, "username", gettext_lazy("letters, digits and _ . + @ -"))
    _check(
        _TECH_PREFIX, trunk.tech_prefix, "tech_prefix", gettext_lazy("digits, * and #, at most 12")
    )
    _check(_PASSWORD, password, "password", gettext_lazy("letters, digits and signs other than ;"))
    trunk.codecs = read_codecs(trunk.codecs)
    trunk.source_addresses = _read_addresses(trunk.source_addresses)
    if password:
        trunk.password_encrypted = secrets.encrypt(password, key=settings.SECRET_KEY)
    if trunk.register and not (trunk.username and trunk.password_encrypted):
        raise InvalidInput(
            _("To register, the trunk needs a user name and a password."),
            field="username",
            code="trunk-credentials-missing",
        )
    save_checked(trunk)


def _check(pattern: re.Pattern[str], value: str, field: str, wanted: Any) -> None:
    if not pattern.fullmatch(value):
        raise InvalidInput(
            _("Use %(wanted)s.") % {"wanted": wanted}, field=field, code=f"invalid-{field}"
        )


def _read_addresses(text: str) -> str:
    found = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        try:
            found.append(str(ip_network(part, strict=False)))
        except ValueError as problem:
            raise InvalidInput(
                _("%(part)s is neither an IP address nor a network such as 203.0.113.0/24.")
                % {"part": part},
                field="source_addresses",
                code="invalid-address",
            ) from problem
    return ", ".join(address.removesuffix("/32").removesuffix("/128") for address in found)


def _save_route(route: Route, is_default: bool) -> None:
    if is_default:
        others = Route.objects.filter(tenant=route.tenant, is_default=True)
        others.exclude(pk=route.pk).update(is_default=False)
    route.is_default = is_default
    save_checked(route)


def _put_steps(actor: Actor, route: Route, steps: Mapping[str, Sequence[int]]) -> None:
    trunks = set(Trunk.objects.visible_to(actor).values_list("pk", flat=True))
    rows = []
    for call_class, trunk_ids in steps.items():
        if call_class not in CallClass.values:
            raise InvalidInput(_("%(name)s is not a call class.") % {"name": call_class})
        if len(set(trunk_ids)) < len(trunk_ids):
            raise InvalidInput(
                _("The same trunk stands twice; name each once."),
                field=call_class,
                code="trunk-twice",
            )
        if unknown := [pk for pk in trunk_ids if pk not in trunks]:
            raise InvalidInput(
                _("There is no such trunk."),
                field=call_class,
                code="trunk-unknown",
                details={"trunk": unknown[0]},
            )
        rows += [
            RouteStep(
                tenant=route.tenant,
                route=route,
                call_class=call_class,
                position=position,
                trunk_id=trunk_id,
            )
            for position, trunk_id in enumerate(trunk_ids, start=1)
        ]
    route.steps.all().delete()
    RouteStep.objects.bulk_create(rows)


def _delete(record: models.Model, *, cure: str) -> None:
    try:
        record.delete()
    except models.ProtectedError as problem:
        raise Conflict(
            _("%(record)s is in use. %(cure)s") % {"record": record, "cure": cure}, code="in-use"
        ) from problem
