"""Texts with places for facts, as resellers write them: `Olá, {customer}`. Nothing is evaluated.

A place is a bare name between braces. Values are put in once and never looked at again, so that
a caller's name with braces in it stays what it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from django.utils.translation import gettext as _

from tronco.core.errors import InvalidInput

_PLACE = re.compile(r"\{([^{}]*)\}")
_BRACE = re.compile(r"[{}]")


def check_text(text: str, places: Collection[str], *, field: str) -> None:
    """Raise InvalidInput, naming the field, for a place that is none of `places`."""
    for name in _PLACE.findall(text):
        if name not in places:
            known = ", ".join(f"{{{place}}}" for place in places)
            raise InvalidInput(
                _("There is no {%(name)s} in this kind of e-mail; these are there: %(known)s.")
                % {"name": name[:40], "known": known},
                field=field,
                code="unknown-place",
            )
    if _BRACE.search(_PLACE.sub("", text)):
        raise InvalidInput(
            _("A brace stands alone; a place for a fact is written like {customer}."),
            field=field,
            code="lone-brace",
        )


def fill(text: str, facts: Mapping[str, str]) -> str:
    """Put the facts into their places; a text that was checked has no other places."""
    return _PLACE.sub(lambda place: facts.get(place.group(1), place.group(0)), text)
