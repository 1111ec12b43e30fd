"""Everything that changes what a line does beside ringing, and its voice portal PIN."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypedDict, Unpack

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from tronco.circuits.models import Circuit
from tronco.circuits.selectors import get_circuit, require_own
from tronco.core.errors import InvalidInput
from tronco.core.pins import hash_pin, is_weak, new_pin
from tronco.numbering.classify import classify
from tronco.numbering.number import CallClass
from tronco.pbx.destinations import find_owned
from tronco.pbx.models import LineService, PortalCaller, Prompt, QueueMember, Voicemail
from tronco.pbx.queue_services import extension_check
from tronco.tenancy.access import Actor
from tronco.tenancy.saving import save_checked

PIN_DIGITS = 6
_PIN = re.compile(r"[0-9]{4,8}")
_EXTENSION = re.compile(r"[0-9]{2,6}")
FOLLOW_ME = ("always", "busy", "no_answer", "offline")
# What whoever uses the line may say of it himself.
OWN_FIELDS = frozenset({*FOLLOW_ME, "ring_s", "voicemail", "voicemail_email", "missed_calls"})


class LineFields(TypedDict, total=False):
    """What may be said of a line; absent: default, or unchanged."""

    extension: str
    always: str
    busy: str
    no_answer: str
    offline: str
    ring_s: int
    voicemail: bool
    voicemail_email: str
    voicemail_greeting_id: int | None
    missed_calls: bool | None
    pickup_group: str


@dataclass(frozen=True, slots=True)
class NewPin:
    """A PIN just set: told now and never again."""

    service: LineService
    pin: str


@transaction.atomic
def line_change(*, actor: Actor, circuit_id: int, **fields: Unpack[LineFields]) -> LineService:
    """Say what a line does when it is called; what is not said stays."""
    circuit = get_circuit(actor=actor, circuit_id=circuit_id, lock=True)
    if OWN_FIELDS.issuperset(fields):
        require_own(actor, circuit, "pbx.edit")
    else:
        actor.require("pbx.edit")
    service = _service_of(circuit)
    for name, value in fields.items():
        if name == "voicemail_greeting_id":
            owner = circuit.tenant
            field = "voicemail_greeting"
            service.voicemail_greeting = find_owned(Prompt, owner=owner, pk=value, field=field)  # type: ignore[arg-type]
        elif name in FOLLOW_ME:
            setattr(service, name, _checked_number(circuit, name, str(value)))
        else:
            setattr(service, name, value)
    extension_check(owner=circuit.tenant, extension=service.extension, of=service)
    if service.voicemail_email and not service.voicemail:
        raise InvalidInput(
            _("Switch the voicemail on, or leave its address empty."),
            field="voicemail_email",
            code="voicemail-off",
        )
    save_checked(service)
    return service


@transaction.atomic
def line_clear(*, actor: Actor, circuit_id: int) -> None:
    """Take away all that a line does beside ringing: nothing of its messages is kept."""
    actor.require("pbx.delete")
    circuit = get_circuit(actor=actor, circuit_id=circuit_id, lock=True)
    for model in (LineService, QueueMember, PortalCaller, Voicemail):
        model.objects.filter(circuit=circuit).delete()


@transaction.atomic
def pin_set(*, actor: Actor, circuit_id: int, pin: str = "") -> NewPin:
    """Set the PIN of the voice portal (one is made, unless given); the old one stops working."""
    actor.require("pbx.edit")
    service = _service_of(get_circuit(actor=actor, circuit_id=circuit_id, lock=True))
    pin = pin or new_pin(PIN_DIGITS)
    if not _PIN.fullmatch(pin) or is_weak(pin):
        raise InvalidInput(
            _("Use 4 to 8 digits that are not all alike, in a row or repeated."),
            field="pin",
            code="invalid-pin",
        )
    service.pin_hash = hash_pin(pin, key=settings.SECRET_KEY)
    save_checked(service)
    return NewPin(service, pin)


@transaction.atomic
def pin_remove(*, actor: Actor, circuit_id: int) -> LineService:
    """Take the PIN away: the line is no longer for the voice portal."""
    actor.require("pbx.edit")
    service = _service_of(get_circuit(actor=actor, circuit_id=circuit_id, lock=True))
    service.pin_hash = ""
    save_checked(service)
    return service


def _service_of(circuit: Circuit) -> LineService:
    found = LineService.objects.filter(circuit=circuit).first()
    return found or LineService(circuit=circuit, tenant=circuit.tenant)


def _checked_number(circuit: Circuit, field: str, text: str) -> str:
    """Return where a follow-me leads: an extension of the customer's, or a number as dialled."""
    dialled = "".join(c for c in text if c not in " ()-.")
    if not dialled or _is_inside(circuit, dialled):
        return dialled
    if dialled == circuit.number:
        raise InvalidInput(_("A line cannot follow itself."), field=field, code="follows-itself")
    meant = classify(dialled, own_ddd=circuit.own_ddd)
    if not meant.valid:
        raise InvalidInput(_(meant.hint), field=field, code=f"number-{meant.reason or 'invalid'}")
    if meant.call_class == CallClass.EMERGENCY:
        raise InvalidInput(
            _("Emergency numbers are not for forwarding."), field=field, code="number-emergency"
        )
    return dialled


def _is_inside(circuit: Circuit, dialled: str) -> bool:
    """Whether it is another line of the same customer, by its number or its extension."""
    others = Circuit.objects.filter(tenant=circuit.tenant_id).exclude(pk=circuit.pk)
    if others.filter(number=dialled).exists():
        return True
    services = LineService.objects.filter(tenant=circuit.tenant_id).exclude(circuit=circuit)
    return _EXTENSION.fullmatch(dialled) is not None and services.filter(extension=dialled).exists()
