"""Reads of customers: the list as its screen shows it, and what hangs on one of them."""

from __future__ import annotations

from django.db.models import OuterRef, QuerySet, Subquery

from tronco.charging.models import Authorization
from tronco.circuits.models import Circuit
from tronco.dids.models import Did
from tronco.identity.models import User
from tronco.identity.roles import Role
from tronco.tenancy import selectors as tenancy
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant


def list_customers(*, actor: Actor) -> QuerySet[Tenant]:
    """Customers within reach: also `permission`, the role of each one's own access."""
    access = User.objects.filter(tenant=OuterRef("pk")).order_by("pk")
    return (
        tenancy.list_customers(actor=actor)
        .select_related("parent", "subscription__plan")
        .annotate(permission=Subquery(access.values("role")[:1]))
    )


def find_access(customer: Tenant) -> User | None:
    """Return the customer's own access: the first of his administrators, if he has one."""
    access: User | None = (
        User.objects.filter(tenant=customer, role=Role.CUSTOMER_ADMINISTRATOR)
        .order_by("pk")
        .first()
    )
    return access


def count_extensions(customer: Tenant) -> int:
    """How many extensions the customer has made himself."""
    made = Circuit.objects.filter(tenant=customer, line__isnull=False)
    return made.exclude(status=Circuit.Status.DISABLED).count()


def count_open_calls(customer: Tenant) -> int:
    """How many calls of the customer run now."""
    return Authorization.objects.filter(
        tenant_id=customer.pk, state=Authorization.State.OPEN
    ).count()


def count_what_goes(customer: Tenant) -> dict[str, int]:
    """How many lines, numbers and users a removal takes from the customer."""
    lines = Circuit.objects.filter(tenant=customer)
    users = User.objects.filter(tenant=customer, is_active=True)
    return {
        "lines": lines.exclude(status=Circuit.Status.DISABLED).count(),
        "numbers": Did.objects.filter(tenant=customer, state=Did.State.IN_USE).count(),
        "users": users.count(),
    }
