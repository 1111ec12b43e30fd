"""Where a call goes on: what an action needs, and what an owner may name as its target."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import models
from django.utils.translation import gettext as _

from tronco.circuits.models import Circuit
from tronco.core.errors import InvalidInput, NotFound
from tronco.numbering.classify import classify
from tronco.numbering.number import CallClass
from tronco.pbx.models import Destination, Menu, Prompt, Queue
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant

Action = Destination.Action

# The field in which an action's target stands; the other actions need none.
FIELDS: Final[dict[str, str]] = {
    Action.CIRCUIT: "circuit",
    Action.VOICEMAIL: "circuit",
    Action.QUEUE: "queue",
    Action.MENU: "menu",
    Action.PROMPT: "prompt",
    Action.NUMBER: "number",
}
_MODELS: Final[dict[str, type[models.Model]]] = {
    "circuit": Circuit,
    "queue": Queue,
    "menu": Menu,
    "prompt": Prompt,
}
# What makes no sense but on a key of a menu.
MENU_ONLY: Final = frozenset({Action.REPEAT, Action.BACK})
PLAIN_ACTIONS: Final = tuple(action for action in Action if action not in MENU_ONLY)


@dataclass(frozen=True, slots=True)
class TargetValues:
    """An action and what it needs; only the field of the action counts."""

    action: str = Action.HANGUP
    circuit_id: int | None = None
    queue_id: int | None = None
    menu_id: int | None = None
    prompt_id: int | None = None
    number: str = ""


def get_owner(*, actor: Actor, tenant_id: int) -> Tenant:
    """Return a tenant that may own what answers calls, or raise NotFound."""
    owner = Tenant.objects.visible_to(actor).filter(pk=tenant_id).first()
    if owner is None or owner.status == Tenant.Status.REMOVED:
        raise NotFound(_("There is no such customer."), details={"tenant": tenant_id})
    return owner


def target_check(
    *,
    owner: Tenant,
    target: TargetValues,
    payer_id: int | None = None,
    actions: Collection[str] = PLAIN_ACTIONS,
) -> TargetValues:
    """Return the target with nothing but what its action needs, or raise InvalidInput.

    What is named must be the owner's own, or of somebody below him; `payer_id` is the line that
    would pay for an external number.
    """
    if target.action not in actions:
        raise InvalidInput(_("Choose what shall happen."), field="action", code="action-unknown")
    field = FIELDS.get(target.action, "")
    plain = TargetValues(action=target.action)
    if not field:
        return plain
    if field == "number":
        return replace(plain, number=_checked_number(target.number, payer_id))
    pk: int | None = getattr(target, f"{field}_id")
    get_owned(_MODELS[field], owner=owner, pk=pk, field=field)
    named: dict[str, Any] = {f"{field}_id": pk}
    return replace(plain, **named)


def get_owned(model: type[models.Model], *, owner: Tenant, pk: int | None, field: str) -> Any:
    """Return a row of the owner's or of somebody below him; InvalidInput names the field."""
    rows = model._default_manager.filter(tenant__path__startswith=owner.path, pk=pk)
    found = rows.first() if pk is not None else None
    if found is None:
        raise InvalidInput(
            _("Choose one of %(owner)s.") % {"owner": owner},
            field=field,
            code=f"{field}-of-another" if pk is not None else f"{field}-missing",
        )
    return found


def find_owned(model: type[models.Model], *, owner: Tenant, pk: int | None, field: str) -> Any:
    """As `get_owned`, but nothing named is nothing found."""
    return None if pk is None else get_owned(model, owner=owner, pk=pk, field=field)


def _checked_number(number: str, payer_id: int | None) -> str:
    dialled = "".join(c for c in number if c not in " ()-.")
    meant = classify(dialled)
    if not meant.valid:
        raise InvalidInput(
            _(meant.hint), field="number", code=f"number-{meant.reason or 'invalid'}"
        )
    if meant.call_class == CallClass.EMERGENCY:
        raise InvalidInput(
            _("Emergency numbers are not for forwarding."), field="number", code="number-emergency"
        )
    if payer_id is None:
        raise InvalidInput(
            _("Choose the line that pays for calls to the outside first."),
            field="number",
            code="payer-missing",
        )
    return dialled
