"""Logos: whatever is sent is looked at by its content and painted anew, so that nothing of the file
but its pixels is kept. No models."""

from __future__ import annotations

import io

from django.utils.translation import gettext as _
from PIL import Image

from tronco.core.errors import InvalidInput

MOST_BYTES = 2_000_000
MOST_PIXELS = 4_000
# Twice what screens and e-mails show.
SIZE = (480, 144)
FORMATS = ("PNG", "JPEG", "WEBP")
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


def read_logo(data: bytes) -> bytes:
    """Return a PNG of ours, or raise InvalidInput."""
    if len(data) > MOST_BYTES:
        raise _refused(_("The file is larger than 2 MB."))
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if max(image.size) > MOST_PIXELS:
                raise _refused(_("The picture is larger than 4000 × 4000."))
            painted = image.convert("RGBA")
    except _BROKEN as problem:
        raise _refused(_("Send a PNG, JPEG or WebP picture; this is none.")) from problem
    painted.thumbnail(SIZE)
    # Without what the file said beside its pixels.
    clean = Image.new("RGBA", painted.size)
    clean.paste(painted)
    out = io.BytesIO()
    clean.save(out, "PNG", optimize=True)
    return out.getvalue()


def _refused(why: str) -> InvalidInput:
    return InvalidInput(why, field="logo_file", code="logo")
