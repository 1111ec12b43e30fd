"""Makes, changes and deletes numbers. Who holds one, and its states, are in `states.py`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypedDict, Unpack

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tronco.catalog.models import Plan
from tronco.charging.models import Authorization
from tronco.circuits.models import Circuit
from tronco.circuits.selectors import get_circuit
from tronco.core import secrets
from tronco.core.errors import Conflict, InvalidInput, NotFound
from tronco.dids import modes
from tronco.dids.closed import Closed, closed_put
from tronco.dids.models import Did, NumberRange
from tronco.dids.numbers import read_e164
from tronco.dids.selectors import find_of_holder, get_did, list_caller_numbers
from tronco.dids.states import change_hands
from tronco.pbx.models import Menu, Prompt, Queue, Schedule
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.saving import save_checked

# What may stand in the switch's configuration file: nothing that could end a line or a field.
_HOST = re.compile(r"([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+)?")
_USERNAME = re.compile(r"[A-Za-z0-9_.+@-]{0,80}")
_PASSWORD = re.compile(r"[\x21-\x3a\x3c-\x7e]{0,80}")
_TECHPREFIX = re.compile(r"[0-9*#]{0,20}")
# Calls of a supplier without password are let in by their address: who may do that does trunks.
TRUSTS_ADDRESSES: Final = "routing.edit"
# What a number is pointed at, and must belong to its holder.
_OF_HOLDER: Final[Mapping[str, type[models.Model]]] = {
    "circuit": Circuit,
    "payer": Circuit,
    "menu": Menu,
    "queue": Queue,
    "schedule": Schedule,
    "callback_audio": Prompt,
}


class DidFields(TypedDict, total=False):
    """What may be said of a number besides the number itself; absent: default, or unchanged."""

    range_id: int | None
    kind: str
    description: str
    is_active: bool
    ported_in: bool
    supplier: str
    host: str
    port: int
    username: str
    registers: bool
    mode: str
    circuit_id: int | None
    payer_id: int | None
    menu_id: int | None
    queue_id: int | None
    schedule_id: int | None
    callback_audio_id: int | None
    techprefix: str
    ip_address: str
    ip_port: int
    backup_techprefix: str
    backup_address: str
    backup_port: int
    plan_id: int | None
    reverse_charging: bool
    max_calls: int | None
    max_day_u: int | None
    allowed_callers: list[str]
    outgoing_classes: list[str]
    caller_tag: str
    says_errors: bool
    audio: str


@dataclass(frozen=True, slots=True)
class SavedDid:
    """A number, and what is odd about it although it was saved; empty when nothing is."""

    did: Did
    warnings: tuple[str, ...] = ()


@transaction.atomic
def did_create(
    *,
    actor: Actor,
    tenant_id: int,
    raw: str,
    e164: str = "",
    password: str = "",
    closed: Closed | None = None,
    **fields: Unpack[DidFields],
) -> SavedDid:
    """Make a number: in use by a customer, or in the stock of a seller, who may use it himself.

    Without `e164` it is read out of what the supplier sends.
    """
    actor.require("dids.edit")
    did = Did(tenant=_get_owner(actor, tenant_id))
    if did.subscriber:
        did.state = Did.State.IN_USE
    return _save(actor, did, raw, e164, password, closed, fields, starts_mode=True)


@transaction.atomic
def did_change(
    *,
    actor: Actor,
    did_id: int,
    tenant_id: int | None = None,
    raw: str | None = None,
    e164: str | None = None,
    password: str = "",
    closed: Closed | None = None,
    **fields: Unpack[DidFields],
) -> SavedDid:
    """Change what the given fields say; an empty password leaves the one there is.

    Another owner takes the number over: see `states.change_hands`.
    """
    actor.require("dids.edit")
    did = get_did(actor=actor, did_id=did_id, lock=True)
    mode = did.mode
    if tenant_id is not None and tenant_id != did.tenant_id:
        change_hands(did, _get_owner(actor, tenant_id))
    return _save(
        actor,
        did,
        did.raw if raw is None else raw,
        did.e164 if e164 is None else e164,
        password,
        closed,
        fields,
        starts_mode=fields.get("mode", did.mode) != mode,
    )


@transaction.atomic
def did_ring(*, actor: Actor, did_id: int, circuit_id: int | None) -> Did:
    """Let a number ring one of its holder's circuits; None lets it ring nowhere."""
    mode = Did.Mode.RING
    return did_change(actor=actor, did_id=did_id, mode=mode, circuit_id=circuit_id).did


