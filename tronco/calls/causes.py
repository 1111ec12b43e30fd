"""Why a call ended, in words: the causes of ITU-T Q.850 that are met in practice."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

_WORDS = {
    1: gettext_noop("the number is not assigned"),
    3: gettext_noop("no way to the number"),
    16: gettext_noop("normal end"),
    17: gettext_noop("busy"),
    18: gettext_noop("the phone did not react"),
    19: gettext_noop("nobody answered"),
    20: gettext_noop("the subscriber cannot be reached"),
    21: gettext_noop("refused"),
    22: gettext_noop("the number has changed"),
    26: gettext_noop("answered on another phone"),
    27: gettext_noop("the destination is out of order"),
    28: gettext_noop("the number is incomplete or wrong"),
    31: gettext_noop("normal, without details"),
    34: gettext_noop("no circuit free at the carrier"),
    38: gettext_noop("the carrier's network is out of order"),
    41: gettext_noop("a passing fault at the carrier"),
    42: gettext_noop("the carrier is overloaded"),
    44: gettext_noop("the channel asked for is not free"),
    50: gettext_noop("the service was not subscribed to"),
    57: gettext_noop("not authorised by the carrier"),
    58: gettext_noop("not available at the moment"),
    88: gettext_noop("the destination does not match"),
    102: gettext_noop("no answer from the other side in time"),
    111: gettext_noop("protocol error"),
    127: gettext_noop("not told by the other side"),
}


def cause_text(cause: int) -> str:
    """Say a Q.850 cause in words, with its number; nothing for 0."""
    if not cause:
        return ""
    word = _WORDS.get(cause)
    told = _(word) if word else _("cause unknown to us")
    return f"{told} ({cause})"
