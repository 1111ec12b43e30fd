"""What is asked of a call before any money is: one guard a line, the worst first. Pure.

What needs the database's locks (limits of calls, holds) is asked there, in the same order:
`sql/reserve.sql`. The order of all is the table of `reasons`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Final

from tronco.charging.decks import Level
from tronco.charging.requests import CallRequest

# Whoever is suspended receives calls for so long, as far as they cost him nothing (Anatel,
# Resolução 765/2023).
KEEPS_RECEIVING: Final = timedelta(days=30)


def find_line_refusal(request: CallRequest, chain: Sequence[Level]) -> str | None:
    """Return why the line may not call this number, whatever it has; None when it may."""
    line, number = request.line, request.number
    if line is None:
        return "unknown-line"
    if line.account_id is None and not request.is_free:
        return "no-payer"
    if line.status == "disabled":
        return "line-disabled"
    if _is_suspended(request, chain):
        return "suspended"
    if request.is_incoming:
        is_known = request.priced is not None and request.priced.call_class is not None
        return None if is_known or request.is_free else "caller-unknown"
    if number.call_class is None:
        # Within the platform a circuit's own number is dialled, which is of no class.
        return "invalid-number" if request.is_charged else None
    if line.allowed_classes is not None and number.call_class not in line.allowed_classes:
        return "class-not-allowed"
    return None


def _is_suspended(request: CallRequest, chain: Sequence[Level]) -> bool:
    since = [level.suspended_at for level in chain if not level.is_active]
    if request.line is not None and request.line.status != "active":
        since.append(request.line.suspended_at)
    if not since or not (request.is_incoming and request.is_free):
        return bool(since)
    return any(moment and request.at - moment > KEEPS_RECEIVING for moment in since)


def is_below_cost(chain: Sequence[Level], minutes: Sequence[Fraction]) -> bool:
    """Tell whether a seller of the chain pays more for a minute than he gets, and minds.

    `minutes` is what a minute costs each level. Who sells to a level is the next one, and the plan
    of the level says whether he minds.
    """
    return any(
        price < cost and not buyer.sell_below_cost
        for buyer, price, cost in zip(chain, minutes, minutes[1:], strict=False)
    )


def may_send(top: Level, price: Fraction, cost: Fraction | None) -> bool:
    """Tell whether the master may send a call to a carrier; `cost` None is not known."""
    return cost is None or cost <= price or top.sell_below_cost
