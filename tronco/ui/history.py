"""The history of an object: who changed what, when and why, from pghistory's event tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from tronco.ui import formats

HISTORY = _("History")
WORDS = {"insert": _("Created"), "update": _("Changed"), "delete": _("Deleted")}
COLORS = {"insert": "green", "update": "blue", "delete": "red"}
_OWN = {"id", "created_at"}
MOST_EVENTS = 500


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


def list_events(model: type[models.Model], where: dict[str, Any]) -> list[Event]:
    """Return the recorded changes of the objects that `where` names, latest first; 500 at most."""
    found = event_models()[model]._default_manager.filter(**where)
    latest = found.select_related("pgh_context").order_by("-pgh_id")[:MOST_EVENTS]
    rows = sorted(latest, key=lambda row: (row.pgh_obj_id, row.pgh_id))
    # Each with the one before it of the same object, if that was read.
    pairs = zip([None, *rows], rows, strict=False)
    before = {row.pgh_id: old for old, row in pairs if old and old.pgh_obj_id == row.pgh_obj_id}
    rows.sort(key=lambda row: int(row.pgh_id), reverse=True)
    return [event_of(row, before.get(row.pgh_id)) for row in rows]


def event_of(row: Any, before: Any) -> Event:
    """Return one row of an event table as what it says, compared with the one before it."""
    model = row.pgh_tracked_model
    metadata = row.pgh_context.metadata if row.pgh_context else {}
    return Event(
        at=row.pgh_created_at,
        what=row.pgh_label,
        kind=capfirst(str(model._meta.verbose_name)),
        object=object_name(row),
        who=metadata.get("who") or "",
        why=metadata.get("why") or "",
        request_id=metadata.get("request") or "",
        differences=tuple(differences(model, row, before)) if row.pgh_label != "delete" else (),
    )


def object_name(row: Any) -> str:
    """Return the best name of an object that an event still knows; a model may say which field."""
    model = row.pgh_tracked_model
    if own := getattr(model, "history_name", ""):
        field = model._meta.get_field(own)
        return value_text(field, getattr(row, field.attname))
    names = ("name", "username", "number", "e164", "raw")
    return next((str(getattr(row, n)) for n in names if getattr(row, n, "")), f"#{row.pgh_obj_id}")


def differences(model: type[models.Model], row: Any, before: Any) -> Iterable[Difference]:
    """Yield the fields that an event changed."""
    for field in model._meta.concrete_fields:
        if field.name in _OWN or not field.editable or not hasattr(row, field.attname):
            continue
        new = getattr(row, field.attname)
        old = getattr(before, field.attname) if before is not None else None
        empty = new in (None, "", [], {}) if before is None else new == old
        if not empty:
            label = capfirst(formats.field_label(field))
            was = "" if before is None else value_text(field, old)
            yield Difference(label, was, value_text(field, new))


def value_text(field: Any, value: Any) -> str:
    """Write a stored value; a related object by its name, if it is still there and in reach."""
    if value is not None and field.is_relation:
        related = field.related_model._default_manager.filter(pk=value).first()
        return f"{related} (#{value})" if related is not None else f"#{value}"
    return formats.field_text(field, value)
