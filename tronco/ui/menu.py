"""The menu: sections of items, each with its permission. `config/menu.py` has the one there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

Text = Any  # str or a lazy translation


@dataclass(frozen=True)
class Item:
    """A screen: its name, its url name, and the permission to see it (empty: everybody).

    `words` are other names by which the quick access finds it. `count(actor)` tells how much waits
    there for him, `only` who has any use for it (None: everybody).
    """

    label: Text
    url: str
    permission: str
    words: Text = ""
    icon: str = ""
    only: Callable[[Any], bool] | None = None
    count: Callable[[Any], int] | None = None

    def address(self) -> str:
        """Where it leads."""
        return reverse(self.url)


@dataclass(frozen=True)
class Section:
    """Items under a heading. `only` tells who has any use for them (None: everybody)."""

    label: Text
    icon: str
    items: Sequence[Item]
    only: Callable[[Any], bool] | None = None

    def seen_by(self, actor: Any) -> list[Item]:
        """The items this actor may open."""
        if self.only is not None and not self.only(actor):
            return []
        permitted = [i for i in self.items if not i.permission or actor.can(i.permission)]
        return [i for i in permitted if i.only is None or i.only(actor)]


def open_sections(menu: Sequence[Section], actor: Any, path: str) -> Iterator[dict[str, Any]]:
    """Yield what the actor sees of a menu, with what belongs to the current address marked."""
    seen = [
        (section, [(item, item.address()) for item in section.seen_by(actor)]) for section in menu
    ]
    addresses = [address for _section, items in seen for _item, address in items]
    current = max((a for a in addresses if a != "/" and path.startswith(a)), key=len, default=path)
    for section, items in seen:
        if items:
            rows = [
                {"item": i, "url": a, "current": a == current, "count": i.count and i.count(actor)}
                for i, a in items
            ]
            yield {
                "section": section,
                "items": rows,
                "current": any(row["current"] for row in rows),
            }
