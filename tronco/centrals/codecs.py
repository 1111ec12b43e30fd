"""The audio formats that a central speaks."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tronco.core.errors import InvalidInput

CODECS = ("alaw", "ulaw", "g722", "g729", "gsm", "opus")


def read_codecs(text: str) -> str:
    """Return a clean list, `alaw,ulaw`, in the order given; raises InvalidInput."""
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in CODECS]
    if unknown or not names:
        raise InvalidInput(
            _("Choose among %(codecs)s, separated by commas.") % {"codecs": ", ".join(CODECS)},
            field="codecs",
            code="codec-unknown",
            details={"unknown": unknown},
        )
    return ",".join(dict.fromkeys(names))
