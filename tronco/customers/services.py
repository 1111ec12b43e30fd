"""Everything that happens to a customer as a whole; the tree's own rules are in `tenancy`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Unpack

from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils.translation import gettext as _

from tronco.catalog.models import Plan
from tronco.circuits.models import Circuit
from tronco.circuits.services import circuit_change_plan, circuit_disable, get_sold_plan
from tronco.core.errors import Conflict, InvalidInput
from tronco.customers.models import Subscription
from tronco.customers.selectors import count_open_calls, find_access
from tronco.dids.models import Did
from tronco.dids.states import did_give_back
from tronco.identity.links import invitation_send
from tronco.identity.models import User, UserSession
from tronco.identity.roles import Role
from tronco.identity.services import links_end, user_create, user_set_password
from tronco.mail.services import suspension_tell
from tronco.tenancy.access import Actor, bound_scope
from tronco.tenancy.models import Tenant
from tronco.tenancy.saving import save_checked
from tronco.tenancy.selectors import get_tenant
from tronco.tenancy.services import TenantFacts, tenant_change, tenant_create, tenant_remove

DUE_DAY = 10


def customer_create(
    *,
    actor: Actor,
    parent_id: int,
    name: str,
    status: str = Tenant.Status.PENDING,
    plan_id: int | None = None,
    due_day: int = DUE_DAY,
    max_extensions: int | None = None,
    invite: bool = True,
    **facts: Unpack[TenantFacts],
) -> Tenant:
    """Make a customer with his service code; with an e-mail he is invited to finish it himself.

    Whoever sees only the customers of his profile gets this one into it (S3-05).
    """
    with whole_reach(actor) as reach, transaction.atomic():
        customer = tenant_create(
            actor=reach,
            parent_id=parent_id,
            kind=Tenant.Kind.CUSTOMER,
            name=name,
            status=status,
            **facts,
        )
        save_checked(
            Subscription(
                tenant=customer,
                plan=_find_plan(customer, plan_id),
                due_day=due_day,
                max_extensions=max_extensions,
            )
        )
        if reach is not actor:
            User.objects.get(pk=actor.user_id).customers.add(customer)
        if invite and customer.email:
            customer_invite(actor=reach, tenant_id=customer.pk)
        return customer


@transaction.atomic
def customer_change(
    *,
    actor: Actor,
    tenant_id: int,
    name: str,
    status: str,
    plan_id: int | None = None,
    due_day: int = DUE_DAY,
    max_extensions: int | None = None,
    password: str = "",
    **facts: Unpack[TenantFacts],
) -> Tenant:
    """Change a customer; another plan takes along the lines that were on the former one."""
    former = get_tenant(actor=actor, tenant_id=tenant_id, lock=True)
    customer = tenant_change(actor=actor, tenant_id=tenant_id, name=name, status=status, **facts)
    subscription = Subscription.objects.filter(tenant=customer).first()
    subscription = subscription or Subscription(tenant=customer)
    if plan_id != subscription.plan_id:
        plan = _find_plan(customer, plan_id)
        if plan is not None and subscription.plan_id is not None:
            _swap_plan(actor, customer, subscription.plan_id, plan)
        subscription.plan = plan
    subscription.due_day, subscription.max_extensions = due_day, max_extensions
    save_checked(subscription, exclude=("plan",))  # it may be out of the actor's reach
    access = find_access(customer)
    if access is not None and access.email == former.email != customer.email:
        _follow_email(actor, access, customer.email)
    if password:
        if access is None:
            raise InvalidInput(
                _("The customer has no access yet: send the invitation."), field="password"
            )
        user_set_password(actor=actor, user_id=access.pk, password=password)
    if customer.status == Tenant.Status.INACTIVE != former.status:
        suspension_tell(tenant=customer)
    return customer


@transaction.atomic
def customer_invite(*, actor: Actor, tenant_id: int) -> User:
    """Send, or send again, the link by which a customer finishes his registration.

    Who may make a customer may invite him; once he has chosen a password, it is his own affair.
    """
    actor.require("tenancy.edit")
    customer = get_tenant(actor=actor, tenant_id=tenant_id, lock=True)
    if customer.kind != Tenant.Kind.CUSTOMER:
        raise InvalidInput(_("Only customers are invited."), code="not-a-customer")
    inviter = replace(actor, may=actor.may | {"identity.edit"})
    access = find_access(customer)
    if access is None:
        if not customer.email:
            raise InvalidInput(_("Write the customer's e-mail first."), field="email")
        access = user_create(
            actor=inviter,
            username=_free_username(customer),
            name=customer.contact or customer.name,
            tenant_id=customer.pk,
            role=Role.CUSTOMER_ADMINISTRATOR,
            email=customer.email,
        )
    invitation_send(actor=inviter, user_id=access.pk)
    return access


def customer_remove(*, actor: Actor, tenant_id: int) -> Tenant:
    """Close a customer: lines disabled, numbers back into the stock, sessions ended.

    What the law keeps stays: call records, ledger, who held which number, history.
    """
    actor.require("tenancy.delete")
    customer = get_tenant(actor=actor, tenant_id=tenant_id)
    if count := count_open_calls(customer):
        raise Conflict(
            _("%(customer)s has %(count)s calls running; wait for their end, or hang up.")
            % {"customer": customer, "count": count},
            code="calls-running",
            details={"count": count},
        )
    with whole_reach(actor) as reach, transaction.atomic():
        for circuit in Circuit.objects.filter(tenant=customer).exclude(status="disabled"):
            circuit_disable(actor=reach, circuit_id=circuit.pk)
        for did in Did.objects.filter(tenant=customer, state=Did.State.IN_USE):
            did_give_back(actor=reach, did_id=did.pk)
        sessions = UserSession.objects.filter(user__tenant=customer)
        Session.objects.filter(pk__in=list(sessions.values_list("session", flat=True))).delete()
        return tenant_remove(actor=actor, tenant_id=customer.pk)


@contextmanager
def whole_reach(actor: Actor) -> Iterator[Actor]:
    """Give somebody who sees only some customers his whole tenant, for what is done inside.

    Making a customer, and giving numbers back, write above the customers of his profile.
    """
    user = find_limited(actor)
    if user is None:
        yield actor
        return
    with bound_scope((user.tenant.path,)):
        yield replace(actor, scopes=(user.tenant.path,))


def find_limited(actor: Actor) -> User | None:
    """Return the actor's user if he sees only the customers of his profile."""
    user: User | None = User.objects.filter(pk=actor.user_id).select_related("tenant").first()
    return user if user is not None and user.customers.exists() else None


