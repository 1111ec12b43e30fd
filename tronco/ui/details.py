"""An object's page: panels, tabs, and buttons for what can be done to it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tronco.core.errors import TroncoError
from tronco.ui import formats
from tronco.ui.edits import DELETE, EDIT, recorded, safe_return, show_error
from tronco.ui.history import HISTORY, list_events
from tronco.ui.lists import ResourcePage

DETAIL = gettext_lazy("Overview")
MOST_BUTTONS = 2  # beside "edit"; the others are in a menu


class ObjectPage(ResourcePage):
    """A screen of one object; one that the actor may not reach does not exist.

    A folder's own page of an object (its statement, say) extends this, with `tab` the url name it
    has among the resource's tabs.
    """

    tab = ""

    @cached_property
    def object(self) -> Any:
        """The object of the address."""
        return self.resource.get(self.actor, self.kwargs["key"])

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.kwargs = kwargs
        return super().dispatch(request, *args, **kwargs)

    def context(self, **extra: Any) -> dict[str, Any]:
        r, obj, actor = self.resource, self.object, self.actor
        key = r.key(obj)
        tabs = {tab.url for tab in r.tabs}
        offered = [a for a in r.actions if a.offered(actor, obj) and a.url not in tabs]
        buttons = [r.action_link(action, obj) for action in offered]
        edit_url = r.url_if(actor, "edit", "edit", key) if r.may_change(obj) else None
        delete_url = r.url_if(actor, "delete", "delete", key) if r.may_delete(obj) else None
        return super().context(
            **{
                "object": obj,
                "title": r.label(obj),
                "badge": self.badge(),
                "list_url": r.url_if(actor, "list", "view"),
                "buttons": buttons[:MOST_BUTTONS],
                "more_buttons": buttons[MOST_BUTTONS:],
                "edit_url": edit_url,
                "delete_url": delete_url,
                "edit_label": EDIT,
                "delete_label": DELETE,
                "tab_links": self.tab_links(),
                **extra,
            }
        )

    def badge(self) -> str:
        """The object's state, beside its name."""
        name = self.resource.state_field
        value = getattr(self.object, name, None)
        if value is None or not hasattr(self.object, f"get_{name}_display"):
            return ""
        return formats.state_badge(value, getattr(self.object, f"get_{name}_display")())

    def tab_links(self) -> list[dict[str, Any]]:
        """The object's pages; none when there is only the first."""
        r, obj, actor = self.resource, self.object, self.actor
        key = r.key(obj)
        links: list[dict[str, Any]] = [{"label": DETAIL, "url": r.url("detail", key), "name": ""}]
        links += [
            {"label": tab.label, "url": url, "name": tab.url}
            for tab in r.tabs
            if (url := tab.link(actor, obj))
        ]
        if url := r.url_if(actor, "history", "view", key):
            links.append({"label": HISTORY, "url": url, "name": "history"})
        for link in links:
            link["current"] = link["name"] == self.tab
        return links if len(links) > 1 else []


class DetailView(ObjectPage):
    """The object's first page."""

    template_name = "ui/detail.html"

    def context(self, **extra: Any) -> dict[str, Any]:
        panels = [p for p in self.resource.panels if p.offered(self.actor, self.object)]
        rendered = [(panel, panel.render(self.request, self.object)) for panel in panels]
        cards = [(panel, html) for panel, html in rendered if html]
        narrow = [html for panel, html in cards if not panel.wide]
        half = (len(narrow) + 1) // 2
        return super().context(
            left=narrow[:half],
            right=narrow[half:],
            wide=[html for panel, html in cards if panel.wide],
            **extra,
        )


class HistoryView(ObjectPage):
    """An object's changes, and those of the children its resource names."""

    template_name = "ui/history.html"
    tab = "history"
    per_page = 50

    def context(self, **extra: Any) -> dict[str, Any]:
        events = list_events(
            self.resource.model,
            {"pgh_obj_id": self.object.pk},
            unseen=self.resource.unseen(self.actor),
        )
        for child, key in self.resource.history_of:
            events += list_events(child, {f"{key}_id": self.object.pk})
        events.sort(key=lambda event: event.at, reverse=True)
        page = Paginator(events, self.per_page).get_page(self.request.GET.get("page"))
        return super().context(page=page, events=page.object_list, **extra)


class ActionView(ObjectPage):
    """Runs one of the resource's actions on the object, after its form or question."""

    template_name = "ui/action.html"

    def required_permission(self) -> str:
        return self.resource.action(self.kwargs["action"]).permission

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.kwargs = kwargs
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        action = self.offered_action()
        form = action.form(actor=self.actor) if action.form else None
        return self.show(form)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        action = self.offered_action()
        form = action.form(request.POST, actor=self.actor) if action.form else None
        if form is not None and not form.is_valid():
            return self.show(form, status=422)
        values = form.cleaned_data if form is not None else {}
        try:
            with transaction.atomic(), recorded(values.get("reason", "")):
                message = action.do(self.actor, self.object, values)
        except TroncoError as error:
            if form is None:
                messages.error(request, str(error))
                return HttpResponseRedirect(self.back_url())
            show_error(form, error)
            return self.show(form, status=422)
        messages.success(request, str(message or _("Done.")))
        return HttpResponseRedirect(self.back_url())

    def offered_action(self) -> Any:
        """The action of the address, if this object offers it now."""
        action = self.resource.action(self.kwargs["action"])
        if not action.offered(self.actor, self.object):
            raise PermissionDenied
        return action

    def back_url(self) -> str:
        """Where to go afterwards."""
        key = self.resource.key(self.object)
        fallback = self.resource.url("detail", key) or self.resource.url("list") or "/"
        return safe_return(self.request, fallback)

    def show(self, form: Any, *, status: int = 200) -> HttpResponse:
        """The question."""
        action = self.offered_action()
        return self.render(
            form=form, action=action, return_url=self.back_url(), title=action.label, status=status
        )
