"""Columns of lists: their kinds, which are shown, and what they need of the database."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import django_tables2
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django_tables2.columns import library

from tronco.core.money import to_decimal
from tronco.ui import formats
from tronco.ui.urls import screen_url, visible_url

END = {"cell": {"class": "text-end"}}


@library.register
class Column(django_tables2.Column):  # type: ignore[misc]
    """A column; `live` marks what changes by itself, so that an open list refreshes it."""

    def __init__(self, *args: Any, live: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.live = live

    @classmethod
    def from_field(cls, field: Any, **kwargs: Any) -> Any:
        if cls is not Column:
            return None
        if hasattr(field, "verbose_name"):
            kwargs["verbose_name"] = capfirst(field.verbose_name)
        if isinstance(field, models.ForeignKey | models.OneToOneField):
            return RelatedColumn(**kwargs)
        if isinstance(field, models.BooleanField):
            return BooleanColumn(**kwargs)
        if isinstance(field, models.DateTimeField):
            return InstantColumn(**kwargs)
        if getattr(field, "choices", None):
            return BadgeColumn(**kwargs)
        if field is not None and getattr(field, "name", "").endswith("_u"):
            return MoneyColumn(**kwargs)
        if isinstance(field, models.IntegerField | models.DecimalField):
            return NumberColumn(**kwargs)
        return cls(**kwargs)

    def render(self, value: Any) -> Any:
        if isinstance(value, list):
            return ", ".join(map(str, value))
        return value


class NumberColumn(Column):
    """A number, aligned to the right."""

    attrs = END


class LinkColumn(Column):
    """The row's own name: a link to its page."""

    def render(self, value: Any, record: Any) -> Any:  # type: ignore[override]
        url = screen_url(record)
        return format_html('<a href="{}">{}</a>', url, value) if url else value

    def value(self, **kwargs: Any) -> Any:
        return str(kwargs["value"])


class RelatedColumn(Column):
    """Another object: a link to its page for who may open it."""

    def render(self, value: Any, table: Any) -> Any:  # type: ignore[override]
        url = visible_url(value, table.actor) if isinstance(value, models.Model) else None
        return format_html('<a href="{}">{}</a>', url, value) if url else value

    def value(self, **kwargs: Any) -> Any:
        return str(kwargs["value"])


class EmailColumn(Column):
    """An address, broken after its signs where it is too long for one line."""

    attrs = {"td": {"class": "email-cell"}}

    def render(self, value: str) -> Any:
        parts = re.split(r"(?<=[@.])", value)
        return format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in parts))

    def value(self, **kwargs: Any) -> str:
        return str(kwargs["value"])