@transaction.atomic
def numbers_unring(*, actor: Actor, circuit_id: int) -> int:
    """Let the numbers that ring a circuit ring nowhere; return how many they were."""
    actor.require("dids.edit")
    return Did.objects.visible_to(actor).filter(circuit=circuit_id).update(circuit=None)


@transaction.atomic
def did_delete(*, actor: Actor, did_id: int) -> None:
    """Delete a number that no call record names; the others are made inactive.

    Who held it stays on record.
    """
    actor.require("dids.delete")
    did = get_did(actor=actor, did_id=did_id, lock=True)
    if Authorization.objects.filter(did_id=did.pk, state=Authorization.State.OPEN).exists():
        raise Conflict(
            _("%(number)s has a call running; wait for its end.") % {"number": did},
            code="calls-running",
        )
    try:
        did.delete()
    except models.ProtectedError as problem:
        raise Conflict(
            _("%(number)s has calls on record; make it inactive instead.") % {"number": did},
            code="in-use",
        ) from problem


@transaction.atomic
def caller_number_set(*, actor: Actor, circuit_id: int, e164: str) -> Circuit:
    """Choose the number a circuit shows, among those its customer owns; empty: its first own."""
    actor.require("circuits.edit")
    circuit = get_circuit(actor=actor, circuit_id=circuit_id, lock=True)
    if e164 and not list_caller_numbers(circuit=circuit).filter(e164=e164).exists():
        raise InvalidInput(
            _("%(number)s is not a number of %(customer)s.")
            % {"number": e164, "customer": circuit.tenant},
            field="caller_number",
            code="number-not-owned",
            details={"number": e164},
        )
    circuit.caller_number = e164
    circuit.save(update_fields=["caller_number"])
    return circuit


def _save(
    actor: Actor,
    did: Did,
    raw: str,
    e164: str,
    password: str,
    closed: Closed | None,
    fields: DidFields,
    *,
    starts_mode: bool,
) -> SavedDid:
    """Check everything about a number and store it; what was odd comes back."""
    did.raw = raw.strip()
    did.e164, mismatch = read_e164(did.raw, e164)
    _fill(actor, did, dict(fields))
    modes.forget_unused(did)
    if did.state == Did.State.AVAILABLE and did.mode in Did.SELLER_MODES:
        did.state = Did.State.IN_USE
    _check_ports(did)
    _check_mode(did)
    _check_supplier(actor, did, password)
    limits = modes.limit_spending(did) if starts_mode and did.mode in Did.SPENDING_MODES else []
    # Both were looked up; what stays may be out of the actor's reach.
    save_checked(did, exclude=("range", "plan"))
    closed_put(actor=actor, did=did, closed=closed)
    others = Circuit.objects.filter(caller_number=did.e164).exclude(tenant=did.tenant_id)
    others.update(caller_number="")
    warnings = [mismatch] if mismatch else []
    if limits:
        warnings.append(_("Limits were set: %(limits)s.") % {"limits": ", ".join(limits)})
    return SavedDid(did, (*warnings, *modes.list_warnings(did)))


def _fill(actor: Actor, did: Did, fields: dict[str, Any]) -> None:
    """Take over the fields; what they point at must be the holder's."""
    for name, model in _OF_HOLDER.items():
        if f"{name}_id" in fields:
            key = fields.pop(f"{name}_id")
            found = find_of_holder(actor=actor, holder=did.tenant, model=model, key=key, field=name)
            setattr(did, name, found)
    if "range_id" in fields:
        did.range = _find_range(actor, fields.pop("range_id"))
    if "plan_id" in fields:
        did.plan = _find_plan(did, fields.pop("plan_id"))
    for name, value in fields.items():
        setattr(did, name, value)


