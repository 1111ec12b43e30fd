"""Why a call is not let through: one reason a call, the worst first, each told the same everywhere.

The order of the table is the order of the guards. `sip` is what a telephone is answered, `cause`
the Q.850 cause of the record, `sound` the announcement (none where a tone says it better).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Reason:
    id: str
    sip: int
    cause: int
    sound: str | None
    message: Promise


_TABLE: Final = (
    Reason("unknown-line", 403, 21, None, _("The line is not known.")),
    Reason("no-payer", 403, 21, "unavailable", _("No line pays for the call.")),
    Reason("line-disabled", 403, 21, None, _("The line is disabled.")),
    Reason("suspended", 403, 21, "suspended", _("The line or its account is suspended.")),
    Reason("unknown-number", 404, 1, None, _("The number is not one of ours.")),
    Reason("number-not-in-use", 404, 1, "invalid-number", _("The number is not in use.")),
    Reason(
        "caller-unknown",
        403,
        21,
        "not-allowed",
        _("The number may not be called by who does not show his own."),
    ),
    Reason(
        "caller-not-allowed",
        403,
        21,
        "not-allowed",
        _("The number may not be called by numbers of this kind."),
    ),
    Reason("locked-out", 403, 21, "locked-out", _("There were too many wrong PINs.")),
    Reason("not-in-portal", 403, 21, "not-allowed", _("The caller is not in the voice portal.")),
    Reason("card-unknown", 403, 21, "wrong-card", _("There is no such card.")),
    Reason("wrong-pin", 403, 21, "wrong-pin", _("The PIN is wrong.")),
    Reason("card-blocked", 403, 21, "card-blocked", _("The card is blocked or not yet active.")),
    Reason("card-expired", 403, 21, "card-expired", _("The card has expired.")),
    Reason("card-empty", 402, 21, "card-empty", _("The card has no credit.")),
    Reason("invalid-number", 484, 28, "invalid-number", _("There is no such number.")),
    Reason(
        "class-not-allowed",
        403,
        21,
        "not-allowed",
        _("The line may not call numbers of this class."),
    ),
    Reason("too-many-calls", 486, 17, None, _("There are too many calls at the same time.")),
    Reason("too-many-per-second", 503, 34, None, _("There are too many calls a second.")),
    Reason("no-rate", 403, 21, "not-allowed", _("The price list has no price for this number.")),
    Reason("below-cost", 403, 21, "not-allowed", _("The call would be sold below its cost.")),
    Reason("no-route", 404, 3, "unavailable", _("No route leads to this number.")),
    Reason("trunks-full", 503, 34, "unavailable", _("All trunks are busy.")),
    Reason(
        "gate-closed",
        503,
        34,
        "unavailable",
        _("After a restart of the database, the calls in progress are still being counted."),
    ),
    Reason("unreachable", 503, 34, "unavailable", _("Charging cannot be reached.")),
    Reason(
        "too-much-today",
        403,
        21,
        "try-later",
        _("The calls of the day have cost as much as they may."),
    ),
    Reason("no-credit", 402, 21, "no-credit", _("There is no credit for this call.")),
    Reason("nobody-there", 480, 20, "unavailable", _("There is nobody there to answer.")),
)
REASONS: Final = {reason.id: reason for reason in _TABLE}


def get_reason(reason_id: str) -> Reason:
    """Return the reason with that stable id; KeyError is a mistake of the program."""
    return REASONS[reason_id]
