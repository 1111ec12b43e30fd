"""What was changed lately, over all kinds of objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tronco.tenancy.access import Actor, within
from tronco.ui.history import Event, compared, event_models

MOST = 200


def list_kinds() -> dict[str, str]:
    """Return `folder.model` and name of every kind of object whose history is kept."""
    kinds = {model._meta.label_lower: str(model._meta.verbose_name) for model in event_models()}
    return dict(sorted(kinds.items(), key=lambda one: one[1]))


def list_changes(
    *,
    actor: Actor,
    kind: str = "",
    who: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = MOST,
) -> list[Event]:
    """Return the latest changes within the actor's reach, each compared with the one before it."""
    actor.require("audit.view")
    rows: list[Any] = []
    for model, events in event_models().items():
        if kind and model._meta.label_lower != kind:
            continue
        path = _owner_path(model)
        if path is None:
            continue
        found = events._default_manager.filter(within(actor, path))
        if who:
            found = found.filter(pgh_context__metadata__who__icontains=who)
        if since:
            found = found.filter(pgh_created_at__gte=since)
        if until:
            found = found.filter(pgh_created_at__lt=until)
        rows += found.select_related("pgh_context").order_by("-pgh_id")[:limit]
    rows.sort(key=lambda row: row.pgh_created_at, reverse=True)
    return compared(rows[:limit])


def _owner_path(model: Any) -> str | None:
    """Return the way from an event to its owner's path; None where it has no owner."""
    lookup: str = getattr(model, "tenant_path_lookup", "tenant__path")
    first = lookup.split("__", maxsplit=1)[0]
    return lookup if any(f.name == first for f in model._meta.get_fields()) else None
