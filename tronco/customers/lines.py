"""Lines and numbers that come with a customer's import: made if they are not there."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from tronco.centrals.selectors import list_usable_centrals
from tronco.circuits.models import Circuit
from tronco.circuits.services import circuit_create
from tronco.core.errors import Conflict, InvalidInput, NotFound
from tronco.dids.models import Did
from tronco.dids.selectors import get_did_by_number
from tronco.dids.services import did_create, did_ring
from tronco.dids.states import did_assign
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant


@transaction.atomic
def line_add(
    *,
    actor: Actor,
    customer: Tenant,
    circuit: str,
    password: str = "",
    opening_u: int = 0,
    limit_u: int | None = None,
) -> Circuit:
    """Make a line of a customer, on his plan; one that he has already is returned as it is."""
    found = Circuit.objects.visible_to(actor).filter(number=circuit).first()
    if found is not None:
        if found.tenant_id != customer.pk:
            raise Conflict(
                _("Line %(line)s belongs to %(owner)s.") % {"line": found, "owner": found.tenant}
            )
        return found
    plan = getattr(getattr(customer, "subscription", None), "plan", None)
    if plan is None:
        raise InvalidInput(_("A line needs the customer's plan."), field="plan")
    central = list_usable_centrals().first()
    if central is None:
        raise InvalidInput(_("There is no active central."), field="circuit")
    return circuit_create(
        actor=actor,
        tenant_id=customer.pk,
        plan_id=plan.pk,
        central_id=central.pk,
        number=circuit,
        password=password,
        opening_u=opening_u,
        limit_u=limit_u,
    ).circuit


@transaction.atomic
def number_add(
    *, actor: Actor, customer: Tenant, number: str, circuit: Circuit | None = None
) -> Did:
    """Give a customer a number, to ring his line: out of the stock, or else a new one."""
    circuit_id = circuit.pk if circuit else None
    try:
        did = get_did_by_number(actor=actor, number=number)
    except NotFound:
        made = did_create(actor=actor, tenant_id=customer.pk, raw=number, circuit_id=circuit_id)
        return made.did
    if did.tenant_id != customer.pk:
        return did_assign(actor=actor, did_id=did.pk, tenant_id=customer.pk, circuit_id=circuit_id)
    return did if circuit is None else did_ring(actor=actor, did_id=did.pk, circuit_id=circuit_id)
