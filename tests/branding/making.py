"""Pictures for tests of logos."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image


def picture(size: tuple[int, int] = (600, 200), kind: str = "PNG", **options: Any) -> bytes:
    """A red picture, as somebody sends it."""
    out = io.BytesIO()
    Image.new("RGB", size, "#c01c28").save(out, kind, **options)
    return out.getvalue()
