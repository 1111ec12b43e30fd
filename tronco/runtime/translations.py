"""The interface's translations: compiled where their text is newer, and read without Django.

What runs before Django, or never needs it, speaks by `gettext` here; the catalogue is the same.
Portuguese, unless TRONCO_LANGUAGE is `en`.
"""

from __future__ import annotations

import contextlib
import gettext as standard
import os
from functools import cache
from pathlib import Path

from tronco.runtime.paths import CHECKOUT


def compile_translations(checkout: Path = CHECKOUT) -> int:
    """Return how many catalogues were compiled."""
    stale = [
        source
        for source in checkout.glob("locale/*/LC_MESSAGES/*.po")
        if not (compiled := source.with_suffix(".mo")).exists()
        or compiled.stat().st_mtime < source.stat().st_mtime
    ]
    if stale:
        import polib  # only then: commands start fast
    for source in stale:
        unfinished = source.with_suffix(f".mo.{os.getpid()}")
        polib.pofile(str(source)).save_as_mofile(str(unfinished))
        unfinished.rename(source.with_suffix(".mo"))
    return len(stale)


def gettext(text: str) -> str:
    """Return a text in the installation's language."""
    return _catalogue(os.environ.get("TRONCO_LANGUAGE", "")).gettext(text)


def gettext_noop(text: str) -> str:
    """Mark a text that is translated where it is told."""
    return text


@cache
def _catalogue(language: str) -> standard.NullTranslations:
    if language == "en":
        return standard.NullTranslations()
    # A checkout that we may not write to has what was compiled last.
    with contextlib.suppress(OSError):
        compile_translations()
    return standard.translation("django", CHECKOUT / "locale", ["pt_BR"], fallback=True)
