"""What call control is told: a call may go on, until when, and what to remember of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tronco.charging.errors import Refused
from tronco.charging.offers import Offer
from tronco.charging.requests import Ask, CallRequest, Limit
from tronco.core.errors import Conflict

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A call may go on.

    deadline_s   seconds from the answer at which it must end; None when it is not charged
    is_final     less was granted than was asked for, because of `reason`: play the tone
    accounts     who pays, from the circuit upwards; a credit to any of them is worth an `extend`
    trunk_ids    the trunks that may carry it, in the order that was asked about
    journal      to be written down before the switch is answered: see `Gateway.restore`
    is_recorded  False: let through although the database does not answer, for it is free
    """

    call_id: str
    deadline_s: int | None
    is_final: bool = False
    reason: str = ""
    accounts: tuple[int, ...] = ()
    trunk_ids: tuple[int, ...] = ()
    journal: Mapping[str, Any]
    is_recorded: bool = True


class Reply(NamedTuple):
    """What the database functions answer; see `sql/reserve.sql` for the outcomes."""

    outcome: str
    granted_s: int | None = None
    detail: Any = None
    reason: str | None = None


def row_of(request: CallRequest, offer: Offer) -> Row:
    """The call as a row of charging_authorization."""
    line, number = request.line, request.number
    limits = limits_of(request)
    day_limits = [limit.max_day_u for limit in limits]
    at = request.at.isoformat()
    return {
        "call_id": request.call_id,
        "tenant_id": line.tenant_id if line else None,
        "account_id": line.account_id if line else None,
        "circuit_id": line.circuit_id if line else None,
        "did_id": line.did_id if line else None,
        "central": request.central,
        "direction": request.direction,
        "caller": request.caller[:40],
        "dialled": request.dialled[:80],
        "called": (number.e164 or number.rating_digits or request.dialled)[:40],
        # What an incoming call is depends on who calls.
        "call_class": str(request.priced_number.call_class or ""),
        "started_at": at,
        "seen_at": at,
        "state": "open",
        "meters": [limit.key for limit in limits],
        "day_limits_u": None if all(limit is None for limit in day_limits) else day_limits,
        "facts": offer.facts,
    }


def limits_of(request: CallRequest) -> Sequence[Limit]:
    """The limits in the order of their locks; an emergency call meets none."""
    return () if request.is_emergency else sorted(request.limits)


def grant_start(call: Row, offer: Offer, ask: Ask, reply: Reply) -> Grant:
    """Turn the answer for a call that begins into a grant, or raise what it was refused for."""
    if reply.outcome == "refused":
        details = dict(reply.detail)
        raise Refused(details.pop("reason"), **details)
    deadline_s = reply.granted_s
    is_final = False
    if reply.outcome == "repeated":
        journal = reply.detail
        if journal["call"]["state"] != "open":
            raise call_ended(call["call_id"])
    else:
        is_final = bool(ask.grid) and deadline_s != ask.grid[-1]
        journal = {
            "call": {**call, "deadline_s": deadline_s},
            "holds": [] if deadline_s is None else ask.holds_at(deadline_s),
        }
    return Grant(
        call_id=call["call_id"],
        deadline_s=deadline_s,
        is_final=is_final,
        reason=reply.reason or "" if is_final else "",
        accounts=tuple(level.account for level in offer.terms.levels),
        trunk_ids=offer.trunk_ids,
        journal=journal,
    )


def grant_more(call: Row, holds: Sequence[Row], ask: Ask, reply: Reply) -> Grant:
    """Turn the answer for a running call into a grant; `call` and `holds` are what it had."""
    if reply.outcome != "granted" or reply.granted_s is None:
        raise call_ended(call["call_id"])
    is_final = reply.granted_s < ask.grid[-1]
    if reply.granted_s > call["deadline_s"]:
        holds = ask.holds_at(reply.granted_s)
    return Grant(
        call_id=call["call_id"],
        deadline_s=reply.granted_s,
        is_final=is_final,
        reason=reply.reason or "" if is_final else "",
        accounts=accounts_of(call),
        journal={"call": {**call, "deadline_s": reply.granted_s}, "holds": holds},
    )


def accounts_of(call: Row) -> tuple[int, ...]:
    return tuple(level["account"] for level in call["facts"]["levels"])


def call_ended(call_id: str) -> Conflict:
    return Conflict("the call has ended", code="call-ended", details={"call": call_id})
