"""Where calls to a number go outside of its schedule. Part of the services."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext as _

from tronco.circuits.models import Circuit
from tronco.core.errors import InvalidInput
from tronco.dids.models import ClosedDestination, Did
from tronco.dids.selectors import find_of_holder
from tronco.pbx.models import Menu, Prompt, Queue
from tronco.tenancy.access import Actor
from tronco.tenancy.saving import save_checked


@dataclass(frozen=True, slots=True)
class Closed:
    """Where calls go outside of the schedule: an action of `ClosedDestination` and its object."""

    action: str = ClosedDestination.Action.HANGUP
    circuit_id: int | None = None
    queue_id: int | None = None
    menu_id: int | None = None
    prompt_id: int | None = None
    number: str = ""


def closed_put(*, actor: Actor, did: Did, closed: Closed | None) -> None:
    """Keep the closed destination of a number with a schedule; without one there is none."""
    current = ClosedDestination.objects.filter(did=did).first()
    if did.schedule_id is None:
        if current:
            current.delete()
        return
    if closed is None and current is not None:
        return
    save_checked(_closed(actor, did, current or ClosedDestination(did=did), closed or Closed()))


def _closed(
    actor: Actor, did: Did, destination: ClosedDestination, closed: Closed
) -> ClosedDestination:
    """Fill the destination; only what its action uses is kept."""
    action = ClosedDestination.Action
    needs: dict[str, tuple[str, type[models.Model], int | None]] = {
        action.CIRCUIT: ("circuit", Circuit, closed.circuit_id),
        action.VOICEMAIL: ("circuit", Circuit, closed.circuit_id),
        action.QUEUE: ("queue", Queue, closed.queue_id),
        action.MENU: ("menu", Menu, closed.menu_id),
        action.PROMPT: ("prompt", Prompt, closed.prompt_id),
    }
    destination.tenant = did.tenant
    destination.action = closed.action
    destination.number = closed.number.strip() if closed.action == action.NUMBER else ""
    for name in ("circuit", "queue", "menu", "prompt"):
        setattr(destination, name, None)
    if closed.action in needs:
        name, model, key = needs[closed.action]
        found = find_of_holder(
            actor=actor, holder=did.tenant, model=model, key=key, field=f"closed_{name}"
        )
        setattr(destination, name, found)
        if key is None:
            raise _closed_incomplete(f"closed_{name}")
    elif closed.action == action.NUMBER:
        if not destination.number:
            raise _closed_incomplete("closed_number")
        if not (did.payer_id or did.circuit_id):
            raise InvalidInput(
                _("A call to an external number needs a line that pays."),
                field="payer",
                code="no-payer",
            )
    elif closed.action not in (action.HANGUP,):
        raise InvalidInput(
            _("Outside of a menu there is nothing to repeat or go back to."),
            field="closed_action",
            code="closed-impossible",
        )
    return destination


def _closed_incomplete(field: str) -> InvalidInput:
    return InvalidInput(
        _("Say where calls go outside of the schedule."), field=field, code="closed-incomplete"
    )