def _find_plan(customer: Tenant, plan_id: int | None) -> Plan | None:
    return None if plan_id is None else get_sold_plan(customer, plan_id)


def _swap_plan(actor: Actor, customer: Tenant, former_id: int, plan: Plan) -> None:
    """Move the lines along that are charged by the former plan."""
    lines = Circuit.objects.filter(tenant=customer, account__plan_id=former_id)
    for circuit in lines.select_related("account__plan"):
        account = circuit.account
        if account.plan.kind != plan.kind:
            raise InvalidInput(
                _(
                    "Line %(line)s is %(kind)s, which “%(plan)s” is not: limits differ."
                    " Change the plan of the lines on their own screens first."
                )
                % {"line": circuit, "kind": account.plan.get_kind_display(), "plan": plan},
                field="plan",
                code="plan-kind",
            )
        circuit_change_plan(
            actor=actor,
            circuit_id=circuit.pk,
            plan_id=plan.pk,
            limit_u=account.limit_u,
            cycle_day=account.cycle_day,
        )


def _follow_email(actor: Actor, access: User, email: str) -> None:
    """Let the access' e-mail follow the customer's: links go there, so whoever has a password
    keeps his own unless the actor may change users."""
    if access.has_usable_password() and not actor.can("identity.edit"):
        return
    links_end(access)
    access.email = email
    access.save(update_fields=["email"])


def _free_username(customer: Tenant) -> str:
    taken = User.objects.filter(username__iexact=customer.email).exists()
    is_short = len(customer.email) <= User._meta.get_field("username").max_length  # type: ignore[operator]
    return customer.email if is_short and not taken else f"cliente{customer.pk}"
