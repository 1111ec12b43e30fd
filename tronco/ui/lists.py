"""The list of a resource: search, filters, order, columns, pages, and what refreshes by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.paginator import EmptyPage, Paginator
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.utils.translation import gettext_lazy as _
from django_tables2.paginators import LazyPaginator

from tronco.ui import preferences
from tronco.ui.filters import FilterSet, query_without
from tronco.ui.pages import Page
from tronco.ui.tables import Table
from tronco.ui.urls import is_key, url_or_none

if TYPE_CHECKING:
    from tronco.ui.resource import Resource

MOST_OPTIONS = 25


class ResourcePage(Page):
    """A screen of a resource; `verb` with the resource's noun makes the permission."""

    resource: Resource = None  # type: ignore[assignment]
    verb = "view"

    def required_permission(self) -> str:
        return self.permission or f"{self.resource.noun}.{self.verb}"

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(resource=self.resource, **extra)

    # Shared by the list, its export and its bulk operations.

    def filterset(self) -> FilterSet:
        """The filters of this request over the rows the actor may reach."""
        rows = self.resource.queryset(self.actor)
        return self.resource.filters(self.request.GET, queryset=rows, request=self.request)

    @property
    def table_name(self) -> str:
        return f"{self.resource.app}.{self.resource.name}"

    def table(self, rows: Any) -> Table:
        """The rows in the columns and the order this user chose."""
        table = self.resource.table(rows)
        table.actor, table.resource = self.actor, self.resource
        chosen = preferences.find_table(self.request.user, self.table_name)
        table.show(chosen.get("columns") or table.default_columns())
        # What he may not see would tell itself by its order.
        seen = {choice["name"] for choice in table.choices()}
        asked = self.request.GET.getlist("sort")
        if order := [name for name in asked if name.removeprefix("-") in seen]:
            table.order_by = order
        table.join_related()
        steady(table)
        return table


def steady(table: Table) -> None:
    """Break ties of the order, so that no row is on two pages or on none."""
    rows = table.data.data
    query = getattr(rows, "query", None)
    if query is None:
        return
    order = query.order_by or rows.model._meta.ordering
    if order and "pk" not in order:
        table.data.data = rows.order_by(*order, "pk")


class ListView(ResourcePage):
    """All rows, a page at a time. An htmx request gets the table alone."""

    template_name = "ui/list.html"
    partial_name = "ui/list_table.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        filterset = self.filterset()
        table = self.table(filterset.qs)
        self.paginate(table)
        htmx = request.htmx  # type: ignore[attr-defined]
        partial = htmx and not htmx.boosted and not htmx.history_restore_request
        live = "_live" in request.GET
        template = self.partial_name if partial or live else self.template_name
        response = self.render(template, **self.list_context(filterset, table))
        response["Vary"] = "HX-Request"
        return response

    def paginate(self, table: Table) -> None:
        """Cut the table to the page asked for; nonsense asks for the first one."""
        chosen = preferences.find_table(self.request.user, self.table_name)
        per_page = chosen.get("per_page", preferences.PER_PAGE[1])
        paginator = Paginator if self.resource.counted else LazyPaginator
        wanted = self.request.GET.get("page", "1")
        try:
            table.paginate(paginator, per_page=per_page, page=wanted if is_key(wanted) else 1)
        except EmptyPage:
            table.page = table.paginator.page(table.paginator.num_pages)

    def list_context(self, filterset: FilterSet, table: Table) -> dict[str, Any]:
        """Everything the list's template shows; a list with totals adds them here."""
        r, actor = self.resource, self.actor
        bulk = self.bulk_buttons()
        table.selectable = bool(bulk)
        filtered = bool(filterset.chips())
        return {
            "title": r.heading,
            "table": table,
            "filterset": filterset,
            "chips": filterset.chips(),
            "filtered": filtered,
            "add_url": r.url_if(actor, "add", "edit"),
            "empty_text": r.empty_text(actor),
            "import_url": r.url_if(actor, "import", "edit"),
            "export_url": r.url_if(actor, "export", "export"),
            "columns_url": r.url("columns"),
            "bulk_buttons": bulk,
            "links": [
                {"label": label, "url": url}
                for label, name, permission in r.list_links
                if actor.can(permission) and (url := url_or_none(name))
            ],
            "per_page_choices": preferences.PER_PAGE,
            "query": query_without(self.request.GET, "_live"),
            "query_unsorted": query_without(self.request.GET, "_live", "sort"),
            "live_s": r.live_s,
        }

    def bulk_buttons(self) -> list[dict[str, Any]]:
        """What can be done to a selection by this actor."""
        r, actor = self.resource, self.actor
        buttons = [
            {"url": r.url("bulk_do", a.name), "label": a.label, "icon": a.icon, "danger": a.danger}
            for a in r.actions
            if a.bulk and a.run and actor.can(a.permission)
        ]
        if url := r.url_if(actor, "bulk_edit", "edit"):
            buttons.append({"url": url, "label": _("Edit"), "icon": "edit"})
        if url := r.url_if(actor, "bulk_delete", "delete"):
            buttons.append({"url": url, "label": _("Delete"), "icon": "trash", "danger": True})
        return buttons


class ColumnsView(ResourcePage):
    """Remembers the columns, their order and the rows a page for this user."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        known = set(self.resource.table.base_columns)
        if "reset" in request.POST:
            preferences.keep_table(request.user, self.table_name, columns=None, per_page=None)
        else:
            columns = [c for c in request.POST.getlist("columns") if c in known]
            per_page = request.POST.get("per_page", "")
            allowed = per_page.isdigit() and int(per_page) in preferences.PER_PAGE
            preferences.keep_table(
                request.user,
                self.table_name,
                columns=columns or None,
                per_page=int(per_page) if allowed else None,
            )
        query = request.POST.get("query", "")
        return HttpResponseRedirect(f"{self.resource.url('list')}?{query}")


class OptionsView(ResourcePage):
    """Rows for a select that searches, as JSON: `{"items": [{"id", "text", "hint"}], "more"}`."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
        rows = list(self.filterset().qs[: MOST_OPTIONS + 1])
        items = [
            {"id": row.pk, "text": self.resource.label(row), "hint": self.resource.hint(row)}
            for row in rows[:MOST_OPTIONS]
        ]
        return JsonResponse({"items": items, "more": len(rows) > MOST_OPTIONS})
