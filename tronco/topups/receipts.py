"""Receipts: what a file is says its content, not its name. No models.

Pictures are painted anew, so that nothing of the file but its pixels is kept: no place where it was
taken, nothing behind its end. A PDF stays as it is, and is only ever handed out as a download.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from tronco.core.errors import InvalidInput

MOST_BYTES = 5_000_000
MOST_PIXELS = 12_000  # a side
# A file of some kilobytes may unpack to gigabytes; of a photo less is unpacked.
MOST_OF_PHOTO, MOST_OF_PNG = 64_000_000, 25_000_000
SIZE = (2000, 2000)
PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
EXTENSIONS = {PDF: "pdf", JPEG: "jpg", PNG: "png"}
ACCEPT = ",".join(EXTENSIONS)
# Where a PDF must have said what it is, and that it ends.
_HEAD, _TAIL = 1024, 2048
_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


@dataclass(frozen=True, slots=True)
class Paper:
    """A file that may be kept, and what it is."""

    media_type: str
    content: bytes


def read_receipt(data: bytes) -> Paper:
    """Return what may be kept of a file, or raise InvalidInput."""
    if len(data) > MOST_BYTES:
        raise _refused(_("The file is larger than 5 MB."))
    if b"%PDF-" in data[:_HEAD]:
        if b"%%EOF" not in data[-_TAIL:]:
            raise _refused(_("This PDF is not whole; send it again."))
        return Paper(PDF, data)
    return _repainted(data)


def _repainted(data: bytes) -> Paper:
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
            # A telephone's may be several in one file, which is called MPO.
            is_photo = image.format != "PNG"
            most = MOST_OF_PHOTO if is_photo else MOST_OF_PNG
            if max(image.size) > MOST_PIXELS or image.width * image.height > most:
                raise _refused(_("The picture has too many pixels."))
            image.draft("RGB", SIZE)
            painted = image.convert("RGB" if is_photo else "RGBA")
        painted.thumbnail(SIZE)
        # Telephones write beside the pixels which way is up.
        painted = ImageOps.exif_transpose(painted)
    except _BROKEN as problem:
        raise _refused(_("Send a PDF, JPG or PNG file; this is none.")) from problem
    clean = Image.new(painted.mode, painted.size)
    clean.paste(painted)
    out = io.BytesIO()
    clean.save(out, "JPEG" if is_photo else "PNG", optimize=True)
    return Paper(JPEG if is_photo else PNG, out.getvalue())


def _refused(why: str) -> InvalidInput:
    return InvalidInput(why, field="receipt_file", code="receipt")