class MoneyColumn(Column):
    """µR$, as reais; exports hold the exact amount."""

    attrs = END

    def __init__(self, *args: Any, decimals: int = 2, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.decimals = decimals

    def render(self, value: int) -> str:
        return formats.money_html(value, decimals=self.decimals)

    def value(self, **kwargs: Any) -> Any:
        return to_decimal(kwargs["value"]).normalize() + 0


class DurationColumn(Column):
    """A time span; `unit` says how many of the stored units make a second."""

    attrs = END

    def __init__(self, *args: Any, per_second: int = 1, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.per_second = per_second

    def render(self, value: int) -> str:
        return formats.duration(value / self.per_second)


class InstantColumn(Column):
    """Date and time."""

    attrs = {"td": {"class": "text-nowrap"}}

    def render(self, value: Any) -> str:
        return formats.instant(value)

    def value(self, **kwargs: Any) -> Any:
        return kwargs["value"]


class BooleanColumn(Column):
    """Yes or no, as a mark with a text for who does not see it."""

    empty_values = (None,)
    attrs = {"cell": {"class": "text-center"}}

    def render(self, value: bool) -> SafeString:
        icon, tone = ("check", "text-green") if value else ("minus", "text-secondary")
        return format_html(
            '<i class="ti ti-{} {}" aria-hidden="true"></i><span class="visually-hidden">{}</span>',
            icon,
            tone,
            formats.yes_no(value),
        )

    def value(self, **kwargs: Any) -> str:
        return formats.yes_no(kwargs["value"])


class BadgeColumn(Column):
    """One of a field's choices as a coloured word."""

    def __init__(self, *args: Any, colors: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.colors = colors

    def render(self, value: Any, record: Any, bound_column: Any) -> Any:  # type: ignore[override]
        key = bound_column.accessor.resolve(record)
        return formats.state_badge(key, value, self.colors)

    def value(self, **kwargs: Any) -> str:
        return str(kwargs["value"])


class TemplateColumn(Column):
    """A cell from a template, with `record` and `value`; `text` names what exports hold of it."""

    empty_values = ()

    def __init__(self, template: str, *args: Any, text: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.template = template
        self.text = text
        self.exclude_from_export = bool(kwargs.get("exclude_from_export")) or not text

    def render(self, record: Any, table: Any, value: Any = None) -> str:  # type: ignore[override]
        context = {"record": record, "value": value, "actor": table.actor}
        return render_to_string(self.template, context)

    def value(self, **kwargs: Any) -> Any:
        value = getattr(kwargs["record"], self.text)
        return value() if callable(value) else value


class SequenceColumn(Column):
    """`#`: the row's place in the list."""

    empty_values = ()

    def __init__(self) -> None:
        super().__init__("#", orderable=False, exclude_from_export=True)

    def render(self, table: Any, bound_row: Any) -> int:  # type: ignore[override]
        page = getattr(table, "page", None)
        before = 0 if page is None else (page.number - 1) * page.paginator.per_page
        return int(before) + int(bound_row.row_counter) + 1


class Table(django_tables2.Table):  # type: ignore[misc]
    """A list's columns. `Meta.fields` are all there are, `Meta.default` those shown at first."""

    class Meta:
        template_name = "ui/table.html"
        attrs = {"class": "table table-vcenter card-table table-hover"}
        default: Sequence[str] = ()

    actor: Any = None
    resource: Any = None
    selectable = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # django-tables2 would take `Meta.default` for what an empty cell shows.
        kwargs.setdefault("default", formats.NOTHING)
        super().__init__(*args, **kwargs)
        model = getattr(self._meta, "model", None)
        if self.data.model is None and model is not None:
            self._name_columns(model)

    def _name_columns(self, model: type[models.Model]) -> None:
        """Of rows in a list django-tables2 knows no model, and would say its fields' raw names."""
        for bound in self.columns.iterall():
            field = bound.accessor.get_field(model)
            if bound.column.verbose_name is None and hasattr(field, "verbose_name"):
                bound.column.verbose_name = capfirst(field.verbose_name)

    @classmethod
    def default_columns(cls) -> list[str]:
        """Names of the columns shown to who has chosen none."""
        chosen = getattr(getattr(cls, "Meta", None), "default", ()) or cls.base_columns
        return [name for name in chosen if name in cls.base_columns]

    def show(self, names: Sequence[str]) -> None:
        """Show these columns in this order, and no others."""
        shown = [name for name in names if name in self.columns.columns]
        hidden = [name for name in self.columns.columns if name not in shown]
        self.sequence = [*shown, *hidden]
        for name in shown:
            self.columns.show(name)
        for name in hidden:
            self.columns.hide(name)

    def choices(self) -> list[dict[str, Any]]:
        """Every column in its present order, for the dialogue that chooses them."""
        return [
            {"name": column.name, "label": column.header, "shown": column.visible}
            for column in self.columns.iterall()
        ]

    def join_related(self) -> None:
        """Fetch what the shown columns read of related rows in the same query."""
        rows = self.data.data
        if not isinstance(rows, models.QuerySet):
            return
        paths = {related_path(rows.model, str(c.accessor)) for c in self.columns.itervisible()}
        paths.discard("")
        if paths and rows.query.select_related is not True:
            self.data.data = rows.select_related(*sorted(paths))

    def actions_for(self, record: Any) -> list[Any]:
        """The row's menu."""
        return self.resource.row_actions(self.actor, record) if self.resource is not None else []

    def key_of(self, record: Any) -> Any:
        """What names the row in addresses and in the selection."""
        if self.resource is not None:
            return self.resource.key(record)
        return getattr(record, "pk", "")


def related_path(model: type[models.Model], accessor: str) -> str:
    """Return the leading part of an accessor that is foreign keys, in `select_related`'s words."""
    taken: list[str] = []
    for part in accessor.replace(".", "__").split("__"):
        try:
            field = model._meta.get_field(part)
        except FieldDoesNotExist:
            break
        if not (field.many_to_one or field.one_to_one) or field.related_model is None:
            break
        taken.append(part)
        model = field.related_model
    return "__".join(taken)


EMPTY = _("Nothing here yet.")
