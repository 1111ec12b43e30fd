"""Everything that changes a circuit. Its money is changed by `charging.services` alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict, Unpack

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tronco.catalog.models import CallClass, Plan
from tronco.centrals.codecs import read_codecs
from tronco.centrals.models import Central
from tronco.charging import services as charging
from tronco.circuits.digest import digests_of
from tronco.circuits.models import Circuit, LatencySample
from tronco.circuits.selectors import count_open_calls, get_circuit, is_on_record
from tronco.core.errors import Conflict, InvalidInput, NotFound
from tronco.core.ids import new_password
from tronco.identity.models import User
from tronco.mail.models import Email
from tronco.mail.selectors import find_notices
from tronco.mail.services import notice_queue
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.saving import save_checked

_PASSWORD = re.compile(r"[\x21-\x7e]{8,64}")


class CircuitFields(TypedDict, total=False):
    """What may be said of a circuit beyond what it needs; absent means default, or unchanged."""

    description: str
    own_ddd: int
    allowed_classes: list[str]
    max_calls: int | None
    max_cps: int | None
    max_contacts: int
    codecs: str
    user: User | None


@dataclass(frozen=True, slots=True)
class NewCircuit:
    """A circuit just made, and its password: told now and never again."""

    circuit: Circuit
    password: str


@transaction.atomic
def circuit_create(
    *,
    actor: Actor,
    tenant_id: int,
    plan_id: int,
    central_id: int,
    number: str,
    limit_u: int | None = 0,
    cycle_day: int = 1,
    opening_u: int = 0,
    password: str = "",
    **fields: Unpack[CircuitFields],
) -> NewCircuit:
    """Make a circuit with an account of its own; `opening_u` is credit to begin with.

    A password is given by who moves a phone here that cannot be reached; else a strong one is made.
    """
    actor.require("circuits.edit")
    customer = _get_customer(actor, tenant_id)
    plan = get_sold_plan(customer, plan_id)
    account = charging.account_open(
        actor=actor,
        tenant=customer,
        plan=plan,
        limit_u=_limit_of(plan, limit_u),
        cycle_day=cycle_day,
        opening_u=opening_u,
    )
    password = _checked_password(password)
    digests = digests_of(number, password, realm=settings.TRONCO_SIP_REALM)
    circuit = Circuit(
        tenant=customer,
        account=account,
        central=_get_central(central_id),
        number=number,
        **digests._asdict(),
        **fields,
    )
    _check_user(circuit)
    circuit.codecs = read_codecs(circuit.codecs)
    save_checked(circuit)
    return NewCircuit(circuit, password)


@transaction.atomic
def circuit_extend(
    *, actor: Actor, line_id: int, number: str, **fields: Unpack[CircuitFields]
) -> NewCircuit:
    """Make an extension of a line: it spends the line's account, and may no more than the line."""
    actor.require("circuits.edit")
    line = get_circuit(actor=actor, circuit_id=line_id, lock=True)
    password = _checked_password("")
    own: CircuitFields = {
        "own_ddd": line.own_ddd,
        "allowed_classes": line.allowed_classes,
        "max_calls": line.max_calls,
        "max_cps": line.max_cps,
        "max_contacts": line.max_contacts,
        "codecs": line.codecs,
    }
    circuit = Circuit(
        tenant=line.tenant,
        account=line.account,
        line=line,
        central=line.central,
        number=number,
        **digests_of(number, password, realm=settings.TRONCO_SIP_REALM)._asdict(),
        **{**own, **fields},
    )
    _check_user(circuit)
    _check_within_line(circuit)
    save_checked(circuit)
    return NewCircuit(circuit, password)


@transaction.atomic
def circuit_change(
    *,
    actor: Actor,
    circuit_id: int,
    central_id: int | None = None,
    **fields: Unpack[CircuitFields],
) -> Circuit:
    """Change what the fields say; password and plan are changed by services of their own.

    What a line may no more, its extensions may no more either.
    """
    actor.require("circuits.edit")
    circuit = get_circuit(actor=actor, circuit_id=circuit_id, lock=True)
    if central_id is not None:
        circuit.central = _get_central(central_id)
    for name, value in fields.items():
        setattr(circuit, name, value)
    _check_user(circuit)
    _check_within_line(circuit)
    circuit.codecs = read_codecs(circuit.codecs)
    save_checked(circuit)
    for extension in circuit.extensions.select_for_update(of=("self",)):
        _narrow(extension, circuit)
    return circuit


