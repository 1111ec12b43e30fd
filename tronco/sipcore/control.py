"""Decides on each call: may it start, where to, for how long?

The order is the rule: emergency first, which needs nobody's leave; then who calls and what was
dialled; then which trunks there are; last charging, which places the holds. Whoever waits here for
the database waits a bounded time (`server.py`, `database.py`, `charging.gateway`).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from tronco.charging.errors import Refused
from tronco.charging.gateway import Gateway, Grant
from tronco.charging.guards import find_line_refusal
from tronco.charging.requests import CallRequest, CarrierOption, Limit, Line
from tronco.core.errors import TroncoError, Unavailable
from tronco.numbering.classify import classify
from tronco.numbering.number import CallClass, Kind, Number
from tronco.routing.select import (
    Attempt,
    RouteSnapshot,
    TrunkChoice,
    TrunkHealth,
    choose,
    dial_string,
)
from tronco.sipcore.agi import AgiRequest
from tronco.sipcore.config import find_trunk_id
from tronco.sipcore.directory import DidCard, Directory, LineCard
from tronco.sipcore.verdicts import Alone, Dial, Facts, Refuse, Ring, Route, Verdict

logger = logging.getLogger(__name__)
Ask = Callable[[str], Awaitable[str]]
T = TypeVar("T")
# Refusals that the end of another call cures.
_PASSING = frozenset({"too-many-calls", "no-credit"})
# As a phone in Brazil shows it, and dials it back.
_AS_SHOWN = TrunkChoice(id=0, name="", carrier_id=0, number_format="ddd")


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a node knows that decisions need.

    health    how its trunks are
    note      takes down a grant before Asterisk hears of it
    catch_up  records calls that have ended by now; how many there were
    """

    health: Callable[[], Mapping[int, TrunkHealth]]
    note: Callable[[AgiRequest, Grant], None]
    catch_up: Callable[[], Awaitable[int]]


class Control:
    """Answers the requests of every node of this process; `outlooks` by the node's name."""

    def __init__(
        self, directory: Directory, gateway: Gateway, outlooks: Mapping[str, Outlook]
    ) -> None:
        self._directory = directory
        self._gateway = gateway
        self._outlooks = outlooks

    async def decide(self, request: AgiRequest, ask: Ask) -> Mapping[str, str]:
        """Return the variables of the verdict."""
        central = request.call_id.rpartition("-")[0]
        outlook = self._outlooks.get(central)
        if outlook is None:
            logger.error("a call of %s, which is not a central of this process", central)
            return {}
        call = _Call(self._directory, self._gateway, outlook, central, request)
        try:
            if request.script == "incoming":
                verdict = await call.incoming(ask)
            else:
                verdict = await call.outgoing()
        except Refused as refusal:
            verdict = Refuse(refusal.code, call.facts)
        except Unavailable as problem:
            logger.warning("call %s is refused: %s", request.call_id, problem)
            verdict = Refuse("unreachable", call.facts)
        return verdict.variables()


