"""The form of a tree of IVR menus: blocks that are sent, checked and saved together.

A block is a menu on the page, `m12` one that exists, `n1` one that does not yet. Its options are
those whose fields were sent: `m12-5-action` is what key 5 of that menu does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.core.errors import NotFound, TroncoError
from tronco.pbx.destinations import Action
from tronco.pbx.forms import OWNER, DestinationForm, keep_owner, limit_to_owner, owned
from tronco.pbx.menu_services import MenuDraft, OptionValues
from tronco.pbx.models import Menu, MenuOption
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant
from tronco.ui.forms import ModelForm

# Keys as they stand in the names of fields.
SLUGS: Final[dict[str, str]] = {"*": "star", "#": "hash"}
PAD: Final = (*"123456789", "*", "0", "#")
EVENTS: Final = ("timeout", "invalid", "closed")
KEYS: Final = (*PAD, *EVENTS)
EVENT_LABELS: Final = {
    "timeout": _("Nothing typed"),
    "invalid": _("Wrong keys"),
    "closed": _("Closed"),
}
EVENT_ICONS: Final = {"timeout": "clock-pause", "invalid": "alert-triangle", "closed": "moon"}
# Menus opened at once; others open when asked for.
MOST_OPEN: Final = 8
MOST_BLOCKS: Final = 60
_BLOCK = re.compile(r"m(\d{1,18})|n\d{1,9}")


class MenuForm(ModelForm):
    """What a menu says and how long it waits; who owns it was said before."""

    class Meta(ModelForm.Meta):
        model = Menu
        fields = (
            "name", "greeting", "invalid", "timeout", "first_digit_s", "next_digit_s", "max_tries",
            "dials_extensions", "schedule", "payer",
        )  # fmt: skip
        widgets = {
            "greeting": owned("pbx:prompt_options"),
            "invalid": owned("pbx:prompt_options"),
            "timeout": owned("pbx:prompt_options"),
            "schedule": owned("pbx:schedule_options"),
            "payer": owned("circuits:circuit_options"),
        }

    def adapt(self, actor: Any) -> None:
        limit_to_owner(self, self.instance.tenant_id)
        self.fields["greeting"].help_text = _("Said each time the menu asks.")
        self.fields["schedule"].help_text = _("Outside of it “Closed” is taken without asking.")

    @property
    def settings(self) -> list[Any]:
        """What is folded away: all but the name and the greeting."""
        return [bound for bound in self if bound.name not in ("name", "greeting")]

    @property
    def has_wrong_settings(self) -> bool:
        return any(bound.errors for bound in self.settings)


class OptionForm(DestinationForm):
    """What a key does; `new_menu` is the block of a menu that does not exist yet."""

    label = forms.CharField(
        label=_("Description"),
        required=False,
        max_length=80,
        widget=forms.TextInput({"placeholder": _("Description")}),
    )
    new_menu = forms.CharField(required=False, max_length=11, widget=forms.HiddenInput)

    def needs(self, field: str) -> bool:
        return field != "menu" or not self.cleaned_data.get("new_menu")

    def values(self, key: str) -> OptionValues:
        """What a valid form says."""
        said = self.cleaned_data
        new_menu = said["new_menu"] if self.target.action == Action.MENU else ""
        return OptionValues(key, self.target, said["label"], new_menu)

    @property
    def leads_to(self) -> str:
        """The block its menu would have, or nothing."""
        if self["action"].value() != Action.MENU:
            return ""
        menu = self["menu"].value()
        return str(self["new_menu"].value() or "") or (f"m{menu}" if menu else "")


@dataclass
class Slot:
    """A key of a block. `child` is the menu it opens, drawn below it; else `seen` names a block
    that stands elsewhere on the page, and `is_loop` says that it leads back there."""

    key: str
    form: OptionForm
    child: Block | None = None
    seen: Block | None = None
    is_loop: bool = False

    @property
    def slug(self) -> str:
        return SLUGS.get(self.key, self.key)

    @property
    def caption(self) -> Any:
        return EVENT_LABELS.get(self.key, self.key)

    @property
    def icon(self) -> str:
        return EVENT_ICONS.get(self.key, "")


@dataclass
class Block:
    """A menu on the page, with its options."""

    key: str
    menu: Menu
    form: MenuForm
    slots: list[Slot] = field(default_factory=list)
    blank: OptionForm | None = None  # what a key gets when it is added

    @property
    def is_new(self) -> bool:
        return self.menu.pk is None

    @property
    def title(self) -> str:
        return str(self.form["name"].value() or self.menu.name or "")

    def pad(self) -> list[dict[str, Any]]:
        """The keys of a telephone and the three that are none, with what is used."""
        used = {slot.key for slot in self.slots}
        return [
            {
                "key": key,
                "slug": SLUGS.get(key, key),
                "caption": EVENT_LABELS.get(key, key),
                "icon": EVENT_ICONS.get(key, ""),
                "is_used": key in used,
                "is_event": key in EVENTS,
            }
            for key in KEYS
        ]


class TreeForm:
    """The menus on one page: those there are, or those a browser sent."""

    def __init__(self, actor: Actor, root: Menu, data: Any = None) -> None:
        self.actor, self.root_menu, self.data = actor, root, data
        self.owner: Tenant = root.tenant
        self.blocks: dict[str, Block] = {}
        self.errors: list[str] = []
        if data is None:
            self._open_tree()
        else:
            for key in self._sent_keys():
                self.blocks[key] = self._sent_block(key)
        self.root = self.blocks[f"m{root.pk}"]
        self._placed = {self.root.key}
        self._place(self.root, (self.root,))
        self.loose = [one for key, one in self.blocks.items() if key not in self._placed]

    # Reading what is there.

    def _open_tree(self) -> None:
        waiting = [self.root_menu.pk]
        while waiting and len(self.blocks) < MOST_OPEN:
            menus = Menu.objects.visible_to(self.actor).filter(pk__in=waiting)
            found = {menu.pk: menu for menu in menus.prefetch_related("options")}
            for pk in waiting[: MOST_OPEN - len(self.blocks)]:
                if pk in found:
                    self.blocks[f"m{pk}"] = stored_block(self.actor, found[pk])
            waiting = [
                option.menu_id
                for menu in found.values()
                for option in menu.options.all()
                if option.menu_id and f"m{option.menu_id}" not in self.blocks
            ]
            waiting = list(dict.fromkeys(waiting))

    # Reading what was sent.

    def _sent_keys(self) -> list[str]:
        keys = list(dict.fromkeys(self.data.getlist("block")))[:MOST_BLOCKS]
        first = f"m{self.root_menu.pk}"
        return [first, *(key for key in keys if key != first and _BLOCK.fullmatch(key))]

    def _sent_block(self, key: str) -> Block:
        menu = Menu(tenant=self.owner)
        if match := re.fullmatch(r"m(\d+)", key):
            found = Menu.objects.visible_to(self.actor).filter(
                pk=int(match[1]), tenant__path__startswith=self.owner.path
            )
            if (stored := found.first()) is None:
                raise NotFound(_now("There is no such menu."), details={"menu": key})
            menu = stored
        block = new_block(self.actor, menu, key, self.data)
        for one in KEYS:
            prefix = f"{key}-{SLUGS.get(one, one)}"
            if f"{prefix}-action" in self.data:
                form = option_form(self.actor, menu, prefix, self.data)
                block.slots.append(Slot(one, form))
        return block

    # Drawing.

    def _place(self, block: Block, above: Sequence[Block]) -> None:
        """Hang each menu below the first key that leads to it; others only point there."""
        for slot in block.slots:
            target = self.blocks.get(slot.form.leads_to)
            if target is None:
                continue
            if target.key in self._placed:
                slot.seen, slot.is_loop = target, target in above
                continue
            slot.child = target
            self._placed.add(target.key)
            self._place(target, (*above, target))

    # Checking.

    def is_valid(self) -> bool:
        """Check all there is, so that everything wrong is told at once."""
        sound = [self._is_block_valid(block) for block in self.blocks.values()]
        if not all(sound):
            self.errors.append(_now("Please correct the fields marked below."))
        return all(sound)

    def _is_block_valid(self, block: Block) -> bool:
        sound = block.form.is_valid()
        payer = block.form.cleaned_data.get("payer") if sound else None
        for slot in block.slots:
            sound &= self._is_slot_valid(block, slot, payer.pk if payer else None)
        return sound

    def _is_slot_valid(self, block: Block, slot: Slot, payer_id: int | None) -> bool:
        form = slot.form
        if not form.is_valid():
            return False
        new_menu = form.values(slot.key).new_menu
        if new_menu:
            if new_menu not in self.blocks:
                form.add_error("menu", _now("Say where."))
            return new_menu in self.blocks
        return form.check_owner(block.menu.tenant, payer_id)

    def drafts(self) -> list[MenuDraft]:
        """What valid forms say, as the service takes it."""
        return [draft_of(block) for block in self.blocks.values()]

    def show_error(self, error: TroncoError) -> None:
        """Put what the service refused beside the field it concerns."""
        block = self.blocks.get(str(error.details.get("draft", "")))
        if block is None:
            self.errors.append(str(error))
            return
        slots = {slot.key: slot.form for slot in block.slots}
        form: Any = slots.get(str(error.details.get("option", "")), block.form)
        name = getattr(error, "field", None)
        if error.code == "already-exists" and form is block.form:
            name = "name"
        form.add_error(name if name in form.fields else None, str(error))
        self.errors.append(_now("Please correct the fields marked below."))


def stored_block(actor: Actor, menu: Menu) -> Block:
    """A menu as it is."""
    block = new_block(actor, menu, f"m{menu.pk}")
    options = {option.key: option for option in menu.options.all()}
    for key in KEYS:
        if option := options.get(key):
            prefix = f"{block.key}-{SLUGS.get(key, key)}"
            form = option_form(actor, menu, prefix, initial=option_initial(option))
            block.slots.append(Slot(key, form))
    return block


def new_block(actor: Actor, menu: Menu, key: str, data: Any = None) -> Block:
    """A block without options."""
    form = MenuForm(data, instance=menu, prefix=key, actor=actor)
    return Block(key, menu, form, blank=option_form(actor, menu, f"{key}-__key__"))


def option_form(
    actor: Actor,
    menu: Menu,
    prefix: str,
    data: Any = None,
    initial: Mapping[str, Any] | None = None,
) -> OptionForm:
    """The form of one key."""
    start = {"action": Action.CIRCUIT} if initial is None else dict(initial)
    return OptionForm(
        data, initial=start, prefix=prefix, actor=actor, owner=menu.tenant, actions=tuple(Action)
    )


def option_initial(option: MenuOption) -> dict[str, Any]:
    """What the form shows of an option."""
    return {**DestinationForm.initial_of(option), "label": option.label}


def draft_of(block: Block) -> MenuDraft:
    """A valid block as the service takes it."""
    said = dict(block.form.cleaned_data)
    keys = ("greeting", "invalid", "timeout", "schedule", "payer")
    ids: dict[str, Any] = {f"{name}_id": getattr(said.pop(name), "pk", None) for name in keys}
    options = tuple(slot.form.values(slot.key) for slot in block.slots)
    return MenuDraft(key=block.key, menu_id=block.menu.pk, **said, **ids, options=options)


class NewMenuForm(ModelForm):
    """Whose a menu is and what it is called; its keys are drawn afterwards."""

    class Meta(ModelForm.Meta):
        model = Menu
        fields = ("tenant", "name", "greeting", "schedule", "payer")
        widgets = {
            "tenant": OWNER,
            "greeting": owned("pbx:prompt_options"),
            "schedule": owned("pbx:schedule_options"),
            "payer": owned("circuits:circuit_options"),
        }

    def adapt(self, actor: Any) -> None:
        keep_owner(self)