@transaction.atomic
def circuit_change_plan(
    *, actor: Actor, circuit_id: int, plan_id: int, limit_u: int | None, cycle_day: int
) -> Circuit:
    """Put the circuit on a plan its customer's seller offers; calls already running keep theirs."""
    actor.require("circuits.edit")
    circuit = get_circuit(actor=actor, circuit_id=circuit_id, lock=True)
    plan = circuit.account.plan
    if plan_id != plan.pk:
        plan = get_sold_plan(circuit.tenant, plan_id)
    charging.account_change(
        actor=actor,
        account_id=circuit.account_id,
        plan=plan,
        limit_u=_limit_of(plan, limit_u),
        cycle_day=cycle_day,
    )
    circuit.refresh_from_db()
    return circuit


def circuit_suspend(*, actor: Actor, circuit_id: int) -> Circuit:
    """Stop its calls but those of emergency; it stays registered."""
    return _set_status(actor, circuit_id, Circuit.Status.SUSPENDED)


def circuit_resume(*, actor: Actor, circuit_id: int) -> Circuit:
    """Let a suspended or disabled circuit call again."""
    return _set_status(actor, circuit_id, Circuit.Status.ACTIVE)


@transaction.atomic
def circuit_pause(*, actor: Actor, circuit_id: int) -> Circuit:
    """As suspended, by whoever uses it; he may end it himself."""
    actor.require("circuits.operate")
    circuit = get_circuit(actor=actor, circuit_id=circuit_id, lock=True)
    if circuit.status == Circuit.Status.ACTIVE:
        circuit.status, circuit.is_paused = Circuit.Status.SUSPENDED, True
        circuit.save(update_fields=["status", "is_paused"])
    return circuit


@transaction.atomic
def circuit_unpause(*, actor: Actor, circuit_id: int) -> Circuit:
    """End what `circuit_pause` began, and no suspension of the seller's."""
    actor.require("circuits.operate")
    circuit = get_circuit(actor=actor, circuit_id=circuit_id, lock=True)
    if circuit.status != Circuit.Status.ACTIVE and not circuit.is_paused:
        raise Conflict(
            _("%(seller)s has suspended %(circuit)s, and lets it call again.")
            % {"seller": circuit.tenant.parent, "circuit": circuit},
            code="suspended-by-seller",
        )
    circuit.status, circuit.is_paused = Circuit.Status.ACTIVE, False
    circuit.save(update_fields=["status", "is_paused"])
    return circuit


def circuit_disable(*, actor: Actor, circuit_id: int) -> Circuit:
    """Keep it out of the switch altogether; what it did stays on record."""
    return _set_status(actor, circuit_id, Circuit.Status.DISABLED)


@transaction.atomic
def circuit_new_password(*, actor: Actor, circuit_id: int, password: str = "") -> NewCircuit:
    """Replace the password (a strong one is made, unless given); the old one stops working."""
    actor.require("circuits.edit")
    circuit = get_circuit(actor=actor, circuit_id=circuit_id, lock=True)
    password = _checked_password(password)
    digests = digests_of(circuit.number, password, realm=settings.TRONCO_SIP_REALM)
    circuit.ha1_md5, circuit.ha1_sha256 = digests
    circuit.save(update_fields=["ha1_md5", "ha1_sha256"])
    return NewCircuit(circuit, password)


@transaction.atomic
def circuit_delete(*, actor: Actor, circuit_id: int) -> None:
    """Delete a circuit that never moved money nor made a call; the others are disabled instead."""
    actor.require("circuits.delete")
    circuit = get_circuit(actor=actor, circuit_id=circuit_id, lock=True)
    refuse_while_calling(circuit)
    if is_on_record(circuit):
        raise Conflict(
            _("Circuit %(circuit)s has postings or calls on record; disable it instead.")
            % {"circuit": circuit.number},
            code="circuit-in-use",
            details={"circuit": circuit.number},
        )
    account_id, is_extension = circuit.account_id, circuit.line_id is not None
    circuit.delete()
    if not is_extension:
        charging.account_delete(actor=actor, account_id=account_id)


def latency_forget(*, before: datetime) -> int:
    """Delete the latency samples older than `before`; return how many."""
    return LatencySample.objects.filter(at__lt=before).delete()[0]


def refuse_while_calling(circuit: Circuit) -> None:
    """Raise Conflict while a call of the circuit runs."""
    if count := count_open_calls(circuit):
        raise Conflict(
            _("%(count)s calls of %(circuit)s are running; wait for their end.")
            % {"count": count, "circuit": circuit},
            code="calls-running",
            details={"count": count},
        )


def get_sold_plan(customer: Tenant, plan_id: int) -> Plan:
    """Return an active plan of the customer's own seller."""
    plan = Plan.objects.filter(pk=plan_id, tenant=customer.parent_id, is_active=True).first()
    if plan is None:
        raise InvalidInput(
            _("Choose an active plan of %(seller)s, who sells to %(customer)s.")
            % {"seller": customer.parent, "customer": customer},
            field="plan",
            code="plan-not-sold",
        )
    return plan


