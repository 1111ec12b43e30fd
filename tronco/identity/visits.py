"""*Painel do usuário*: somebody of a seller looks at a customer's panel as the customer sees it.

He stays himself: his session and his name are his own. Only his reach shrinks to the customer, and
his permissions to what both he and the customer's administrator have. Users are out of it: nobody
gets at another's password by this door.
"""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tronco.core.errors import Conflict, InvalidInput
from tronco.identity.models import Visit
from tronco.identity.roles import PANEL_ONLY, Role, permissions_for
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.selectors import get_tenant

PERMISSION = "tenancy.operate"
KEPT_OUT = frozenset({"identity.edit", "identity.delete"})
LONGEST_NAME = 120
# Of a part of the system; a visit of nobody's is nobody's to end.
NO_USER = 0


@transaction.atomic
def visit_begin(*, actor: Actor, tenant_id: int) -> Visit:
    """Enter the panel of a customer. From within a panel nobody enters another."""
    actor.require(PERMISSION)
    tenant = get_tenant(actor=actor, tenant_id=tenant_id)
    if tenant.kind != Tenant.Kind.CUSTOMER:
        raise InvalidInput(_("Only customers have a panel."), code="not-a-customer")
    if tenant.status == Tenant.Status.REMOVED:
        raise Conflict(_("%(tenant)s was removed.") % {"tenant": tenant}, code="tenant-removed")
    visit: Visit = Visit.objects.create(
        tenant=tenant, user_id=actor.user_id, visitor=actor.name[:LONGEST_NAME]
    )
    return visit


@transaction.atomic
def visit_end(*, actor: Actor, visit_id: int) -> None:
    """Leave the panel; who comes back after its time was over left when it was."""
    mine = Visit.objects.filter(pk=visit_id, user_id=actor.user_id or NO_USER, ended_at=None)
    if visit := mine.first():
        visit.ended_at = min(timezone.now(), visit.until)
        visit.save(update_fields=["ended_at"])


def find_visit(*, actor: Actor, visit_id: int) -> Visit | None:
    """Return the visit while it lasts, and the visitor may still make it."""
    if not actor.can(PERMISSION):
        return None
    visit: Visit | None = (
        Visit.objects.visible_to(actor)
        .select_related("tenant")
        .filter(pk=visit_id, user_id=actor.user_id or NO_USER, ended_at=None)
        .filter(began_at__gt=timezone.now() - Visit.lasts())
        .exclude(tenant__status=Tenant.Status.REMOVED)
        .first()
    )
    return visit


def visitor(actor: Actor, visit: Visit) -> Actor:
    """Return the visitor as he is inside: both names, the customer's reach, what both may."""
    inside = permissions_for(Role.CUSTOMER_ADMINISTRATOR, visit.tenant.kind) - KEPT_OUT
    name = _("%(visitor)s (panel of %(customer)s)") % {
        "visitor": actor.name,
        "customer": visit.tenant,
    }
    return replace(
        actor,
        name=name[:LONGEST_NAME],
        scopes=(visit.tenant.path,),
        may=frozenset(one for one in inside if actor.can(PANEL_ONLY.get(one, one))),
    )
