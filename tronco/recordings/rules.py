"""Everything that changes whose calls are recorded: what the seller allows, the customer wants.

Only the customer's own administrator decides whom to record, and hears it: his seller carries the
calls, and their secrecy is the talkers' (docs/recordings.md).
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from tronco.circuits.models import Circuit
from tronco.core.errors import Conflict, InvalidInput
from tronco.dids.models import Did
from tronco.pbx.destinations import find_owned
from tronco.pbx.models import Queue
from tronco.recordings.models import Policy, Rule
from tronco.recordings.selectors import find_policy, get_rule, get_space
from tronco.tenancy.access import SYSTEM, Actor, acting
from tronco.tenancy.models import Tenant
from tronco.tenancy.saving import save_checked
from tronco.tenancy.selectors import find_own_customer, get_tenant


@transaction.atomic
def allowance_set(
    *, actor: Actor, tenant_id: int, is_allowed: bool, keep_days: int, max_mb: int | None
) -> Policy:
    """Say whether a customer may record, for how long it is kept, and how much of it."""
    actor.require("tenancy.edit")
    tenant = get_tenant(actor=actor, tenant_id=tenant_id, lock=True)
    if tenant.kind != Tenant.Kind.CUSTOMER:
        raise InvalidInput(_("Only customers record calls."), code="not-a-customer")
    policy = find_policy(tenant=tenant)
    policy.is_allowed, policy.keep_days, policy.max_mb = is_allowed, keep_days, max_mb
    policy.is_full = get_space(policy=policy).is_full
    save_checked(policy)
    return policy


@transaction.atomic
def manner_set(*, actor: Actor, announces: bool, own_listen: bool) -> Policy:
    """Say how one's own calls are recorded, and who beside the administrator hears them."""
    policy = find_policy(tenant=_get_recorder(actor))
    policy.announces, policy.own_listen = announces, own_listen
    save_checked(policy)
    return policy


@transaction.atomic
def rule_create(
    *,
    actor: Actor,
    circuit_id: int | None = None,
    queue_id: int | None = None,
    did_id: int | None = None,
    direction: str = Rule.Direction.BOTH,
) -> Rule:
    """Record the calls of a line, of a group, or those that arrive at a number."""
    tenant = _get_recorder(actor)
    rule = Rule(tenant=tenant, direction=direction)
    named = {"circuit": circuit_id, "queue": queue_id, "did": did_id}
    models = {"circuit": Circuit, "queue": Queue, "did": Did}
    chosen = [name for name, pk in named.items() if pk is not None]
    if len(chosen) != 1:
        raise InvalidInput(_("Choose a line, a group or a number."), field="target")
    [name] = chosen
    setattr(rule, name, find_owned(models[name], owner=tenant, pk=named[name], field=name))
    if name != "circuit":
        rule.direction = Rule.Direction.BOTH
    save_checked(rule)
    return rule


@transaction.atomic
def rule_change(*, actor: Actor, rule_id: int, direction: str) -> Rule:
    """Record other calls of the same line."""
    _get_recorder(actor)
    rule = get_rule(actor=actor, rule_id=rule_id, lock=True)
    if rule.circuit_id is not None:
        rule.direction = direction
    save_checked(rule)
    return rule


@transaction.atomic
def rule_delete(*, actor: Actor, rule_id: int) -> None:
    """Record these calls no more; what was recorded stays."""
    actor.require("recordings.edit")
    get_rule(actor=actor, rule_id=rule_id, lock=True).delete()


def rules_forget() -> int:
    """Delete the rules of numbers that others hold by now; return how many."""
    lost = Rule.objects.filter(did__isnull=False).exclude(did__tenant=F("tenant"))
    # A deletion is told to call control, even of nothing.
    if not lost.exists():
        return 0
    with transaction.atomic(), acting(SYSTEM, why=_("The number has another holder")):
        return lost.delete()[0]


def _get_recorder(actor: Actor) -> Tenant:
    """Return the customer whose calls the actor may have recorded, locked, or raise why not."""
    actor.require("recordings.edit")
    tenant = find_own_customer(actor=actor)
    if tenant is not None:
        tenant = get_tenant(actor=actor, tenant_id=tenant.pk, lock=True)
    if tenant is None or not find_policy(tenant=tenant).is_allowed:
        raise Conflict(
            _("Recording calls is not part of your contract; ask your operator for it."),
            code="recording-not-allowed",
        )
    return tenant
