"""What stands in the way of deleting something: who names it, in words that tell where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from tronco.core.errors import Conflict
from tronco.pbx.models import MenuOption
from tronco.tenancy.access import Actor
from tronco.ui.urls import visible_url

MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Use:
    """Who names something: in words, and where he has a page, its address."""

    text: str
    url: str | None


def list_uses(*, actor: Actor, obj: models.Model) -> list[Use]:
    """Return who names `obj` and where; rows of higher folders too, without importing them."""
    uses = []
    for row, text in _uses(actor, obj):
        # A key has no page but its menu's.
        page = row.owner if isinstance(row, MenuOption) else row
        uses.append(Use(text, visible_url(page, actor)))
    return uses


def refuse_if_used(*, actor: Actor, obj: models.Model) -> None:
    """Raise Conflict, naming the places, while something other than itself names `obj`."""
    own = (type(obj), obj.pk)
    uses = [text for row, text in _uses(actor, obj) if (type(row), row.pk) != own]
    if uses:
        raise Conflict(
            _("%(name)s is in use: %(uses)s.") % {"name": obj, "uses": "; ".join(uses)},
            code="in-use",
            details={"uses": uses},
        )


def _uses(actor: Actor, obj: models.Model) -> Iterator[tuple[models.Model, str]]:
    for relation in obj._meta.get_fields(include_hidden=True):
        # What goes along with it, and the history's copies, do not hold it.
        if not relation.auto_created or getattr(relation, "on_delete", None) is not models.PROTECT:
            continue
        manager = relation.related_model._default_manager  # type: ignore[union-attr]
        visible = getattr(manager, "visible_to", None)
        if visible is None:
            continue
        name = relation.field.name  # type: ignore[union-attr]
        for row in visible(actor).filter(**{name: obj})[:MOST_NAMED]:
            kind = capfirst(str(row._meta.verbose_name))
            field = str(row._meta.get_field(name).verbose_name)
            yield row, f"{kind} {row} ({field})"
