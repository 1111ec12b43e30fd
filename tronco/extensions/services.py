"""What a customer's own people do with his extensions.

The folders below ask for their own permissions, which a customer does not have: what he may is
decided here, on rows within his reach, and they are told that it was (`_as_seller`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext as _

from tronco.circuits.models import Circuit
from tronco.circuits.selectors import get_circuit, is_on_record
from tronco.circuits.services import (
    NewCircuit,
    circuit_change,
    circuit_delete,
    circuit_disable,
    circuit_extend,
    circuit_new_password,
    refuse_while_calling,
)
from tronco.core.errors import Conflict, InvalidInput
from tronco.core.pins import new_digits
from tronco.customers.models import Subscription
from tronco.dids.models import Did
from tronco.dids.services import caller_number_set, numbers_unring
from tronco.extensions.selectors import find_main_line, get_room
from tronco.identity.models import User
from tronco.pbx.line_services import line_change, line_clear
from tronco.pbx.uses import MOST_NAMED, refuse_if_used
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.selectors import get_tenant

NAME_DIGITS = 5


class ExtensionFields(TypedDict, total=False):
    """What a customer may say of an extension; absent means unchanged, or as the line has it."""

    description: str
    user: User | None
    allowed_classes: list[str]
    max_calls: int | None


@transaction.atomic
def extension_create(
    *,
    actor: Actor,
    tenant_id: int,
    extension: str,
    caller_number: str = "",
    **fields: Unpack[ExtensionFields],
) -> NewCircuit:
    """Make an extension on the account of the customer's line, while his seller's limit lasts."""
    actor.require("extensions.edit")
    customer = get_tenant(actor=actor, tenant_id=tenant_id)
    # Two at once see one another here: the second counts the first.
    Subscription.objects.select_for_update().filter(tenant=customer).first()
    _check_room(customer)
    line = find_main_line(customer)
    if line is None:
        raise Conflict(
            _(
                "Extensions are made on the account of an active line on your plan; there is none:"
                " ask %(seller)s for it."
            )
            % {"seller": customer.parent},
            code="no-line",
        )
    seller = _as_seller(actor)
    made = circuit_extend(actor=seller, line_id=line.pk, number=_new_name(customer), **fields)
    line_change(actor=seller, circuit_id=made.circuit.pk, extension=extension)
    if caller_number:
        caller_number_set(actor=seller, circuit_id=made.circuit.pk, e164=caller_number)
    return made


@transaction.atomic
def extension_change(
    *,
    actor: Actor,
    circuit_id: int,
    extension: str,
    caller_number: str,
    **fields: Unpack[ExtensionFields],
) -> Circuit:
    """Change an extension; what a line of the seller's own may do is the seller's to say."""
    actor.require("extensions.edit")
    circuit = get_circuit(actor=actor, circuit_id=circuit_id, lock=True)
    if circuit.line_id is None and not {"allowed_classes", "max_calls"}.isdisjoint(fields):
        raise InvalidInput(
            _("What this line may do is decided by %(seller)s.")
            % {"seller": circuit.tenant.parent},
            code="line-of-seller",
        )
    if circuit.line_id is not None and not extension:
        raise InvalidInput(
            _("An extension has a number."), field="extension", code="extension-missing"
        )
    seller = _as_seller(actor)
    line_change(actor=seller, circuit_id=circuit.pk, extension=extension)
    if caller_number != circuit.caller_number:
        caller_number_set(actor=seller, circuit_id=circuit.pk, e164=caller_number)
    return circuit_change(actor=seller, circuit_id=circuit.pk, **fields)


def extension_new_password(*, actor: Actor, circuit_id: int) -> NewCircuit:
    """Replace an extension's password, lost with a telephone perhaps."""
    actor.require("extensions.edit")
    return circuit_new_password(actor=_as_seller(actor), circuit_id=circuit_id)


@transaction.atomic
def extension_remove(*, actor: Actor, circuit_id: int) -> None:
    """Take an extension away, with its short number, messages and places in groups.

    Refused while it calls, while a menu or a group leads to it, and while others hang on it. One
    that has calls on record leaves its record behind, disabled: the law has call records kept; so
    does a line for which credit was asked. A customer takes away what he made; a line of the
    seller's is the seller's.
    """
    actor.require("extensions.delete")
    circuit = get_circuit(actor=actor, circuit_id=circuit_id, lock=True)
    if circuit.line_id is None and not actor.can("circuits.delete"):
        raise Conflict(
            _("Line %(line)s was made by %(seller)s, who also takes it away.")
            % {"line": circuit, "seller": circuit.tenant.parent},
            code="line-of-seller",
        )
    refuse_while_calling(circuit)
    _refuse_if_relied_on(actor, circuit)
    seller = _as_seller(actor)
    numbers_unring(actor=seller, circuit_id=circuit.pk)
    line_clear(actor=seller, circuit_id=circuit.pk)
    if not _is_kept(circuit):
        circuit_delete(actor=seller, circuit_id=circuit.pk)
        return
    circuit_change(actor=seller, circuit_id=circuit.pk, user=None)
    circuit_disable(actor=seller, circuit_id=circuit.pk)


def _as_seller(actor: Actor) -> Actor:
    return replace(
        actor,
        may=actor.may | {"circuits.edit", "circuits.delete", "dids.edit", "pbx.edit", "pbx.delete"},
    )


def _check_room(customer: Tenant) -> None:
    room = get_room(customer)
    if room.is_full:
        facts = {"made": room.made, "most": room.most, "seller": customer.parent}
        sentence = _("%(made)s of %(most)s extensions are made; ask %(seller)s for more.")
        if not room.most:
            sentence = _("%(seller)s makes your extensions; ask for the right to make your own.")
        raise Conflict(sentence % facts, code="extensions-full", details={"most": room.most})


def _refuse_if_relied_on(actor: Actor, circuit: Circuit) -> None:
    """Menus and groups that lead to it, numbers that it pays for, extensions that hang on it."""
    refuse_if_used(actor=actor, obj=circuit)
    for rows, sentence in (
        (Did.objects.filter(payer=circuit), _("%(circuit)s pays for the calls of: %(names)s.")),
        (
            circuit.extensions.exclude(status=Circuit.Status.DISABLED),
            _("These hang on %(circuit)s; take them away first: %(names)s."),
        ),
    ):
        names = ", ".join(str(row) for row in rows[:MOST_NAMED])
        if names:
            raise Conflict(sentence % {"circuit": circuit, "names": names}, code="in-use")


def _is_kept(circuit: Circuit) -> bool:
    """Whether something on record names it, or, of a line, its account."""
    is_asked_for = circuit.line_id is None and circuit.account.topups.exists()
    return is_asked_for or circuit.extensions.exists() or is_on_record(circuit)


def _new_name(customer: Tenant) -> str:
    """What the phone registers with: no telephone number, so that nobody dials it by mistake."""
    while True:
        name = f"{customer.pk}-{new_digits(NAME_DIGITS)}"
        if not Circuit.objects.filter(number=name).exists():
            return name
