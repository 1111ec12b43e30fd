"""The menu, in one place; a permission per item. Filled in with the screens."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def context(request: HttpRequest) -> dict[str, Any]:
    """Template context: the menu as this user sees it."""
    return {}
