"""A noun's screens, declared: `docs/ui.md` shows one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.urls import URLPattern, path
from django.utils.text import capfirst

from tronco.core.errors import NotFound
from tronco.ui import bulk, details, edits, exports, history, imports, lists
from tronco.ui.actions import Action, Tab
from tronco.ui.filters import FilterSet
from tronco.ui.forms import ModelForm
from tronco.ui.panels import Panel
from tronco.ui.tables import Table
from tronco.ui.urls import url_or_none

Text = Any  # str or a lazy translation


class Resource:
    """The list, page, forms, import, export and history of one kind of object.

    What is not declared does not exist: without `panels` no page, without `create` no "add", and so
    on. Rows come from `queryset(actor)`, changes go through `create`, `change` and `remove`, which
    call services and let their errors rise: `InvalidInput.field` finds its place in the form.
    """

    model: ClassVar[type[models.Model]]
    app: str = ""  # the folder whose screens they are; default: the model's
    name: str = ""  # of its addresses `folder:name_action`; default: the model's
    noun: str = ""  # of its permissions; default: the folder
    title: Text = ""  # of the list; default: the model's plural
    singular: Text = ""  # of one object; default: the model's
    help: Text = ""  # a sentence below the list's title
    icon: str = "list"

    # The list.
    table: ClassVar[type[Table]]
    filters: ClassVar[type[FilterSet]]
    empty: Text = ""  # what an empty list says to do next
    add_label: Text = ""  # of the button that opens an empty form; default: "Add"
    live_s: int = 0  # seconds between refreshes of an open list's live columns
    counted: bool = True  # False for lists too long to count at every look
    list_links: Sequence[tuple[Text, str, str]] = ()  # (label, url name, permission) above the list

    # The object's page.
    panels: Sequence[Panel] = ()
    tabs: Sequence[Tab] = ()
    actions: Sequence[Action] = ()
    state_field: str = "status"  # shown as a badge beside the title
    history_of: Sequence[tuple[type[models.Model], str]] = ()  # (child model, its key to this)

    # Forms.
    form: type[ModelForm] | None = None
    bulk_fields: Sequence[str] = ()
    import_key: str = ""  # form field by which an imported row finds what it updates
    import_lookups: dict[str, str] = {}  # form field: field of the related row written in the file
    loses: Text = ""  # what is lost with the object, said before it is deleted
    type_name_to_delete: bool = False  # deleting asks for the object's name to be typed

    # A screen that needs more replaces the view.
    list_view: type[lists.ListView] = lists.ListView
    detail_view: type[details.DetailView] = details.DetailView
    create_view: type[edits.CreateView] = edits.CreateView
    edit_view: type[edits.EditView] = edits.EditView
    delete_view: type[edits.DeleteView] = edits.DeleteView
    import_view: type[imports.ImportView] = imports.ImportView

    def __init__(self) -> None:
        meta = self.model._meta
        self.app = self.app or meta.app_label
        self.name = self.name or str(meta.model_name)
        self.noun = self.noun or self.app
        self.title = self.title or meta.verbose_name_plural
        self.singular = self.singular or meta.verbose_name

    # What a subclass writes.

    def queryset(self, actor: Any) -> models.QuerySet[Any]:
        """Return the rows the actor may reach; a subclass asks its selector."""
        return self.model._default_manager.visible_to(actor)  # type: ignore[attr-defined,no-any-return]

    def create(self, actor: Any, values: dict[str, Any]) -> Any:
        """Create an object from a valid form's values and return it."""
        raise NotImplementedError

    def change(self, actor: Any, obj: Any, values: dict[str, Any]) -> Any:
        """Change the object to a valid form's values."""
        raise NotImplementedError

    def remove(self, actor: Any, obj: Any) -> None:
        """Delete the object."""
        raise NotImplementedError

    def initial(self, actor: Any, obj: Any) -> dict[str, Any]:
        """Values of an object's form that are not fields of its model."""
        return {}

    def unseen(self, actor: Any) -> frozenset[str]:
        """Fields of which the history tells this actor nothing."""
        return frozenset()

    def hint(self, obj: Any) -> str:
        """A second line that tells apart objects of the same name, in searches."""
        return ""

    def label(self, obj: Any) -> str:
        """What the object is called, in titles, lists to choose from and searches."""
        return str(obj)

    def key(self, obj: Any) -> Any:
        """What names the object in addresses."""
        return obj.pk

    def get(self, actor: Any, key: Any) -> Any:
        """Return the object, or raise NotFound, as for one that does not exist."""
        try:
            return self.queryset(actor).get(pk=key)
        except (ObjectDoesNotExist, ValueError) as error:
            raise NotFound(f"{self.name} {key}") from error

    # What the screens ask.

    def has(self, method: str) -> bool:
        """Whether the subclass writes `create`, `change` or `remove`."""
        return getattr(type(self), method) is not getattr(Resource, method)

    @property
    def editable(self) -> bool:
        return self.form is not None and self.has("change")

    def url(self, action: str, *args: Any) -> str | None:
        """Return the address of one of the screens, or None."""
        return url_or_none(f"{self.app}:{self.name}_{action}", *args)

    def url_if(self, actor: Any, action: str, verb: str, *args: Any) -> str | None:
        """As `url`, for who has the permission."""
        return self.url(action, *args) if actor.can(f"{self.noun}.{verb}") else None

    def empty_text(self, actor: Any) -> Any:
        """What an empty list says besides: how to begin, to who may."""
        may_begin = not self.has("create") or actor.can(f"{self.noun}.edit")
        return self.empty if may_begin else ""

    def may_delete(self, obj: Any) -> bool:
        """Whether deleting is offered for this object; the service has the last word."""
        return True

    def may_change(self, obj: Any) -> bool:
        """Whether changing is offered for this object; the service has the last word."""
        return True

    def row_actions(self, actor: Any, obj: Any) -> list[dict[str, Any]]:
        """The menu of one row: address, label, icon; those with `post` act at once."""
        key = self.key(obj)
        menu = [
            self.action_link(a, obj) for a in self.actions if a.in_rows and a.offered(actor, obj)
        ]
        if self.may_change(obj) and (url := self.url_if(actor, "edit", "edit", key)):
            menu.append({"url": url, "label": edits.EDIT, "icon": "edit"})
        if url := self.url_if(actor, "history", "view", key):
            menu.append({"url": url, "label": history.HISTORY, "icon": "history"})
        if self.may_delete(obj) and (url := self.url_if(actor, "delete", "delete", key)):
            menu.append({"url": url, "label": edits.DELETE, "icon": "trash", "danger": True})
        return menu

    def action_link(self, action: Action, obj: Any) -> dict[str, Any]:
        """An action as a button: where it leads and whether it acts at once."""
        key = self.key(obj)
        url = url_or_none(action.url, key) if action.url else self.url("do", key, action.name)
        return {
            "url": url,
            "label": action.label,
            "icon": action.icon,
            "danger": action.danger,
            "post": not action.url and not action.asks,
        }

    def action(self, name: str) -> Action:
        """Return a declared action that runs here, or raise NotFound."""
        for action in self.actions:
            if action.name == name and action.run is not None:
                return action
        raise NotFound(name)

    @classmethod
    def urls(cls, prefix: str = "", key: str = "int:key") -> list[URLPattern]:
        """Return the addresses of the declared screens below `prefix` (`plans/`, or nothing)."""
        r = cls()
        found: list[tuple[str, str, Any]] = [
            ("", "list", cls.list_view),
            ("columns/", "columns", lists.ColumnsView),
            ("export/", "export", exports.ExportView),
        ]
        if cls.filters.search:
            found.append(("options/", "options", lists.OptionsView))
        if r.form is not None and r.has("create"):
            found.append(("add/", "add", cls.create_view))
        if r.import_key and r.form is not None:
            found.append(("import/", "import", cls.import_view))
        if r.bulk_fields and r.editable:
            found.append(("bulk/edit/", "bulk_edit", bulk.BulkEditView))
        if r.has("remove"):
            found.append(("bulk/delete/", "bulk_delete", bulk.BulkDeleteView))
        if any(a.bulk and a.run for a in r.actions):
            found.append(("bulk/do/<slug:action>/", "bulk_do", bulk.BulkActionView))
        if r.panels:
            found.append((f"<{key}>/", "detail", cls.detail_view))
        if r.editable:
            found.append((f"<{key}>/edit/", "edit", cls.edit_view))
        if r.has("remove"):
            found.append((f"<{key}>/delete/", "delete", cls.delete_view))
        if any(a.run for a in r.actions):
            found.append((f"<{key}>/do/<slug:action>/", "do", details.ActionView))
        if r.panels and history.is_tracked(r.model):
            found.append((f"<{key}>/history/", "history", details.HistoryView))
        return [
            path(prefix + route, view.as_view(resource=r), name=f"{r.name}_{action}")
            for route, action, view in found
        ]

    @property
    def heading(self) -> str:
        return capfirst(str(self.title))