def _check_within_line(circuit: Circuit) -> None:
    """An extension may no more than its line."""
    line = circuit.line
    if line is None:
        return
    wider = set(circuit.allowed_classes) - set(line.allowed_classes)
    if wider:
        names = ", ".join(str(CallClass(one).label) for one in sorted(wider))
        raise InvalidInput(
            _("Line %(line)s may not call: %(classes)s.") % {"line": line, "classes": names},
            field="allowed_classes",
            code="wider-than-line",
        )
    most = line.max_calls
    if most is not None and (circuit.max_calls is None or circuit.max_calls > most):
        raise InvalidInput(
            _("At most %(most)s, as line %(line)s.") % {"most": most, "line": line},
            field="max_calls",
            code="wider-than-line",
        )


def _narrow(extension: Circuit, line: Circuit) -> None:
    """Take from an extension what its line no longer has."""
    extension.allowed_classes = [
        one for one in extension.allowed_classes if one in line.allowed_classes
    ]
    if line.max_calls is not None:
        own = line.max_calls if extension.max_calls is None else extension.max_calls
        extension.max_calls = min(own, line.max_calls)
    extension.save(update_fields=["allowed_classes", "max_calls"])


def _limit_of(plan: Plan, limit_u: int | None) -> int | None:
    """Return the account's limit; what it means, and whether it is needed, is the plan's kind."""
    if plan.kind == Plan.Kind.PREPAID:
        if limit_u:
            raise InvalidInput(
                _("A prepaid circuit has no limit: leave it empty."),
                field="limit_u",
                code="limit-on-prepaid",
            )
        return 0
    if plan.kind == Plan.Kind.CONTROL and not limit_u:
        raise InvalidInput(
            _("A control plan needs a limit: how much may be used each month."),
            field="limit_u",
            code="limit-missing",
        )
    return limit_u


def _checked_password(given: str) -> str:
    if not given:
        return new_password()
    if not _PASSWORD.fullmatch(given):
        raise InvalidInput(
            _("Use 8 to 64 letters, digits and signs, without spaces."),
            field="password",
            code="invalid-password",
        )
    return given


@transaction.atomic
def _set_status(actor: Actor, circuit_id: int, status: str) -> Circuit:
    actor.require("circuits.edit")
    circuit = get_circuit(actor=actor, circuit_id=circuit_id, lock=True)
    if circuit.status != status or circuit.is_paused:
        circuit.status, circuit.is_paused = status, False
        circuit.save(update_fields=["status", "is_paused"])
        if status == Circuit.Status.SUSPENDED:
            _tell_suspended(circuit)
    return circuit


def _tell_suspended(circuit: Circuit) -> None:
    """To the customer, unless he does not want to know."""
    if find_notices(circuit.tenant).suspension:
        at = timezone.localtime()
        facts = {"line": circuit.number, "at": f"{at:%d/%m/%Y %H:%M}"}
        notice_queue(tenant_id=circuit.tenant_id, kind=Email.Kind.BLOCKED, facts=facts)


def _check_user(circuit: Circuit) -> None:
    """Whoever uses it is one of its customer's people."""
    if circuit.user is not None and circuit.user.tenant_id != circuit.tenant_id:
        raise InvalidInput(
            _("Choose a user of %(customer)s.") % {"customer": circuit.tenant},
            field="user",
            code="user-of-another",
        )


def _get_customer(actor: Actor, tenant_id: int) -> Tenant:
    tenant = Tenant.objects.visible_to(actor).filter(pk=tenant_id).first()
    if tenant is None:
        raise NotFound(_("There is no such customer."), details={"tenant": tenant_id})
    if tenant.kind != Tenant.Kind.CUSTOMER:
        raise InvalidInput(
            _("%(tenant)s is not a customer; circuits belong to customers.") % {"tenant": tenant},
            field="tenant",
            code="not-a-customer",
        )
    if tenant.status in {Tenant.Status.INACTIVE, Tenant.Status.REMOVED}:
        raise InvalidInput(
            _("%(tenant)s is not active; activate the customer first.") % {"tenant": tenant},
            field="tenant",
            code="customer-inactive",
        )
    return tenant


def _get_central(central_id: int) -> Central:
    """Centrals are the master's, and everybody's circuits register on them."""
    central = Central.objects.filter(pk=central_id, is_active=True).first()
    if central is None:
        raise InvalidInput(_("Choose an active central."), field="central", code="central-unknown")
    return central
