"""Everything that changes plans, their allowances, and price lists as such."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack
from zoneinfo import available_timezones

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from tronco.catalog.models import Allowance, CallClass, Plan, Tariff, TariffVersion
from tronco.catalog.selectors import get_allowance, get_plan, get_tariff
from tronco.core.errors import Conflict, InvalidInput, NotFound
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.saving import save_checked


class PlanFields(TypedDict, total=False):
    """What may be said of a plan besides its name; absent: default, or unchanged."""

    monthly_fee_u: int
    rounding: str
    decimals: int
    sell_below_cost: bool
    is_active: bool


@transaction.atomic
def plan_create(
    *,
    actor: Actor,
    tenant_id: int,
    name: str,
    kind: str,
    tariff_id: int,
    **fields: Unpack[PlanFields],
) -> Plan:
    """Make a plan that the tenant sells to those below him, at the prices of his own list."""
    actor.require("catalog.edit")
    tenant = _get_seller(actor, tenant_id)
    plan = Plan(tenant=tenant, name=name, kind=kind)
    plan.tariff = _get_sale_tariff(actor, tariff_id, tenant)
    _fill_plan(plan, fields)
    return plan


@transaction.atomic
def plan_change(
    *,
    actor: Actor,
    plan_id: int,
    name: str | None = None,
    tariff_id: int | None = None,
    **fields: Unpack[PlanFields],
) -> Plan:
    """Change what is given. The kind stays: accounts of the plan were opened under it."""
    actor.require("catalog.edit")
    plan = get_plan(actor=actor, plan_id=plan_id, lock=True)
    if name is not None:
        plan.name = name
    if tariff_id is not None:
        plan.tariff = _get_sale_tariff(actor, tariff_id, plan.tenant)
    _fill_plan(plan, fields)
    return plan


@transaction.atomic
def plan_retire(*, actor: Actor, plan_id: int) -> Plan:
    """Sell the plan no more; whoever has it keeps it."""
    actor.require("catalog.edit")
    plan = get_plan(actor=actor, plan_id=plan_id, lock=True)
    plan.is_active = False
    plan.save(update_fields=["is_active"])
    return plan


@transaction.atomic
def plan_delete(*, actor: Actor, plan_id: int) -> None:
    """Delete a plan that nobody has."""
    actor.require("catalog.delete")
    plan = get_plan(actor=actor, plan_id=plan_id, lock=True)
    try:
        plan.delete()
    except ProtectedError as error:
        raise Conflict(
            _("Plan %(plan)s is in use; retire it instead.") % {"plan": plan}, code="plan-in-use"
        ) from error


@transaction.atomic
def allowance_set(
    *,
    actor: Actor,
    plan_id: int,
    name: str,
    classes: Sequence[str],
    unit: str,
    amount: int,
    position: int = 1,
    allowance_id: int | None = None,
) -> Allowance:
    """Add an allowance to the plan, or change one: `amount` seconds, or µR$, each cycle.

    A changed amount counts from each account's next cycle.
    """
    actor.require("catalog.edit")
    plan = get_plan(actor=actor, plan_id=plan_id, lock=True)
    allowance = Allowance(plan=plan, tenant=plan.tenant)
    if allowance_id is not None:
        allowance = get_allowance(actor=actor, allowance_id=allowance_id)
        if allowance.plan_id != plan.pk:
            raise NotFound(_("There is no such allowance."), details={"allowance": allowance_id})
    if not classes:
        raise InvalidInput(_("Choose at least one call class."), field="classes")
    if amount <= 0:
        raise InvalidInput(_("The amount must be more than zero."), field="amount")
    # In the order of the classes, each once: the same choice is the same row.
    allowance.classes = [value for value in CallClass.values if value in classes]
    if unknown := set(classes) - set(allowance.classes):
        raise InvalidInput(
            _("Not a call class: %(unknown)s.") % {"unknown": ", ".join(sorted(unknown))},
            field="classes",
        )
    allowance.name, allowance.unit = name, unit
    allowance.amount, allowance.position = amount, position
    save_checked(allowance)
    return allowance


@transaction.atomic
def allowance_remove(*, actor: Actor, allowance_id: int) -> None:
    """Take an allowance out of its plan, unless an account has used it."""
    actor.require("catalog.edit")
    allowance = get_allowance(actor=actor, allowance_id=allowance_id)
    try:
        allowance.delete()
    except ProtectedError as error:
        raise Conflict(
            _("Customers have used %(name)s; make another plan without it.")
            % {"name": allowance.name},
            code="allowance-in-use",
        ) from error


@transaction.atomic
def tariff_create(
    *,
    actor: Actor,
    tenant_id: int,
    name: str,
    kind: str = Tariff.Kind.SALE,
    timezone_name: str = "America/Sao_Paulo",
) -> Tariff:
    """Make an empty price list; prices come in its versions."""
    actor.require("catalog.edit")
    tenant = _get_seller(actor, tenant_id)
    if timezone_name not in available_timezones():
        raise InvalidInput(
            _("'%(zone)s' is not a time zone; write it like America/Manaus.")
            % {"zone": timezone_name},
            field="timezone",
        )
    tariff = Tariff(tenant=tenant, name=name, kind=kind, timezone=timezone_name)
    save_checked(tariff)
    return tariff


@transaction.atomic
def tariff_rename(*, actor: Actor, tariff_id: int, name: str) -> Tariff:
    """Rename a price list. Its kind and time zone stay, for calls were priced by them."""
    actor.require("catalog.edit")
    tariff = get_tariff(actor=actor, tariff_id=tariff_id, lock=True)
    tariff.name = name
    save_checked(tariff)
    return tariff


@transaction.atomic
def tariff_delete(*, actor: Actor, tariff_id: int) -> None:
    """Delete a price list of which nothing was ever published and that nothing uses."""
    actor.require("catalog.delete")
    tariff = get_tariff(actor=actor, tariff_id=tariff_id, lock=True)
    if tariff.versions.exclude(status=TariffVersion.Status.DRAFT).exists():
        raise Conflict(
            _("Prices of %(tariff)s were published; calls may refer to them.") % {"tariff": tariff},
            code="tariff-published",
        )
    try:
        tariff.delete()
    except ProtectedError as error:
        raise Conflict(
            _("%(tariff)s is in use by a plan or a carrier; take it out there first.")
            % {"tariff": tariff},
            code="tariff-in-use",
        ) from error


def _fill_plan(plan: Plan, fields: PlanFields) -> None:
    for name, value in fields.items():
        setattr(plan, name, value)
    if plan.monthly_fee_u < 0:
        raise InvalidInput(_("The monthly fee cannot be negative."), field="monthly_fee_u")
    save_checked(plan)


def _get_seller(actor: Actor, tenant_id: int) -> Tenant:
    tenant = Tenant.objects.visible_to(actor).filter(pk=tenant_id).first()
    if tenant is None:
        raise NotFound(_("There is no such customer."), details={"tenant": tenant_id})
    if tenant.kind == Tenant.Kind.CUSTOMER:
        raise InvalidInput(
            _("%(tenant)s buys and does not sell; choose the master or a reseller.")
            % {"tenant": tenant},
            field="tenant",
        )
    return tenant


def _get_sale_tariff(actor: Actor, tariff_id: int, seller: Tenant) -> Tariff:
    tariff = get_tariff(actor=actor, tariff_id=tariff_id)
    if tariff.tenant_id != seller.pk:
        raise InvalidInput(
            _("%(tariff)s belongs to %(owner)s; a plan sells by a price list of its own seller.")
            % {"tariff": tariff, "owner": tariff.tenant},
            field="tariff",
        )
    if tariff.kind != Tariff.Kind.SALE:
        raise InvalidInput(
            _("%(tariff)s is a list of costs; choose one of sale prices.") % {"tariff": tariff},
            field="tariff",
        )
    return tariff
