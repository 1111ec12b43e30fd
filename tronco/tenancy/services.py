"""Writes of the tree. A path is given once: nobody moves, since prices hang on who sells."""

from __future__ import annotations

from typing import TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from tronco.core.errors import Conflict, InvalidInput
from tronco.tenancy.access import Actor
from tronco.tenancy.documents import parse_document
from tronco.tenancy.models import Tenant
from tronco.tenancy.selectors import get_tenant

DEEPEST = 12


class TenantFacts(TypedDict, total=False):
    """What may be said of a tenant besides its name and state."""

    contact: str
    person: str
    document: str
    email: str
    phone: str
    address: str
    city: str
    uf: str
    postal_code: str
    notes: str
    max_calls: int | None
    max_cps: int | None


@transaction.atomic
def master_create(*, actor: Actor, name: str, email: str = "", document: str = "") -> Tenant:
    """Create the one root; for the set-up of an installation."""
    actor.require("tenancy.edit")
    if Tenant.objects.filter(kind=Tenant.Kind.MASTER).exists():
        raise Conflict(_("There is a master already."))
    master = Tenant(kind=Tenant.Kind.MASTER, name=name, email=email, document=document)
    return _insert(master, parent_path="/")


@transaction.atomic
def tenant_create(
    *,
    actor: Actor,
    parent_id: int,
    kind: str,
    name: str,
    status: str = Tenant.Status.ACTIVE,
    **facts: Unpack[TenantFacts],
) -> Tenant:
    """Create a reseller or a customer below a master or reseller within reach."""
    actor.require("tenancy.edit")
    parent = get_tenant(actor=actor, tenant_id=parent_id)
    if kind not in {Tenant.Kind.RESELLER, Tenant.Kind.CUSTOMER}:
        raise InvalidInput(_("Only resellers and customers are created."), field="kind")
    if parent.kind == Tenant.Kind.CUSTOMER:
        raise InvalidInput(_("A customer has nobody below him."), field="parent")
    if parent.status == Tenant.Status.REMOVED:
        raise InvalidInput(_("%(parent)s was removed.") % {"parent": parent}, field="parent")
    if len(parent.ancestor_ids) >= DEEPEST:
        raise InvalidInput(_("The tree is too deep here."), field="parent")
    if status == Tenant.Status.REMOVED:
        raise InvalidInput(_("Nobody is created removed."), field="status")
    tenant = Tenant(parent=parent, kind=kind, name=name, status=status, **facts)
    return _insert(tenant, parent_path=parent.path)


@transaction.atomic
def tenant_change(
    *,
    actor: Actor,
    tenant_id: int,
    name: str,
    status: str,
    **facts: Unpack[TenantFacts],
) -> Tenant:
    """Change what a tenant is called, how it is reached, its state and its limits.

    Facts that are not given stay. Who was removed is restored first (`tenant_restore`).
    """
    actor.require("tenancy.edit")
    tenant = get_tenant(actor=actor, tenant_id=tenant_id, lock=True)
    if tenant.status == Tenant.Status.REMOVED:
        raise Conflict(_("%(tenant)s was removed; restore it first.") % {"tenant": tenant})
    if status == Tenant.Status.REMOVED:
        raise InvalidInput(_("Removing is done by “Delete”."), field="status")
    if status != tenant.status and tenant.path in actor.scopes:
        raise Conflict(_("You cannot change the state of what you belong to."))
    if tenant.kind == Tenant.Kind.MASTER and status != Tenant.Status.ACTIVE:
        raise InvalidInput(_("The master stays active."), field="status")
    tenant.name, tenant.status = name, status
    for fact, value in facts.items():
        setattr(tenant, fact, value)
    _check(tenant)
    tenant.save()
    return tenant


@transaction.atomic
def tenant_register(*, actor: Actor, contact: str, phone: str = "", document: str = "") -> Tenant:
    """Take what a customer says of himself as he finishes his registration; pending becomes active.

    `document` counts where the seller has written none.
    """
    rows = Tenant.objects.select_for_update(no_key=True)
    tenant = rows.get(path__in=actor.scopes, kind=Tenant.Kind.CUSTOMER)
    tenant.contact = contact or tenant.contact
    tenant.phone = phone or tenant.phone
    tenant.document = tenant.document or document
    if tenant.status == Tenant.Status.PENDING:
        tenant.status = Tenant.Status.ACTIVE
    _check(tenant)
    tenant.save()
    return tenant


@transaction.atomic
def tenant_remove(*, actor: Actor, tenant_id: int) -> Tenant:
    """Mark a tenant as removed: its users can no longer enter; records and ledgers are kept.

    Everybody below must have been removed before.
    """
    actor.require("tenancy.delete")
    tenant = get_tenant(actor=actor, tenant_id=tenant_id, lock=True)
    if tenant.kind == Tenant.Kind.MASTER or tenant.path in actor.scopes:
        raise Conflict(_("You cannot remove what you belong to."))
    below = tenant.children.exclude(status=Tenant.Status.REMOVED)
    if count := below.count():
        raise Conflict(
            _("%(count)s below %(tenant)s are not removed yet; remove them first.")
            % {"count": count, "tenant": tenant},
            details={"count": count},
        )
    tenant.status = Tenant.Status.REMOVED
    tenant.save(update_fields=["status"])
    return tenant


@transaction.atomic
def tenant_restore(*, actor: Actor, tenant_id: int) -> Tenant:
    """Bring a removed tenant back, inactive: whoever opens it again says so."""
    actor.require("tenancy.delete")
    tenant = get_tenant(actor=actor, tenant_id=tenant_id, lock=True)
    if tenant.status != Tenant.Status.REMOVED:
        raise Conflict(_("%(tenant)s was not removed.") % {"tenant": tenant})
    if tenant.parent is not None and tenant.parent.status == Tenant.Status.REMOVED:
        raise Conflict(_("%(parent)s was removed.") % {"parent": tenant.parent})
    tenant.status = Tenant.Status.INACTIVE
    tenant.save(update_fields=["status"])
    return tenant


def _insert(tenant: Tenant, *, parent_path: str) -> Tenant:
    """Insert with the path already right: row-level security looks at it, and so does history."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('tenancy_tenant', 'id'))")
        tenant.pk = cursor.fetchone()[0]
    tenant.path = f"{parent_path}{tenant.pk}/"
    _check(tenant)
    tenant.save(force_insert=True)
    return tenant


def _check(tenant: Tenant) -> None:
    tenant.name = tenant.name.strip()
    if tenant.document:
        tenant.document = parse_document(tenant.document)
        company = len(tenant.document) == 14
        if company != (tenant.person == Tenant.Person.COMPANY):
            raise InvalidInput(_("A company has a CNPJ, an individual a CPF."), field="document")
    try:
        tenant.clean_fields(exclude=["parent"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidInput(" ".join(messages), field=field) from error
