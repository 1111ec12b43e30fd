"""The history of an object: who changed what, when and why, from pghistory's event tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import OuterRef, Subquery
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from tronco.ui import formats

HISTORY = _("History")
WORDS = {"insert": _("Created"), "update": _("Changed"), "delete": _("Deleted")}
COLORS = {"insert": "green", "update": "blue", "delete": "red"}
_OWN = {"id", "created_at"}
MOST_EVENTS = 500

Names = dict[tuple[Any, Any], str]  # (model, id): what the object is called


@dataclass(frozen=True)
class Difference:
    """One field before and after; before is empty when the object was new."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Event:
    """One change of one object."""

    at: datetime
    what: str
    kind: str
    object: str
    who: str
    why: str
    request_id: str
    differences: tuple[Difference, ...]

    @property
    def unshown(self) -> int:
        """How many differences stay folded away."""
        return len(self.differences) - 3

    @property
    def badge(self) -> str:
        """What happened, as a coloured word."""
        return formats.badge(WORDS.get(self.what, self.what), COLORS.get(self.what, "secondary"))


def event_models() -> dict[type[models.Model], Any]:
    """Return the event model of each tracked model."""
    tracked = ((getattr(m, "pgh_tracked_model", None), m) for m in apps.get_models())
    return {model: events for model, events in tracked if model is not None}


def is_tracked(model: type[models.Model]) -> bool:
    """Whether the model's changes are recorded."""
    return model in event_models()


def list_events(
    model: type[models.Model], where: dict[str, Any], *, unseen: frozenset[str] = frozenset()
) -> list[Event]:
    """Return the recorded changes of the objects that `where` names, latest first; 500 at most.

    Of the fields `unseen` nothing is told.
    """
    found = event_models()[model]._default_manager.filter(**where)
    rows = found.select_related("pgh_context").order_by("-pgh_id")[:MOST_EVENTS]
    return compared(list(rows), unseen=unseen)


def compared(rows: list[Any], *, unseen: frozenset[str] = frozenset()) -> list[Event]:
    """Return rows of event tables as what they say, each compared with the one before it."""
    before = rows_before(rows)
    names = related_names([*rows, *before.values()])
    return [event_of(row, before.get((type(row), row.pgh_id)), names, unseen) for row in rows]


def rows_before(rows: list[Any]) -> dict[tuple[type, int], Any]:
    """Find, for each event, the one before it of the same object: two queries an event table."""
    found: dict[tuple[type, int], Any] = {}
    for events in {type(row) for row in rows}:
        ids = [row.pgh_id for row in rows if type(row) is events]
        earlier = events._default_manager.filter(
            pgh_obj_id=OuterRef("pgh_obj_id"), pgh_id__lt=OuterRef("pgh_id")
        ).order_by("-pgh_id")
        asked = events._default_manager.filter(pgh_id__in=ids)
        previous = dict(asked.values_list("pgh_id", Subquery(earlier.values("pgh_id")[:1])))
        old = events._default_manager.in_bulk([one for one in previous.values() if one])
        found |= {(events, new): old[one] for new, one in previous.items() if one in old}
    return found


def related_names(rows: list[Any]) -> Names:
    """Name every object that the rows refer to, as far as it is still there and in reach."""
    wanted: dict[Any, set[Any]] = {}
    for row in rows:
        for field in row.pgh_tracked_model._meta.concrete_fields:
            if field.is_relation and getattr(row, field.attname, None) is not None:
                wanted.setdefault(field.related_model, set()).add(getattr(row, field.attname))
    names: Names = {}
    for model, ids in wanted.items():
        owned = any(f.name == "tenant" for f in model._meta.concrete_fields)
        found = model._default_manager.filter(pk__in=ids)
        for obj in found.select_related("tenant") if owned else found:
            names[model, obj.pk] = str(obj)
    return names


def event_of(row: Any, before: Any, names: Names, unseen: frozenset[str]) -> Event:
    """Return one row of an event table as what it says."""
    model = row.pgh_tracked_model
    metadata = row.pgh_context.metadata if row.pgh_context else {}
    deleted = row.pgh_label == "delete"
    return Event(
        at=row.pgh_created_at,
        what=row.pgh_label,
        kind=capfirst(str(model._meta.verbose_name)),
        object=object_name(row, names),
        who=metadata.get("who") or "",
        why=metadata.get("why") or "",
        request_id=metadata.get("request") or "",
        differences=() if deleted else tuple(differences(model, row, before, names, unseen)),
    )


def object_name(row: Any, names: Names) -> str:
    """Return the best name of an object that an event still knows; a model may say which field."""
    model = row.pgh_tracked_model
    if own := getattr(model, "history_name", ""):
        field = model._meta.get_field(own)
        return value_text(field, getattr(row, field.attname), names)
    fields = ("name", "username", "number", "e164", "raw")
    return next((str(getattr(row, f)) for f in fields if getattr(row, f, "")), f"#{row.pgh_obj_id}")


def differences(
    model: Any, row: Any, before: Any, names: Names, unseen: frozenset[str]
) -> Iterable[Difference]:
    """Yield the fields that an event changed."""
    for field in model._meta.concrete_fields:
        if field.name in _OWN | unseen or not field.editable or not hasattr(row, field.attname):
            continue
        new = getattr(row, field.attname)
        old = getattr(before, field.attname) if before is not None else None
        same = new in (None, "", [], {}) if before is None else new == old
        if not same:
            label = capfirst(formats.field_label(field))
            was = "" if before is None else value_text(field, old, names)
            yield Difference(label, was, value_text(field, new, names))


def value_text(field: Any, value: Any, names: Names) -> str:
    """Write a stored value; a related object by its name and id."""
    if value is not None and field.is_relation:
        name = names.get((field.related_model, value))
        return f"{name} (#{value})" if name else f"#{value}"
    return formats.field_text(field, value)
