"""Who guesses PINs is not asked for one any more: for a quarter of an hour, then ever longer.

A key names who tries: a caller at a number of ours, the card that is being tried, or a line. The
rows are `pbx.Lockout`; the right PIN forgives what went before.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from tronco.pbx.models import Lockout

FIRST: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(days=7)
FORGET_AFTER: Final = timedelta(days=30)
# A stranger must not lock somebody's card with one call.
MOST_BY_CALLER, MOST_BY_CARD = 3, 9


def caller_key(did_id: int, caller: str) -> str:
    """Who tries, and where; all who do not show their number are one."""
    return f"caller:{did_id}:{caller or 'anonymous'}"[:80]


def card_key(number: str) -> str:
    return f"card:{number}"[:80]


def line_key(circuit_id: int) -> str:
    """Who hears the messages of a line from it."""
    return f"line:{circuit_id}"


def is_locked(*, keys: Collection[str], at: datetime) -> bool:
    """Tell whether one of the keys is locked out."""
    return Lockout.objects.filter(key__in=keys, until__gt=at).exists()


@transaction.atomic
def note_wrong(*, keys: Collection[str], at: datetime) -> bool:
    """Take down a wrong PIN; True when that was one too many for one of the keys."""
    is_too_many = False
    for key in sorted(keys):
        Lockout.objects.get_or_create(key=key, defaults={"last_at": at})
        row = Lockout.objects.select_for_update().get(key=key)
        if at - row.last_at > FORGET_AFTER:
            row.failures = 0
        row.failures += 1
        row.last_at = at
        most = MOST_BY_CARD if key.startswith("card:") else MOST_BY_CALLER
        if row.failures % most == 0:
            row.until = at + min(FIRST * 2 ** (row.failures // most - 1), LONGEST)
            is_too_many = True
        row.save()
    return is_too_many


def forgive(*, keys: Collection[str]) -> None:
    """The PIN was right."""
    Lockout.objects.filter(key__in=keys).delete()
