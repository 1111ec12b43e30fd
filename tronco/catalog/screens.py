"""What the catalogue's screens share."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

FIRST_ROWS = 10


def ids_of(values: dict[str, Any], *names: str) -> dict[str, Any]:
    """Turn chosen objects of a form's values into the ids that services take."""
    facts = dict(values)
    for name in names:
        facts[f"{name}_id"] = facts.pop(name).pk
    return facts


def address_to_add(obj: Any, child: str, key: str) -> str:
    """Return the address that adds a child to an object and comes back to its page."""
    back = reverse(f"catalog:{key}_detail", args=[obj.pk])
    return f"{reverse(f'catalog:{child}_add')}?{key}={obj.pk}&return_url={back}"
