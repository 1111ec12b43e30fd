"""Screens of IVR menus: Voz › Blocos de URA, their editor and their simulator."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.core.errors import TroncoError
from tronco.pbx import menu_services as services
from tronco.pbx import selectors
from tronco.pbx.filters import MenuFilters
from tronco.pbx.menu_forms import (
    EVENT_ICONS,
    EVENT_LABELS,
    KEYS,
    NewMenuForm,
    TreeForm,
    new_block,
    stored_block,
)
from tronco.pbx.menu_services import MenuDraft
from tronco.pbx.models import Menu, MenuOption
from tronco.pbx.simulator import simulate
from tronco.pbx.tables import MenuTable
from tronco.pbx.uses import list_uses
from tronco.pbx.words import destination_text
from tronco.ui import details, edits, panels
from tronco.ui.resource import Resource

MOST_DRAWN = 40


@dataclass
class Branch:
    """A menu of the picture, and what each of its keys does."""

    menu: Menu
    twigs: list[Twig] = field(default_factory=list)


@dataclass
class Twig:
    """A key: what it does, the menu it opens, or that it leads back to one above."""

    option: MenuOption
    text: str
    branch: Branch | None = None
    is_loop: bool = False

    @property
    def caption(self) -> Any:
        return EVENT_LABELS.get(self.option.key, self.option.key)

    @property
    def icon(self) -> str:
        return EVENT_ICONS.get(self.option.key, "")


def draw_tree(menu: Menu) -> Branch:
    """Return the picture of a menu with all below it, each menu drawn once."""
    options: dict[int, list[MenuOption]] = {}
    waiting = {menu.pk}
    while waiting and len(options) < MOST_DRAWN:
        options |= {pk: [] for pk in waiting}
        found = list(selectors.list_options(menus=waiting))
        for option in found:
            options[option.owner_id].append(option)
        waiting = {option.menu_id for option in found if option.menu_id} - options.keys()
    drawn: set[int] = set()

    def branch_of(menu: Menu, above: tuple[int, ...]) -> Branch:
        drawn.add(menu.pk)
        branch = Branch(menu)
        order = sorted(options.get(menu.pk, []), key=lambda option: KEYS.index(option.key))
        for option in order:
            twig = Twig(option, destination_text(option))
            if option.action == "menu" and option.menu is not None:
                if option.menu_id in drawn:
                    twig.is_loop = option.menu_id in (*above, menu.pk)
                else:
                    twig.branch = branch_of(option.menu, (*above, menu.pk))
            branch.twigs.append(twig)
        return branch

    return branch_of(menu, ())


class CreateMenu(edits.CreateView):
    """After the name comes the editor."""

    def next_url(self, obj: Any) -> str:
        if "add_another" in self.request.POST:
            return super().next_url(obj)
        return reverse("pbx:menu_edit", args=[obj.pk])


class MenuEditor(edits.EditView):
    """The menus of a tree on one page; all are saved, or none."""

    template_name = "pbx/menu_edit.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return self.show_tree(TreeForm(self.actor, self.instance))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        tree = TreeForm(self.actor, self.instance, request.POST)
        if not tree.is_valid():
            return self.show_tree(tree, status=422)
        reason = request.POST.get(edits.REASON, "").strip()[:200]
        try:
            with transaction.atomic(), edits.recorded(reason):
                services.menus_save(
                    actor=self.actor, tenant_id=self.instance.tenant_id, drafts=tree.drafts()
                )
        except TroncoError as error:
            tree.show_error(error)
            return self.show_tree(tree, status=422)
        except IntegrityError as error:
            tree.errors.append(str(edits.translated(error, Menu)))
            return self.show_tree(tree, status=422)
        # Its own name may have changed.
        menu = selectors.get_menu(actor=self.actor, menu_id=self.instance.pk)
        messages.success(request, _now("Saved: %(object)s.") % {"object": menu})
        return HttpResponseRedirect(reverse("pbx:menu_detail", args=[menu.pk]))

    def show_tree(self, tree: TreeForm, *, status: int = 200) -> HttpResponse:
        """The editor, with what is wrong beside the fields."""
        template = new_block(self.actor, Menu(tenant=self.instance.tenant), "__block__")
        template.form.initial["payer"] = tree.root_menu.payer_id
        return self.render(
            tree=tree,
            template_block=template,
            status=status,
            back_url=reverse("pbx:menu_detail", args=[self.instance.pk]),
            list_url=self.resource.url("list"),
            reason=self.request.POST.get(edits.REASON, ""),
        )


class MenuBlock(details.ObjectPage):
    """One menu's block, to be put into an editor that stands open."""

    verb = "edit"
    template_name = "pbx/menu_block.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.render(block=stored_block(self.actor, self.object))


