"""Why a call ended, in words: the causes of ITU-T Q.850 that are met in practice."""

from __future__ import annotations

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

_WORDS = {
    1: _("the number is not assigned"),
    3: _("no way to the number"),
    16: _("normal end"),
    17: _("busy"),
    18: _("the phone did not react"),
    19: _("nobody answered"),
    20: _("the subscriber cannot be reached"),
    21: _("refused"),
    22: _("the number has changed"),
    26: _("answered on another phone"),
    27: _("the destination is out of order"),
    28: _("the number is incomplete or wrong"),
    31: _("normal, without details"),
    34: _("no circuit free at the carrier"),
    38: _("the carrier's network is out of order"),
    41: _("a passing fault at the carrier"),
    42: _("the carrier is overloaded"),
    44: _("the channel asked for is not free"),
    50: _("the service was not subscribed to"),
    57: _("not authorised by the carrier"),
    58: _("not available at the moment"),
    88: _("the destination does not match"),
    102: _("no answer from the other side in time"),
    111: _("protocol error"),
    127: _("not told by the other side"),
}


def cause_text(cause: int) -> str:
    """Say a Q.850 cause in words, with its number; nothing for 0."""
    if not cause:
        return ""
    word = _WORDS.get(cause)
    told = word or _now("cause unknown to us")
    return f"{told} ({cause})"


# How the switch says that a trunk's attempt ended.
_STATUSES = {
    "ANSWER": _("answered"),
    "BUSY": _("busy"),
    "NOANSWER": _("not answered"),
    "CANCEL": _("cancelled by the caller"),
    "CHANUNAVAIL": _("out of reach"),
    "CONGESTION": _("refused by the carrier"),
}


def status_text(status: str) -> str:
    """Return what an attempt's status says, as the switch wrote it where it is unknown."""
    return str(_STATUSES.get(status, status))
