"""Quick access (S1-01): type a screen's name, or a part of what one looks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponseBase

from tronco.ui.imports import plain
from tronco.ui.menu import Section
from tronco.ui.pages import Page

if TYPE_CHECKING:
    from tronco.ui.resource import Resource

MOST_SCREENS = 8
MOST_ROWS = 5
SHORTEST = 2  # letters before rows are searched


class QuickAccess(Page):
    """`?q=`: screens of the menu and rows of `resources` that match, for this actor."""

    template_name = "ui/quick.html"
    menu: Sequence[Section] = ()
    resources: Sequence[Resource] = ()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        wanted = request.GET.get("q", "").strip()
        groups = list(self.groups(wanted)) if len(wanted) >= SHORTEST else []
        return self.render(q=wanted, screens=self.screens(wanted), groups=groups)

    def screens(self, wanted: str) -> list[dict[str, Any]]:
        """Menu entries whose names hold every word; those that begin with it first."""
        words = re.findall(r"\w+", plain(wanted))  # "[REV] Cartões (séries)" is three
        if wanted and not words:
            return []
        found = []
        for section in self.menu:
            for item in section.seen_by(self.actor):
                text = plain(f"{item.label} {item.words} {section.label}")
                if all(word in text for word in words):
                    place = not plain(item.label).startswith(plain(wanted))
                    found.append((place, section, item))
        found.sort(key=lambda one: one[0])
        return [
            {
                "section": section.label,
                "label": item.label,
                "icon": item.icon or section.icon,
                "url": item.address(),
            }
            for _place, section, item in found[:MOST_SCREENS]
        ]

    def groups(self, wanted: str) -> Iterator[dict[str, Any]]:
        """Yield the matching rows of each resource the actor may see."""
        for resource in self.resources:
            if not self.actor.can(f"{resource.noun}.view"):
                continue
            filterset = resource.filters(
                {"q": wanted}, queryset=resource.queryset(self.actor), request=self.request
            )
            rows = list(filterset.qs[:MOST_ROWS])
            if rows:
                yield {
                    "label": resource.heading,
                    "icon": resource.icon,
                    "rows": [
                        {
                            "label": resource.label(row),
                            "hint": resource.hint(row),
                            "url": resource.url("detail", resource.key(row)),
                        }
                        for row in rows
                    ],
                }