class MenuSimulator(details.ObjectPage):
    """What a caller hears, step by step; the address has all that he did."""

    template_name = "pbx/simulator.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        inputs = request.GET.getlist("heard")
        if "undo" in request.GET:
            inputs = inputs[:-1]
        elif "type" in request.GET:
            inputs = [*inputs, clean_input(request.GET["type"])]
        zone = ZoneInfo(self.object.schedule.timezone) if self.object.schedule else None
        at, shown_at = read_moment(request.GET.get("at", ""), zone)
        simulation = simulate(menu=self.object, inputs=inputs, at=at)
        response = self.render(
            simulation=simulation,
            inputs=inputs[: len(simulation.scenes) - 1],
            at=shown_at,
            url=request.path,
        )
        response["Cache-Control"] = "no-store"
        return response


def clean_input(text: str) -> str:
    """Return keys, or the switch's word for how a call ended."""
    if text.isascii() and text.isalpha():
        return text.upper()[:20]
    return "".join(c for c in text if c in "0123456789*#")[:20]


def read_moment(text: str, zone: ZoneInfo | None) -> tuple[datetime, str]:
    """Read a wall clock's moment; nonsense and nothing mean now."""
    zone = zone or ZoneInfo("America/Sao_Paulo")
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        return timezone.now(), ""
    return said.replace(tzinfo=zone), f"{said:%Y-%m-%dT%H:%M}"


class Menus(Resource):
    model, table, filters, form = Menu, MenuTable, MenuFilters, NewMenuForm
    icon = "sitemap"
    help = _("IVR menus: what is said to a caller, and what each key does.")
    empty = _("Name a menu; then draw what its keys do.")
    state_field = ""
    create_view = CreateMenu
    edit_view = MenuEditor
    history_of = ((MenuOption, "owner"),)
    panels = (
        panels.Html(
            _("What the keys do"),
            "pbx/panels/tree.html",
            lambda request, menu: {"branch": draw_tree(menu)},
        ),
        panels.Fields(
            _("IVR menu"),
            "name", "tenant", "greeting", "invalid", "timeout", "schedule", "dials_extensions",
            "max_tries", "first_digit_s", "next_digit_s", "payer",
        ),
        panels.Html(
            _("Simulator"),
            "pbx/panels/simulator.html",
            lambda request, menu: {"url": reverse("pbx:menu_simulator", args=[menu.pk])},
        ),
        panels.Html(
            _("Where it is used"),
            "pbx/panels/uses.html",
            lambda request, menu: {"uses": list_uses(actor=request.actor, obj=menu)},
        ),
    )  # fmt: skip

    def queryset(self, actor: Any) -> Any:
        return selectors.list_menus(actor=actor)

    def hint(self, obj: Menu) -> str:
        return str(obj.tenant)

    def create(self, actor: Any, values: dict[str, Any]) -> Menu:
        ids: dict[str, Any] = {
            f"{name}_id": values[name].pk if values.get(name) else None
            for name in ("greeting", "schedule", "payer")
        }
        draft = MenuDraft(key="n1", name=values["name"], **ids)
        return services.menu_create(actor=actor, tenant_id=values["tenant"].pk, draft=draft)

    def change(self, actor: Any, obj: Menu, values: dict[str, Any]) -> Menu:
        raise NotImplementedError("the editor saves whole trees")

    def remove(self, actor: Any, obj: Menu) -> None:
        services.menu_delete(actor=actor, menu_id=obj.pk)
