"""Everything that changes IVR menus: several of one tree are saved together, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from tronco.circuits.models import Circuit
from tronco.core.errors import Conflict, InvalidInput
from tronco.pbx.destinations import (
    Action,
    TargetValues,
    find_owned,
    get_owner,
    target_check,
)
from tronco.pbx.models import Menu, MenuOption, Prompt, Schedule
from tronco.pbx.selectors import get_menu
from tronco.pbx.uses import refuse_if_used
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.tenancy.saving import save_checked

_KEYS: Final = {
    "greeting": Prompt,
    "invalid": Prompt,
    "timeout": Prompt,
    "schedule": Schedule,
    "payer": Circuit,
}


@dataclass(frozen=True, slots=True)
class OptionValues:
    """What a key does. `new_menu` leads to another draft of the same call instead of a menu."""

    key: str
    target: TargetValues
    label: str = ""
    new_menu: str = ""


@dataclass(frozen=True, slots=True)
class MenuDraft:
    """A menu as somebody drew it; `key` names it among the drafts, `menu_id` None makes it new."""

    key: str
    name: str
    menu_id: int | None = None
    greeting_id: int | None = None
    invalid_id: int | None = None
    timeout_id: int | None = None
    first_digit_s: int = 5
    next_digit_s: int = 2
    max_tries: int = 3
    dials_extensions: bool = True
    schedule_id: int | None = None
    payer_id: int | None = None
    options: tuple[OptionValues, ...] = ()


@transaction.atomic
def menu_create(*, actor: Actor, tenant_id: int, draft: MenuDraft) -> Menu:
    """Make a menu of its own."""
    return menus_save(actor=actor, tenant_id=tenant_id, drafts=[draft])[draft.key]


@transaction.atomic
def menus_save(*, actor: Actor, tenant_id: int, drafts: Sequence[MenuDraft]) -> dict[str, Menu]:
    """Save all drafts or none; return the menus by the drafts' keys.

    An error's details name the `draft`, and the `option` where it is one's. A menu that exists
    stays its owner's; new ones are the tenant's.
    """
    actor.require("pbx.edit")
    owner = get_owner(actor=actor, tenant_id=tenant_id)
    menus: dict[str, Menu] = {}
    for draft in drafts:
        try:
            menus[draft.key] = _save_menu(actor, owner, draft)
        except (InvalidInput, Conflict) as error:
            error.details["draft"] = draft.key
            raise
    for draft in drafts:
        _replace_options(menus[draft.key], draft, menus)
    return menus


@transaction.atomic
def menu_delete(*, actor: Actor, menu_id: int) -> None:
    """Delete a menu to which nothing but itself leads."""
    actor.require("pbx.delete")
    menu = get_menu(actor=actor, menu_id=menu_id, lock=True)
    menu.options.filter(menu=menu).delete()
    refuse_if_used(actor=actor, obj=menu)
    menu.delete()


def _save_menu(actor: Actor, owner: Tenant, draft: MenuDraft) -> Menu:
    if draft.menu_id is None:
        menu = Menu(tenant=owner)
    else:
        menu = get_menu(actor=actor, menu_id=draft.menu_id, lock=True)
    menu.name = draft.name
    for field, model in _KEYS.items():
        pk: int | None = getattr(draft, f"{field}_id")
        setattr(menu, field, find_owned(model, owner=menu.tenant, pk=pk, field=field))
    menu.first_digit_s, menu.next_digit_s = draft.first_digit_s, draft.next_digit_s
    menu.max_tries, menu.dials_extensions = draft.max_tries, draft.dials_extensions
    save_checked(menu)
    return menu


def _replace_options(menu: Menu, draft: MenuDraft, menus: Mapping[str, Menu]) -> None:
    """Write only what differs, so that the history tells only that."""
    there = {option.key: option for option in menu.options.all()}
    wanted = {option.key: option for option in draft.options}
    for key in there.keys() - wanted.keys():
        there[key].delete()
    for key, values in wanted.items():
        option = there.get(key) or MenuOption(owner=menu, tenant=menu.tenant, key=key)
        try:
            target = _checked_target(menu, values, menus)
        except InvalidInput as error:
            error.details.update(draft=draft.key, option=key)
            raise
        facts = {**asdict(target), "label": values.label}
        if option.pk is None or any(getattr(option, n) != v for n, v in facts.items()):
            for name, value in facts.items():
                setattr(option, name, value)
            save_checked(option)


def _checked_target(menu: Menu, values: OptionValues, menus: Mapping[str, Menu]) -> TargetValues:
    target = values.target
    if values.new_menu:
        target = replace(target, menu_id=menus[values.new_menu].pk)
    actions = set(Action)
    if values.key == "closed":
        actions.discard(Action.REPEAT)
        if target.action == Action.MENU and target.menu_id == menu.pk:
            raise InvalidInput(
                _("Closed, it would come back here for ever; choose somewhere else."),
                field="menu",
                code="closed-leads-to-itself",
            )
    return target_check(owner=menu.tenant, target=target, payer_id=menu.payer_id, actions=actions)
