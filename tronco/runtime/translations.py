"""Compiles the interface's translations where their text is newer; needs no gettext installed."""

from __future__ import annotations

import os
from pathlib import Path

import polib

from tronco.runtime.paths import CHECKOUT


def compile_translations(checkout: Path = CHECKOUT) -> int:
    """Return how many catalogues were compiled."""
    stale = [
        source
        for source in checkout.glob("locale/*/LC_MESSAGES/*.po")
        if not (compiled := source.with_suffix(".mo")).exists()
        or compiled.stat().st_mtime < source.stat().st_mtime
    ]
    for source in stale:
        unfinished = source.with_suffix(f".mo.{os.getpid()}")
        polib.pofile(str(source)).save_as_mofile(str(unfinished))
        unfinished.rename(source.with_suffix(".mo"))
    return len(stale)
