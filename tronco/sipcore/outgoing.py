"""Calls that a circuit makes: emergency first, then colleagues, numbers of ours, and the trunks."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from tronco.charging.errors import Refused
from tronco.charging.gateway import Grant
from tronco.charging.guards import find_line_refusal
from tronco.charging.requests import Limit, Line
from tronco.core.errors import TroncoError
from tronco.numbering.classify import classify
from tronco.numbering.number import CallClass, Kind, Number
from tronco.pbx.flow import Target
from tronco.routing.select import Attempt, RouteSnapshot, choose, dial_string
from tronco.sipcore.call import Ask, Call, as_shown
from tronco.sipcore.cards import DidCard, LineCard
from tronco.sipcore.scene import Scene
from tronco.sipcore.steps import first_move, own_messages
from tronco.sipcore.taping import Wish
from tronco.sipcore.verdicts import Alone, Dial, Facts, Own, PickUp, Route, Verdict, Voice

logger = logging.getLogger(__name__)
T = TypeVar("T")
PICK_UP, OWN_MESSAGES = "*8", "*97"
LONGEST_EXTENSION = 6


class Outgoing(Call):
    """A call from a circuit's phone."""

    async def decide(self, ask: Ask) -> Verdict:
        asked = self._request
        number = classify(asked.dialled)
        if number.call_class is CallClass.EMERGENCY:
            return await self._emergency(number, lambda: self._directory.find_line(asked.endpoint))
        line = await self._directory.find_line(asked.endpoint)
        if line is None:
            raise Refused("unknown-line")
        return await self._from_line(line, number)

    async def _from_line(self, line: LineCard, number: Number) -> Verdict:
        """Go where a line's call goes; `number` is what was dialled, seen from nowhere."""
        self.voice_of = line.tenant_id
        caller = await self._caller_of(line)
        self._know(line, caller, number)
        if inside := await self._inside(line):
            return inside
        number = classify(self._request.dialled, own_ddd=line.own_ddd)
        self._know(line, caller, number)
        own = await self._directory.find_own_number(number.e164)
        if own is not None:
            return await self._on_net(line, caller, number, own)
        shown = await self._directory.find_own_number(caller)
        if shown is not None and shown.route_id is not None:
            # The number's own route: its carriers are those that know it.
            line = replace(line, route_id=shown.route_id)
        return await self._by_trunks(line, caller, number)

    async def _emergency(
        self, number: Number, find_line: Callable[[], Awaitable[LineCard | None]]
    ) -> Verdict:
        """Nobody's leave is asked; what is known of the line is taken along if it is to be had."""
        if not self._directory.is_fresh:
            # What is in memory may be old; what Asterisk has in its files is what it can dial.
            return Alone()
        line = await _perhaps(find_line())
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
        grant = await _perhaps(
            self._authorise(
                self._payer(line) if line else None,
                shown,
                number,
                limits=line.limits if line else (),
                attempts=attempts,
            )
        )
        facts: Facts = self._kept(grant) if grant else self.facts
        routes = [replace(_route(attempt, shown), is_emergency=True) for attempt in attempts]
        return Dial(tuple(routes), None, facts)

    # -- within the customer ---------------------------------------------------------------------

    async def _inside(self, line: LineCard) -> Verdict | None:
        """Another line of the customer, a queue of his, a call that rings, one's own messages."""
        dialled = self._request.dialled
        other = await self._directory.find_line(dialled)
        if other is not None and other.tenant_id == line.tenant_id:
            return await self._internal(line, other)
        if len(dialled) > LONGEST_EXTENSION:
            return None
        if dialled == PICK_UP:
            return await self._pick_up(line)
        if dialled == OWN_MESSAGES and line.id is not None:
            return await self._own_messages(line)
        named = await self._directory.find_extension(line.tenant_id, dialled)
        if named is None:
            return None
        if named.queue is not None:
            return await self._queue(line, named.queue)
        colleague = await self._directory.find_line(named.circuit)
        return None if colleague is None else await self._internal(line, colleague)

    async def _pick_up(self, line: LineCard) -> Verdict:
        """The call that is taken is another's; it takes a place of this line's own too."""
        return PickUp(self._kept(await self._answered_inside(line, line.own_limits)))

    async def _internal(self, line: LineCard, colleague: LineCard) -> Verdict:
        number = Number(self._request.dialled, Kind.INVALID)
        self.facts |= {"direction": "internal", "called": colleague.number, "class": ""}
        grant = await self._authorise(
            self._payer(line),
            line.number,
            number,
            direction="internal",
            is_charged=False,
            limits=(*self._limits(line), *colleague.own_limits),
        )
        return await self._ring(colleague, line.inside, grant, await self._wish_of(line))

    async def _queue(self, line: LineCard, queue: int) -> Verdict:
        grant = await self._answered_inside(line, self._limits(line))
        scene = Scene(root=f"queue:{queue}", tenant=line.tenant_id, caller=line.inside)
        move = await first_move(self._means, scene, Target("queue", queue=queue))
        tape = await self._tape(await self._wish_of(line))
        return Voice(line.inside, move, grant.deadline_s, self._kept(grant), tape=tape)

    async def _own_messages(self, line: LineCard) -> Verdict:
        grant = await self._answered_inside(line, self._limits(line))
        scene = Scene(root=f"mailbox:{line.id}", tenant=line.tenant_id, caller=line.number)
        move = await own_messages(self._means, self._outlook, scene)
        return Voice(line.number, move, grant.deadline_s, self._kept(grant))

    async def _answered_inside(self, line: LineCard, limits: tuple[Limit, ...]) -> Grant:
        """Let a call through that needs nobody but the platform; free."""
        dialled = self._request.dialled
        self.facts |= {"direction": "internal", "called": dialled, "class": ""}
        return await self._authorise(
            self._payer(line),
            line.number,
            Number(dialled, Kind.INVALID),
            direction="internal",
            is_charged=False,
            limits=limits,
        )

    # -- to numbers ------------------------------------------------------------------------------

    async def _on_net(self, line: LineCard, caller: str, number: Number, own: DidCard) -> Verdict:
        """A number of ours: it never leaves; within a customer it is free."""
        if not own.is_in_use:
            raise Refused("number-not-in-use")
        callee = await self._directory.find_line(own.circuit) if own.circuit else None
        if own.is_plain and callee is None:
            raise Refused("nobody-there")
        is_charged = own.tenant_id != line.tenant_id
        self.facts["direction"] = "out" if is_charged else "internal"
        limits = self._limits(line)
        if own.is_plain and callee is not None:
            limits = (*limits, *callee.own_limits, *own.call_limits)
        grant = await self._authorise(
            self._payer(line),
            caller,
            number,
            direction=self.facts["direction"],
            is_charged=is_charged,
            limits=limits,
        )
        shown = as_shown(caller if is_charged and caller else line.inside)
        if own.is_plain and callee is not None:
            number_wants = await self._means.tapings.find("did", own.id)
            wishes = (await self._wish_of(line), number_wants)
            return await self._ring(callee, shown, grant, *wishes, tag=own.caller_tag)
        tape = await self._tape(await self._wish_of(line))
        return Own(own.raw, shown, grant.deadline_s, self._kept(grant), tape)

    async def _by_trunks(self, line: LineCard, caller: str, number: Number) -> Verdict:
        attempts, reason = await self._attempts(line, number)
        payer = self._payer(line)
        limits = self._limits(line)
        while True:
            if not attempts:
                # Whatever is worse than having no route is said first.
                request = self._charge_request(payer, caller, number, limits=limits)
                raise Refused(find_line_refusal(request, ()) or reason)
            try:
                grant = await self._authorise(
                    payer, caller, number, limits=limits, attempts=attempts
                )
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
                self._kept(grant),
                await self._tape(await self._wish_of(line)),
            )

    async def _wish_of(self, line: LineCard) -> Wish:
        """Who wants the calls recorded that the line makes."""
        return await self._means.tapings.find("circuit", line.id, "out")

    def _payer(self, line: LineCard) -> Line:
        return line.as_payer()

    def _limits(self, line: LineCard) -> tuple[Limit, ...]:
        return line.limits

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

    async def _caller_of(self, line: LineCard) -> str:
        """The number shown: what the phone claims if its customer owns it, else its own."""
        claimed = self._request.caller
        if claimed and claimed != line.number:
            number = classify(claimed, own_ddd=line.own_ddd)
            own = await self._directory.find_own_number(number.e164)
            if own is not None and own.tenant_id == line.tenant_id:
                return own.e164
        return line.shown


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
    shown = dial_string(number, plain) if number.valid else as_shown(caller)
    return Route(attempt.trunk.id, attempt.dial_string, shown)
