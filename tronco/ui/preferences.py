"""What a user chose for himself: columns of a list, rows of a page."""

from __future__ import annotations

from typing import Any

PER_PAGE = (25, 50, 100, 250)


def find_table(user: Any, name: str) -> dict[str, Any]:
    """Return what the user chose for a table, or nothing."""
    found = user.preferences.get("tables", {}).get(name, {})
    return found if isinstance(found, dict) else {}


def keep_table(user: Any, name: str, **chosen: Any) -> None:
    """Remember choices for a table; None forgets one."""
    tables = user.preferences.setdefault("tables", {})
    merged = {**tables.get(name, {}), **chosen}
    tables[name] = {key: value for key, value in merged.items() if value is not None}
    user.save(update_fields=["preferences"])
