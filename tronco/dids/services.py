"""Everything that changes a number, and which number a circuit shows."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models, transaction
from django.utils.translation import gettext as _

from tronco.circuits.models import Circuit
from tronco.circuits.selectors import get_circuit
from tronco.core.errors import Conflict, InvalidInput, NotFound
from tronco.dids.models import Did
from tronco.dids.selectors import get_did, list_caller_numbers
from tronco.numbering.classify import classify
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.saving import save_checked


@dataclass(frozen=True, slots=True)
class SavedDid:
    """A number, and what is odd about it although it was saved; empty when nothing is."""

    did: Did
    warning: str = ""


@transaction.atomic
def did_create(
    *,
    actor: Actor,
    tenant_id: int,
    raw: str,
    e164: str = "",
    circuit_id: int | None = None,
    supplier: str = "",
    is_active: bool = True,
) -> SavedDid:
    """Make a number; without `e164` it is read out of what the supplier sends."""
    actor.require("dids.edit")
    return _save(
        Did(),
        actor=actor,
        tenant_id=tenant_id,
        raw=raw,
        e164=e164,
        circuit_id=circuit_id,
        supplier=supplier,
        is_active=is_active,
    )


@transaction.atomic
def did_change(
    *,
    actor: Actor,
    did_id: int,
    tenant_id: int,
    raw: str,
    e164: str,
    circuit_id: int | None,
    supplier: str,
    is_active: bool,
) -> SavedDid:
    """Change a number; one that changes hands is no longer shown by its former owner's circuits."""
    actor.require("dids.edit")
    did = get_did(actor=actor, did_id=did_id, lock=True)
    return _save(
        did,
        actor=actor,
        tenant_id=tenant_id,
        raw=raw,
        e164=e164,
        circuit_id=circuit_id,
        supplier=supplier,
        is_active=is_active,
    )


@transaction.atomic
def did_assign(*, actor: Actor, did_id: int, circuit_id: int | None) -> Did:
    """Let a number ring one of its owner's circuits; None lets it ring nowhere."""
    actor.require("dids.edit")
    did = get_did(actor=actor, did_id=did_id, lock=True)
    did.circuit = _find_circuit(actor, did.tenant, circuit_id)
    did.save(update_fields=["circuit"])
    return did


@transaction.atomic
def did_delete(*, actor: Actor, did_id: int) -> None:
    """Delete a number that no call record names; the others are made inactive."""
    actor.require("dids.delete")
    did = get_did(actor=actor, did_id=did_id, lock=True)
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
    did: Did,
    *,
    actor: Actor,
    tenant_id: int,
    raw: str,
    e164: str,
    circuit_id: int | None,
    supplier: str,
    is_active: bool,
) -> SavedDid:
    owner = Tenant.objects.visible_to(actor).filter(pk=tenant_id).first()
    if owner is None:
        raise NotFound(_("There is no such customer."), details={"tenant": tenant_id})
    did.tenant = owner
    did.raw = raw.strip()
    did.e164, warning = _read_e164(did.raw, e164)
    did.circuit = _find_circuit(actor, owner, circuit_id)
    did.supplier, did.is_active = supplier, is_active
    save_checked(did)
    others = Circuit.objects.filter(caller_number=did.e164).exclude(tenant=owner)
    others.update(caller_number="")
    return SavedDid(did, warning)


def _read_e164(raw: str, e164: str) -> tuple[str, str]:
    """Return the number for people, and a warning where it is not what the supplier's form says.

    Two numbers may read alike only in what is sent; what is dialled by people must be possible.
    """
    sent = classify(raw)
    if not e164:
        if not sent.e164:
            raise InvalidInput(
                _("What number “%(raw)s” is cannot be told; write the number itself as well.")
                % {"raw": raw},
                field="e164",
                code="number-unreadable",
            )
        return sent.e164, ""
    meant = classify(e164)
    if not meant.e164:
        raise InvalidInput(
            _(meant.hint) if meant.hint else _("Write the full number, with its DDD."),
            field="e164",
            code=f"number-{meant.reason}" if meant.reason else "number-not-full",
        )
    if sent.e164 and sent.e164 != meant.e164:
        return meant.e164, (
            _("The supplier’s “%(raw)s” reads as %(sent)s, not %(meant)s; check the two.")
            % {"raw": raw, "sent": sent.e164, "meant": meant.e164}
        )
    return meant.e164, ""


def _find_circuit(actor: Actor, owner: Tenant, circuit_id: int | None) -> Circuit | None:
    if circuit_id is None:
        return None
    circuit = Circuit.objects.visible_to(actor).filter(pk=circuit_id, tenant=owner).first()
    if circuit is None:
        raise InvalidInput(
            _("Choose a circuit of %(owner)s, who owns the number.") % {"owner": owner},
            field="circuit",
            code="circuit-of-another",
        )
    return circuit
