"""QR codes, drawn here: what they hold may be a secret."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO

import qrcode
import qrcode.constants
import qrcode.image.svg


def qr_picture(text: str) -> str:
    """Return the QR code of a text as an address for an image.

    On a screen nothing of it gets lost: the fewer squares, the easier it is read.
    """
    picture = qrcode.make(
        text,
        image_factory=qrcode.image.svg.SvgPathFillImage,
        error_correction=qrcode.constants.ERROR_CORRECT_L,
    )
    out = BytesIO()
    picture.save(out)
    return f"data:image/svg+xml;base64,{b64encode(out.getvalue()).decode()}"