class _Call:
    """One call being decided on; `facts` is what is known of it so far, for its record."""

    def __init__(
        self,
        directory: Directory,
        gateway: Gateway,
        outlook: Outlook,
        central: str,
        request: AgiRequest,
    ) -> None:
        self._directory = directory
        self._gateway = gateway
        self._outlook = outlook
        self._central = central
        self._request = request
        self.facts: dict[str, str] = {"line": request.endpoint}

    # -- from a circuit ------------------------------------------------------------------------

    async def outgoing(self) -> Verdict:
        asked = self._request
        number = classify(asked.dialled)
        if number.call_class is CallClass.EMERGENCY:
            return await self._emergency(number)
        line = await self._directory.find_line(asked.endpoint)
        if line is None:
            raise Refused("unknown-line")
        caller = await self._caller_of(line)
        self._know(line, caller, number)
        if colleague := await self._find_colleague(line):
            return await self._internal(line, colleague)
        number = classify(asked.dialled, own_ddd=line.own_ddd)
        self._know(line, caller, number)
        own = await self._directory.find_own_number(number.e164)
        if own is not None:
            return await self._on_net(line, caller, number, own)
        return await self._by_trunks(line, caller, number)

    async def _emergency(self, number: Number) -> Verdict:
        """Nobody's leave is asked; what is known of the line is taken along if it is to be had."""
        if not self._directory.is_fresh:
            # What is in memory may be old; what Asterisk has in its files is what it can dial.
            return Alone()
        line = await _perhaps(self._directory.find_line(self._request.endpoint))
        route = None
        if line and line.route_id is not None:
            route = await _perhaps(self._directory.find_route(line.route_id))
        if route is None:
            trunks = await _perhaps(self._directory.list_emergency_trunks())
            route = RouteSnapshot(0, "", least_cost=False, steps={}, emergency=trunks or ())
        attempts = choose(route, number, health=self._outlook.health()).attempts
        if not attempts:
            return Alone()
        shown = (line and line.shown) or self._request.endpoint
        self._know(line, shown, number)
        grant = await _perhaps(self._authorise(line, shown, number, attempts))
        facts: Facts = {} if grant and grant.is_recorded else self.facts
        routes = [replace(_route(attempt, shown), is_emergency=True) for attempt in attempts]
        return Dial(tuple(routes), None, facts)

    async def _find_colleague(self, line: LineCard) -> LineCard | None:
        """Another circuit of the same customer, dialled by its own number."""
        other = await self._directory.find_line(self._request.dialled)
        return other if other and other.tenant_id == line.tenant_id else None

    async def _internal(self, line: LineCard, colleague: LineCard) -> Verdict:
        number = Number(self._request.dialled, Kind.INVALID)
        self.facts |= {"direction": "internal", "called": colleague.number, "class": ""}
        grant = await self._authorise(
            line, line.number, number, direction="internal", is_charged=False, callee=colleague
        )
        return self._ring(colleague.number, line.number, grant)

    async def _on_net(self, line: LineCard, caller: str, number: Number, own: DidCard) -> Verdict:
        """A number of ours: it never leaves; within a customer it is free."""
        if own.circuit_number is None:
            raise Refused("unknown-number")
        callee = await self._directory.find_line(own.circuit_number)
        is_charged = own.tenant_id != line.tenant_id
        self.facts["direction"] = "out" if is_charged else "internal"
        grant = await self._authorise(
            line,
            caller,
            number,
            direction=self.facts["direction"],
            is_charged=is_charged,
            callee=callee,
        )
        shown = caller if is_charged and caller else line.number
        return self._ring(own.circuit_number, _as_shown(shown), grant)

    async def _by_trunks(self, line: LineCard, caller: str, number: Number) -> Verdict:
        attempts, reason = await self._attempts(line, number)
        while True:
            if not attempts:
                # Whatever is worse than having no route is said first.
                request = self._charge_request(line, caller, number)
                raise Refused(find_line_refusal(request, ()) or reason)
            try:
                grant = await self._authorise(line, caller, number, attempts)
            except Refused as refusal:
                first = attempts[0].trunk
                if refusal.details.get("meter") != f"trunk:{first.id}":
                    raise
                attempts, reason = attempts[1:], "trunks-full"
                continue
            allowed = [a for a in attempts if a.trunk.id in grant.trunk_ids]
            return Dial(
                tuple(_route(attempt, caller) for attempt in allowed),
                grant.deadline_s,
                {} if grant.is_recorded else self.facts,
            )

    async def _attempts(self, line: LineCard, number: Number) -> tuple[Sequence[Attempt], str]:
        route = None
        if line.route_id is not None:
            route = await self._directory.find_route(line.route_id)
        if route is None:
            return (), "no-route"
        costs: dict[int, int] | None = None
        if route.least_cost:
            trunks = route.steps.get(number.call_class or "", ())
            tariffs = {t.cost_tariff_id for t in trunks if t.cost_tariff_id is not None}
            by_tariff = await self._gateway.minute_costs(number, tariffs, datetime.now(UTC))
            costs = {
                trunk.id: int(by_tariff[trunk.cost_tariff_id] * 10**9)
                for trunk in trunks
                if trunk.cost_tariff_id in by_tariff
            }
        choice = choose(route, number, health=self._outlook.health(), costs_u=costs)
        return choice.attempts, choice.reason

    # -- from a carrier ------------------------------------------------------------------------

    async def incoming(self, ask: Ask) -> Verdict:
        trunk_id = find_trunk_id(self._request.endpoint)
        self.facts |= {"direction": "in", "trunks": str(trunk_id or "")}
        did = await self._find_called(trunk_id, ask)
        if did is None:
            raise Refused("unknown-number")
        number = classify(did.e164)
        caller = classify(self._request.caller, own_ddd=number.ddd)
        shown = _as_shown(self._request.caller)
        # What an incoming call is depends on who calls, seen from the number that rings.
        number = replace(number, call_class=caller.call_class or number.call_class)
        callee = None
        if did.circuit_number:
            callee = await self._directory.find_line(did.circuit_number)
        self._know(callee, caller.e164 or self._request.caller, number)
        self.facts |= {"did": str(did.id), "tenant": str(did.tenant_id)}
        if callee is None:
            raise Refused("unknown-number")
        grant = await self._authorise(
            replace(callee, allowed_classes=frozenset(CallClass)),
            caller.e164 or self._request.caller,
            number,
            direction="in",
            is_charged=False,
            did=did,
        )
        return self._ring(callee.number, shown, grant)

    async def _find_called(self, trunk_id: int | None, ask: Ask) -> DidCard | None:
        """By what the carrier dialled; by the To header when it dialled its own user name."""
        did = await self._directory.find_did(self._request.dialled)
        if did is not None or trunk_id is None:
            return did
        if self._request.dialled != await self._directory.trunk_username(trunk_id):
            return None
        to = await ask("PJSIP_HEADER(read,To)")
        return await self._directory.find_did(_user_of(to))

    # -- pieces --------------------------------------------------------------------------------

    async def _authorise(
        self,
        line: LineCard | None,
        caller: str,
        number: Number,
        attempts: Sequence[Attempt] = (),
        *,
        direction: str = "out",
        is_charged: bool = True,
        callee: LineCard | None = None,
        did: DidCard | None = None,
    ) -> Grant:
        request = self._charge_request(
            line, caller, number, attempts, direction=direction, is_charged=is_charged, did=did
        )
        if callee is not None:
            own = tuple(limit for limit in callee.limits if limit.key.startswith("circuit:"))
            request = replace(request, limits=tuple({*request.limits, *own}))
        try:
            grant = await self._gateway.authorise(request)
        except Refused as refusal:
            # The call that was in the way may have ended a moment ago.
            if refusal.code not in _PASSING or not await self._outlook.catch_up():
                raise
            grant = await self._gateway.authorise(request)
        self._outlook.note(self._request, grant)
        return grant

    def _charge_request(
        self,
        line: LineCard | None,
        caller: str,
        number: Number,
        attempts: Sequence[Attempt] = (),
        *,
        direction: str = "out",
        is_charged: bool = True,
        did: DidCard | None = None,
    ) -> CallRequest:
        limits = line.limits if line else ()
        if attempts and attempts[0].trunk.max_calls is not None:
            first = attempts[0].trunk
            limits = (*limits, Limit(f"trunk:{first.id}", first.max_calls, None))
        return CallRequest(
            call_id=self._request.call_id,
            central=self._central,
            direction=direction,
            caller=caller,
            dialled=self._request.dialled,
            number=number,
            line=_payer(line, did),
            at=datetime.now(UTC),
            limits=limits,
            carriers=tuple(CarrierOption(a.trunk.id, a.trunk.cost_tariff_id) for a in attempts),
            is_charged=is_charged,
        )

    def _ring(self, number: str, caller: str, grant: Grant) -> Verdict:
        return Ring(number, caller, grant.deadline_s, {} if grant.is_recorded else self.facts)

    async def _caller_of(self, line: LineCard) -> str:
        """The number shown: what the phone claims if its customer owns it, else its own."""
        claimed = self._request.caller
        if claimed and claimed != line.number:
            number = classify(claimed, own_ddd=line.own_ddd)
            own = await self._directory.find_own_number(number.e164)
            if own is not None and own.tenant_id == line.tenant_id:
                return own.e164
        return line.shown

    def _know(self, line: LineCard | None, caller: str, number: Number) -> None:
        """Take down what the record of a call that charging does not keep will need."""
        self.facts |= {
            "direction": self.facts.get("direction", "out"),
            "caller": caller or self._request.endpoint,
            "called": number.e164 or number.rating_digits or self._request.dialled,
            "class": str(number.call_class or ""),
        }
        if line is not None:
            self.facts |= {
                "tenant": str(line.tenant_id),
                "account": str(line.account_id),
                "circuit": str(line.id),
            }


