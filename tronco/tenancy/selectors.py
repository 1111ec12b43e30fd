"""Reads of the tree."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Count, Q, QuerySet

from tronco.core.errors import NotFound
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant


@dataclass
class Branch:
    """A tenant that sells, and those that sell below it."""

    tenant: Tenant
    customers: int
    children: list[Branch] = field(default_factory=list)


def list_customers(*, actor: Actor) -> QuerySet[Tenant]:
    """Customers within reach."""
    return Tenant.objects.visible_to(actor).filter(kind=Tenant.Kind.CUSTOMER)


def list_resellers(*, actor: Actor) -> QuerySet[Tenant]:
    """Resellers within reach, with how many stand directly below each."""
    below = Q(children__status__in=["active", "inactive", "pending"])
    return (
        Tenant.objects.visible_to(actor)
        .filter(kind=Tenant.Kind.RESELLER)
        .annotate(
            customer_count=Count("children", filter=below & Q(children__kind="customer")),
            reseller_count=Count("children", filter=below & Q(children__kind="reseller")),
        )
    )


def list_sellers(*, actor: Actor) -> QuerySet[Tenant]:
    """Those within reach below whom a tenant may be created."""
    sellers = (Tenant.Kind.MASTER, Tenant.Kind.RESELLER)
    return (
        Tenant.objects.visible_to(actor)
        .filter(kind__in=sellers)
        .exclude(status=Tenant.Status.REMOVED)
        .order_by("path")
    )


def list_tree(*, actor: Actor) -> list[Branch]:
    """Return the sellers within reach as trees, each level by name."""
    counted = list_sellers(actor=actor).annotate(
        customer_count=Count(
            "children",
            filter=Q(children__kind="customer") & ~Q(children__status=Tenant.Status.REMOVED),
        )
    )
    branches = {t.path: Branch(t, t.customer_count) for t in counted.order_by("name")}
    roots: list[Branch] = []
    for path, branch in branches.items():
        above = path.rstrip("/").rpartition("/")[0] + "/"
        parent = branches.get(above)
        (parent.children if parent else roots).append(branch)
    return roots


def find_own_customer(*, actor: Actor) -> Tenant | None:
    """Return the customer in whose panel somebody stands; None for who stands above customers.

    Somebody of a seller to whom one customer was given reaches the same, and may less there.
    """
    if len(actor.scopes) != 1:
        return None
    return Tenant.objects.filter(path=actor.scopes[0], kind=Tenant.Kind.CUSTOMER).first()


def get_tenant(*, actor: Actor, tenant_id: int, lock: bool = False) -> Tenant:
    """Return a tenant within reach, or raise NotFound."""
    rows = Tenant.objects.visible_to(actor)
    if lock:
        # Whatever only refers to it need not wait.
        rows = rows.select_for_update(no_key=True)
    try:
        return rows.get(pk=tenant_id)
    except Tenant.DoesNotExist as error:
        raise NotFound(f"no tenant {tenant_id}") from error
