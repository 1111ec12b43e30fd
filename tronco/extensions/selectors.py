"""Reads of extensions: the lines of customers as their own people see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tronco.circuits.models import Circuit
from tronco.circuits.selectors import count_open_calls, list_circuits
from tronco.core.errors import NotAllowed
from tronco.customers.models import Subscription
from tronco.customers.selectors import count_extensions
from tronco.dids.models import Did
from tronco.pbx.models import LineService, PortalCaller, QueueMember, Voicemail
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.selectors import find_own_customer


@dataclass(frozen=True, slots=True)
class Room:
    """How many extensions a customer has made himself, and how many he may."""

    made: int
    most: int

    @property
    def is_full(self) -> bool:
        return self.made >= self.most


def list_extensions(*, actor: Actor) -> QuerySet[Any]:
    """Return the extensions in use: every line of a customer that is in the switch."""
    return (
        list_circuits(actor=actor)
        .exclude(status=Circuit.Status.DISABLED)
        .select_related(
            "tenant__parent", "account__plan", "central", "registration", "service", "line", "user"
        )
    )


def get_customer(*, actor: Actor) -> Tenant:
    """As `find_own_customer`; raise NotAllowed outside of a customer's panel."""
    customer = find_own_customer(actor=actor)
    if customer is None:
        raise NotAllowed(_("Extensions are made in the customer's panel."))
    return customer


def get_room(customer: Tenant) -> Room:
    """Return how many extensions the customer may still make."""
    subscription = Subscription.objects.filter(tenant=customer).first()
    most = (subscription and subscription.max_extensions) or 0
    return Room(count_extensions(customer), most)


def find_main_line(customer: Tenant) -> Circuit | None:
    """Return the line on which the customer's own extensions hang: his oldest on his plan."""
    lines = Circuit.objects.filter(
        tenant=customer, line=None, status=Circuit.Status.ACTIVE
    ).select_related("central", "account__plan")
    plan = Subscription.objects.filter(tenant=customer).values("plan")
    return lines.filter(account__plan__in=plan).order_by("pk").first()


def count_what_goes(circuit: Circuit) -> dict[str, int]:
    """How much is lost with an extension, and how many calls of it still run."""
    return {
        "numbers": Did.objects.filter(circuit=circuit).count(),
        "services": LineService.objects.filter(circuit=circuit).count(),
        "messages": Voicemail.objects.filter(circuit=circuit).count(),
        "groups": QueueMember.objects.filter(circuit=circuit).count(),
        "callers": PortalCaller.objects.filter(circuit=circuit).count(),
        "calls": count_open_calls(circuit),
    }
