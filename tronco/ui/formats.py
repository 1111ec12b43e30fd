"""How values are written for people: one place for tables, panels, histories and exports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tronco.core.money import format_brl

NOTHING = "—"
# Colours of the words that states share; a column or a panel may bring its own.
STATE_COLORS: Mapping[str, str] = {
    "active": "green",
    "answered": "green",
    "approved": "green",
    "online": "green",
    "published": "green",
    "up": "green",
    "credit": "green",
    "pending": "yellow",
    "draft": "yellow",
    "no_answer": "yellow",
    "busy": "yellow",
    "suspended": "orange",
    "refused": "orange",
    "down": "red",
    "failed": "red",
    "removed": "red",
    "debit": "red",
    "prepaid": "blue",
    "control": "purple",
    "postpaid": "teal",
    "in": "azure",
    "out": "indigo",
}


def money(amount_u: int | None, *, decimals: int = 2) -> str:
    """Write µR$; nothing for None."""
    return NOTHING if amount_u is None else format_brl(amount_u, decimals=decimals)


def money_html(amount_u: int | None, *, decimals: int = 2) -> str:
    """As `money`, below zero in red and never broken over two lines."""
    if amount_u is None:
        return NOTHING
    tone = " text-danger" if amount_u < 0 else ""
    return format_html(
        '<span class="text-nowrap{}">{}</span>', tone, money(amount_u, decimals=decimals)
    )


def count(number: int) -> str:
    """Write how many, with its thousands apart."""
    return str(formats.number_format(number, use_l10n=True, force_grouping=True))


def duration(seconds: float | None) -> str:
    """Write `4:05` or `1:02:03`; whole seconds, cut."""
    if seconds is None:
        return NOTHING
    whole = int(seconds)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def instant(value: datetime | None) -> str:
    """Write date and time of the wall clock, to the second."""
    if value is None:
        return NOTHING
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    return f"{formats.date_format(local, 'SHORT_DATE_FORMAT')} {local:%H:%M:%S}"


def day(value: date | None) -> str:
    """Write a date."""
    return NOTHING if value is None else formats.date_format(value, "SHORT_DATE_FORMAT")


def yes_no(value: bool | None) -> str:
    """Write yes, no or nothing."""
    return NOTHING if value is None else (_("Yes") if value else _("No"))


def badge(text: object, color: str = "secondary") -> SafeString:
    """A coloured word; the word carries the meaning, the colour only helps."""
    return format_html('<span class="badge bg-{0}-lt">{1}</span>', color, text)


def state_badge(
    value: object, label: object, colors: Mapping[str, str] | None = None
) -> SafeString:
    """The badge of one value of a set of choices."""
    key = str(value)
    return badge(label, (colors or {}).get(key) or STATE_COLORS.get(key, "secondary"))


def field_text(field: models.Field[Any, Any] | None, value: Any) -> str:
    """Write the value of a model's field as plain text (choices by their labels)."""
    if value is None or value in ("", []):
        return NOTHING
    if isinstance(value, bool):
        return yes_no(value)
    if isinstance(field, ArrayField):
        return ", ".join(field_text(field.base_field, item) for item in value)
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    if field is not None and field.name.endswith("_u") and isinstance(value, int):
        return money(value)
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return day(value)
    return str(value)


def field_label(field: Any) -> str:
    """What a model's field is called; a key without a name of its own as what it leads to."""
    label = str(getattr(field, "verbose_name", field.name))
    if field.is_relation and label == field.name.replace("_", " "):
        return str(field.related_model._meta.verbose_name)
    return label


def attribute(obj: models.Model, path: str) -> tuple[str, str]:
    """Return the label and the HTML of `path` (`plan__tariff`) of an object, for panels."""
    *parents, name = path.split("__")
    for parent in parents:
        obj = getattr(obj, parent, None)  # type: ignore[assignment]
        if obj is None:
            return name.replace("_", " "), NOTHING
    value = getattr(obj, name)
    value = value() if callable(value) else value
    try:
        field = obj._meta.get_field(name)
    except FieldDoesNotExist:
        return name.replace("_", " "), NOTHING if value in (None, "") else format_html("{}", value)
    return field_label(field), field_html(field, value)


def field_html(field: Any, value: Any) -> str:
    """Write the value of a model's field as HTML."""
    if isinstance(field, ArrayField) and value:
        items = ((field_text(field.base_field, item),) for item in value)
        return format_html_join(" ", '<span class="badge bg-secondary-lt">{}</span>', items)
    if getattr(field, "choices", None) and value not in (None, ""):
        return state_badge(value, field_text(field, value))
    if getattr(field, "name", "").endswith("_u") and isinstance(value, int):
        return money_html(value)
    return format_html("{}", field_text(field, value))
