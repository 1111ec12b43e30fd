"""A customer who may make extensions of his own, for tests."""

from __future__ import annotations

from typing import Any

from tests.support.world import World
from tronco.circuits.models import Circuit
from tronco.customers.models import Subscription
from tronco.extensions.services import extension_create
from tronco.identity.roles import Role
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant


def allow(world: World, most: int | None, customer: Tenant | None = None, **line: Any) -> Circuit:
    """Let the customer (default: the master's) make so many, on the line that is returned."""
    owner = customer or world.customer
    assert owner.parent is not None
    kind = line.get("plan", "prepaid")
    Subscription.objects.create(
        tenant=owner, plan=world.plan(owner.parent, kind), max_extensions=most
    )
    return world.circuit(tenant=owner, **line)


def boss(world: World, customer: Tenant | None = None) -> Actor:
    """The administrator of the customer."""
    return world.actor(customer or world.customer, Role.CUSTOMER_ADMINISTRATOR)


def extension(world: World, number: str = "201", **fields: Any) -> Circuit:
    """An extension that the customer makes himself."""
    owner = fields.pop("customer", world.customer)
    facts = {"description": f"Sala {number}", **fields}
    return extension_create(
        actor=boss(world, owner), tenant_id=owner.pk, extension=number, **facts
    ).circuit
