"""Everything that changes the voice portal's telephones and the messages of voicemails."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tronco.circuits.selectors import get_circuit, require_own
from tronco.core.errors import InvalidInput
from tronco.numbering.classify import classify
from tronco.pbx.models import PortalCaller, Voicemail
from tronco.pbx.selectors import get_portal_caller, get_voicemail
from tronco.tenancy.access import Actor
from tronco.tenancy.saving import save_checked


@transaction.atomic
def portal_caller_create(
    *,
    actor: Actor,
    circuit_id: int,
    number: str,
    description: str = "",
    is_active: bool = True,
) -> PortalCaller:
    """Let a telephone use the voice portal; its calls there are the line's."""
    actor.require("pbx.edit")
    return _save_caller(PortalCaller(), actor, circuit_id, number, description, is_active)


@transaction.atomic
def portal_caller_change(
    *,
    actor: Actor,
    caller_id: int,
    circuit_id: int,
    number: str,
    description: str,
    is_active: bool,
) -> PortalCaller:
    """Change a telephone of the voice portal."""
    actor.require("pbx.edit")
    caller = get_portal_caller(actor=actor, caller_id=caller_id, lock=True)
    return _save_caller(caller, actor, circuit_id, number, description, is_active)


@transaction.atomic
def portal_caller_delete(*, actor: Actor, caller_id: int) -> None:
    """Take a telephone off the list."""
    actor.require("pbx.delete")
    get_portal_caller(actor=actor, caller_id=caller_id, lock=True).delete()


@transaction.atomic
def voicemail_mark(*, actor: Actor, voicemail_id: int, heard: bool) -> Voicemail:
    """Note that a message was heard, or is new again."""
    message = get_voicemail(actor=actor, voicemail_id=voicemail_id)
    require_own(actor, message.circuit, "pbx.operate")
    if bool(message.heard_at) != heard:
        message.heard_at = timezone.now() if heard else None
        message.save(update_fields=["heard_at"])
    return message


@transaction.atomic
def voicemail_delete(*, actor: Actor, voicemail_id: int) -> None:
    """Delete a message; nothing of it is kept."""
    message = get_voicemail(actor=actor, voicemail_id=voicemail_id)
    require_own(actor, message.circuit, "pbx.operate")
    message.delete()


def _save_caller(
    caller: PortalCaller,
    actor: Actor,
    circuit_id: int,
    number: str,
    description: str,
    is_active: bool,
) -> PortalCaller:
    circuit = get_circuit(actor=actor, circuit_id=circuit_id)
    meant = classify(number, own_ddd=circuit.own_ddd)
    if not meant.e164:
        raise InvalidInput(
            _(meant.hint) if meant.hint else _("Write the full number, with its DDD."),
            field="number",
            code=f"number-{meant.reason}" if meant.reason else "number-not-full",
        )
    caller.circuit, caller.tenant, caller.number = circuit, circuit.tenant, meant.e164
    caller.description, caller.is_active = description, is_active
    save_checked(caller)
    return caller