def _find_plan(did: Did, plan_id: int | None) -> Plan | None:
    """A plan of whoever sells to the holder; one no longer sold stays where it is."""
    if plan_id is None:
        return None
    offered = Q(is_active=True) | Q(pk=did.plan_id)
    plan = Plan.objects.filter(offered, pk=plan_id, tenant=did.seller).first()
    if plan is None:
        raise InvalidInput(
            _("Choose an active plan of %(seller)s, who sells the number.")
            % {"seller": did.seller},
            field="plan",
            code="plan-not-sold",
        )
    return plan


def _find_range(actor: Actor, range_id: int | None) -> NumberRange | None:
    if range_id is None:
        return None
    found = NumberRange.objects.visible_to(actor).filter(pk=range_id).first()
    if found is None:
        raise InvalidInput(_("There is no such range."), field="range", code="range-unknown")
    return found


def _check_ports(did: Did) -> None:
    for name in ("port", "ip_port", "backup_port"):
        if not 1 <= getattr(did, name) <= 65535:
            raise InvalidInput(_("Use a port from 1 to 65535."), field=name, code="invalid-port")


def _check_mode(did: Did) -> None:
    """What the number is to do must be said in full."""
    for name in modes.NEEDS.get(did.mode, ()):
        if not getattr(did, name):
            raise InvalidInput(
                _("“%(mode)s” needs this.") % {"mode": did.get_mode_display()},
                field=name,
                code="mode-incomplete",
            )
    for name in ("ip_address", "backup_address"):
        _check(_HOST, getattr(did, name), name, gettext_lazy("a host name or an IP address"))
    for name in ("techprefix", "backup_techprefix"):
        _check(_TECHPREFIX, getattr(did, name), name, gettext_lazy("digits, * and #"))


def _check_supplier(actor: Actor, did: Did, password: str) -> None:
    """The supplier's data, and who may trust a supplier by its address alone."""
    _check(_HOST, did.host, "host", gettext_lazy("a host name or an IP address"))
    _check(_USERNAME, did.username, "username", gettext_lazy("letters, digits and _ . + @ -"))
    _check(_PASSWORD, password, "password", gettext_lazy("letters, digits and signs other than ;"))
    if password:
        did.password_encrypted = secrets.encrypt(password, key=settings.SECRET_KEY)
    if not did.username:
        did.password_encrypted = ""
    if did.registers and not (did.host and did.username and did.password_encrypted):
        raise InvalidInput(
            _("To register, a DID needs host, user and password of its supplier; else say “no”."),
            field="registers",
            code="registration-incomplete",
        )
    if did.host and not did.registers and not actor.can(TRUSTS_ADDRESSES) and _is_new_host(did):
        raise InvalidInput(
            _(
                "Calls of a supplier without registration are let in by their address alone: ask"
                " the master for it, or let the DID register."
            ),
            field="host",
            code="supplier-unproved",
        )


def _is_new_host(did: Did) -> bool:
    return not Did.objects.filter(pk=did.pk, host=did.host, registers=False).exists()


def _check(pattern: re.Pattern[str], value: str, field: str, wanted: Any) -> None:
    if not pattern.fullmatch(value):
        raise InvalidInput(
            _("Use %(wanted)s.") % {"wanted": wanted}, field=field, code=f"invalid-{field}"
        )


def _get_owner(actor: Actor, tenant_id: int) -> Tenant:
    owner = Tenant.objects.visible_to(actor).filter(pk=tenant_id).first()
    if owner is None:
        raise NotFound(_("There is no such customer."), details={"tenant": tenant_id})
    if owner.status == Tenant.Status.REMOVED:
        raise InvalidInput(
            _("%(owner)s was removed.") % {"owner": owner}, field="subscriber", code="owner-removed"
        )
    return owner
