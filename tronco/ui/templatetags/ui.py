"""Template tags of the screens."""

from __future__ import annotations

from typing import Any

from django import forms, template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_tables2.paginators import LazyPaginator

from tronco.ui import formats

register = template.Library()
register.filter("money", formats.money_html)
register.filter("count", formats.count)
register.filter("duration", formats.duration)
register.filter("instant", formats.instant)
register.filter("day", formats.day)
register.filter("yes_no", formats.yes_no)


@register.simple_tag
def badge(text: Any, color: str = "secondary") -> SafeString:
    """A coloured word."""
    return formats.badge(text, color)


@register.simple_tag
def state_badge(obj: Any, field: str = "status") -> SafeString:
    """The badge of one of an object's choices."""
    return formats.state_badge(getattr(obj, field), getattr(obj, f"get_{field}_display")())


@register.filter
def kind(bound: forms.BoundField) -> str:
    """How a field is laid out: `check`, `checks` or `plain`."""
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxSelectMultiple | forms.RadioSelect):
        return "checks"
    return "check" if isinstance(widget, forms.CheckboxInput) else "plain"


@register.filter
def when(bound: forms.BoundField) -> SafeString:
    """Attributes of a field that counts only for some values of others (`Form.shown_when`)."""
    form: Any = bound.form
    rules = getattr(form, "shown_when", {}).get(bound.name)
    if not rules:
        return SafeString("")
    told = ";".join(
        f"{form.add_prefix(name)}:{','.join(values) or '*'}" for name, values in rules.items()
    )
    hidden = "" if form.is_shown(bound.name) else " hidden"
    return format_html(' data-when="{}"{}', told, SafeString(hidden))


@register.filter
def item(mapping: Any, key: Any) -> Any:
    """One entry of a mapping."""
    return mapping[key]


@register.simple_tag(takes_context=True)
def can(context: dict[str, Any], permission: str) -> bool:
    """Whether who looks has a permission."""
    return bool(context["request"].actor.can(permission))


@register.filter
def invalid(bound: forms.BoundField) -> SafeString:
    """The field's widget, marked as wrong."""
    classes = f"{bound.field.widget.attrs.get('class', '')} is-invalid"
    return bound.as_widget(attrs={"class": classes})


@register.filter
def key_of(record: Any, table: Any) -> Any:
    """What names a table's row."""
    return table.key_of(record)


@register.filter
def actions_of(record: Any, table: Any) -> Any:
    """The menu of a table's row."""
    return table.actions_for(record)


@register.filter
def counted(page: Any) -> bool:
    """Whether it is known how many rows there are in all."""
    return not isinstance(page.paginator, LazyPaginator)


@register.filter
def page_numbers(page: Any) -> list[int | None]:
    """The pages to link: the first, the last and those around this one; None for a gap."""
    last = page.paginator.num_pages
    if last is None:  # a list that is not counted
        return [page.number]
    near = {1, last, *range(page.number - 2, page.number + 3)}
    shown = sorted(n for n in near if 1 <= n <= last)
    out: list[int | None] = []
    for number in shown:
        if out and out[-1] is not None and number - out[-1] > 1:
            out.append(None)
        out.append(number)
    return out