def _payer(line: LineCard | None, did: DidCard | None) -> Line | None:
    if line is None:
        return None
    return Line(
        account_id=line.account_id,
        tenant_id=line.tenant_id,
        circuit_id=line.id,
        did_id=did.id if did else None,
        status=line.status,
        allowed_classes=line.allowed_classes,
    )


async def _perhaps(question: Awaitable[T]) -> T | None:
    """The answer, or None when it is not to be had: an emergency call goes on without."""
    try:
        return await question
    except TroncoError as problem:
        logger.warning("an emergency call goes on: %s", problem)
        return None


def _route(attempt: Attempt, caller: str) -> Route:
    plain = replace(attempt.trunk, tech_prefix="")
    number = classify(caller)
    shown = dial_string(number, plain) if number.valid else _as_shown(caller)
    return Route(attempt.trunk.id, attempt.dial_string, shown)


def _as_shown(caller: str) -> str:
    """As a telephone in Brazil shows it; a name loses what no number has."""
    number = classify(caller)
    if number.valid:
        return dial_string(number, _AS_SHOWN)
    return "".join(c for c in caller if c.isascii() and (c.isalnum() or c in "+*#._-"))[:40]


def _user_of(header: str) -> str:
    """`"Ana" <sip:5511…@host>;tag=x` gives `5511…`."""
    return header.partition("sip:")[2].partition("@")[0].partition(";")[0]
