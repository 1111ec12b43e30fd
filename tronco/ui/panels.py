"""What an object's page is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import models
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from tronco.ui import formats
from tronco.ui.tables import Table
from tronco.ui.urls import url_or_none, visible_url

Text = Any  # str or a lazy translation
NONE_YET = _("None yet.")
RELATED = _("Related")


class Panel:
    """A card. `wide` takes the page's whole width, otherwise panels stand in two columns."""

    template = ""
    wide = False

    def __init__(
        self,
        title: Text,
        *,
        permission: str = "",
        wide: bool | None = None,
        when: Callable[[Any], bool] | None = None,
    ) -> None:
        self.title = title
        self.permission = permission
        self.when = when
        self.wide = self.wide if wide is None else wide

    def offered(self, actor: Any, obj: Any) -> bool:
        """Whether this actor sees it, for this object."""
        if self.permission and not actor.can(self.permission):
            return False
        return self.when is None or self.when(obj)

    def context(self, request: Any, obj: Any) -> dict[str, Any]:
        """What the panel's template shows."""
        return {}

    def render(self, request: Any, obj: Any) -> SafeString:
        """Return the card's HTML."""
        context = {"panel": self, "object": obj, "actor": request.actor}
        return render_to_string(self.template, {**context, **self.context(request, obj)}, request)


class Value:
    """One line of a panel under a label of its own: what `read(obj)` returns, or a field's name."""

    def __init__(self, label: Text, read: Callable[[Any], Any] | str) -> None:
        self.label, self.read = label, read


class Fields(Panel):
    """Attributes of the object: names of fields (`plan__tariff` follows keys), or `Value`s."""

    template = "ui/panels/fields.html"

    def __init__(self, title: Text, *lines: str | Value, **options: Any) -> None:
        super().__init__(title, **options)
        self.lines = lines

    def context(self, request: Any, obj: Any) -> dict[str, Any]:
        return {"lines": [self.line(line, request.actor, obj) for line in self.lines]}

    def line(self, line: str | Value, actor: Any, obj: Any) -> tuple[str, Any, str | None]:
        """Return label, content, and where the content leads."""
        if isinstance(line, Value):
            if isinstance(line.read, str):
                return str(line.label), *self.line(line.read, actor, obj)[1:]
            value = line.read(obj)
            return str(line.label), formats.NOTHING if value in (None, "") else value, None
        label, content = formats.attribute(obj, line)
        target = obj
        for part in line.split("__"):
            target = getattr(target, part, None)
        link = visible_url(target, actor) if isinstance(target, models.Model) else None
        return capfirst(label), content, link


class Rows(Panel):
    """A child table: `rows(actor, obj)` in the columns of `table`, the first `limit` of them.

    `more` is a url name for "all", called with the object's pk or opened with `more_query(obj)`.
    """

    template = "ui/panels/rows.html"
    wide = True

    def __init__(
        self,
        title: Text,
        table: type[Table],
        rows: Callable[[Any, Any], Any],
        *,
        empty: Text = NONE_YET,
        limit: int = 10,
        more: Callable[[Any], str | None] | None = None,
        add: Callable[[Any], str | None] | None = None,
        add_permission: str = "",
        **options: Any,
    ) -> None:
        super().__init__(title, **options)
        self.table, self.rows, self.empty, self.limit = table, rows, empty, limit
        self.more, self.add, self.add_permission = more, add, add_permission

    def context(self, request: Any, obj: Any) -> dict[str, Any]:
        rows = self.rows(request.actor, obj)
        if isinstance(rows, models.QuerySet):
            rows = list(self.joined(rows)[: self.limit + 1])
        shown = rows[: self.limit]
        table = self.table(shown, orderable=False)
        table.actor = request.actor
        table.show(self.table.default_columns())
        may_add = self.add is not None and request.actor.can(self.add_permission)
        return {
            "table": table,
            "count": len(shown),
            "there_is_more": len(rows) > self.limit,
            "more_url": self.more(obj) if self.more else None,
            "add_url": self.add(obj) if self.add and may_add else None,
        }

    def joined(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """The rows with what their columns read of related ones."""
        table = self.table(rows)
        table.show(self.table.default_columns())
        table.join_related()
        return table.data.data  # type: ignore[no-any-return]


class Html(Panel):
    """A card from a template with `object` and whatever `read(request, obj)` returns."""

    def __init__(
        self,
        title: Text,
        template: str,
        read: Callable[[Any, Any], dict[str, Any]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(title, **options)
        self.template, self.read = template, read

    def context(self, request: Any, obj: Any) -> dict[str, Any]:
        return self.read(request, obj) if self.read else {}


class Chart(Panel):
    """A chart over time: `url(obj)` gives its JSON (see `static/ui/charts.js` for the shape)."""

    template = "ui/panels/chart.html"
    wide = True

    def __init__(self, title: Text, url: Callable[[Any], str], **options: Any) -> None:
        super().__init__(title, **options)
        self.url = url

    def context(self, request: Any, obj: Any) -> dict[str, Any]:
        return {"chart_url": self.url(obj)}


class Related(Panel):
    """How many of each other thing name this object, with a link to their list.

    Reverse relations are walked, so that a page shows what higher folders hang on its object
    without importing them. A relation counts when its model has a list, which is opened filtered.
    """

    template = "ui/panels/related.html"

    def __init__(
        self, title: Text = RELATED, *, always: Sequence[str] = (), **options: Any
    ) -> None:
        """Kinds of which there is none are left out, but for `always` (`folder.model`)."""
        super().__init__(title, **options)
        self.always = always

    def render(self, request: Any, obj: Any) -> SafeString:
        related = list(self.links(request.actor, obj))
        if not related:
            return SafeString("")
        return render_to_string(self.template, {"panel": self, "related": related}, request)

    def links(self, actor: Any, obj: Any) -> Any:
        """Yield label, count and address of each kind of related object."""
        for relation in obj._meta.related_objects:
            model = relation.related_model
            visible = getattr(model._default_manager, "visible_to", None)
            noun = model._meta.app_label
            address = url_or_none(f"{noun}:{model._meta.model_name}_list")
            if not (visible and address and actor.can(f"{noun}.view")):
                continue
            if model._meta.label == obj._meta.label or relation.field.many_to_many:
                continue
            name = relation.field.name
            count = visible(actor).filter(**{name: obj}).count()
            if count or model._meta.label_lower in self.always:
                label = capfirst(str(model._meta.verbose_name_plural))
                yield {"label": label, "count": count, "url": f"{address}?{name}={obj.pk}"}


__all__: Sequence[str] = ["Chart", "Fields", "Html", "Panel", "Related", "Rows", "Value"]
