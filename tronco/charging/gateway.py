"""How call control asks for money: one round trip to the database for each authorisation.

What a call may cost is worked out here, from configuration in memory; whether it can be paid is
decided in the database, under locks (`sql/`). Nothing is remembered of running calls, so a process
may end at any time. A rated call that cannot be asked about in time does not start.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, Final, Self

from psycopg import AsyncConnection

from tronco.charging.database import Database
from tronco.charging.decks import Decks, Level
from tronco.charging.errors import Refused
from tronco.charging.grants import (
    Grant,
    Reply,
    Row,
    accounts_of,
    call_ended,
    grant_more,
    grant_start,
    limits_of,
    row_of,
)
from tronco.charging.guards import find_line_refusal
from tronco.charging.offers import Offer, make_offer
from tronco.charging.pricing import affordable_s
from tronco.charging.requests import (
    Answer,
    Ask,
    CallRequest,
    Climb,
    Line,
    bucket_lefts,
    int_array,
    text_array,
)
from tronco.charging.terms import CallTerms
from tronco.core.errors import NotFound, Unavailable
from tronco.numbering.number import Number

__all__ = ["Gateway", "Grant", "Slices"]

log = logging.getLogger(__name__)

_RESERVE: Final = """
SELECT outcome, granted_s, detail, reason FROM charging_reserve(
    %(call_id)s, %(tenant_id)s, %(account_id)s, %(circuit_id)s, %(did_id)s, %(central)s,
    %(direction)s, %(caller)s, %(dialled)s, %(called)s, %(call_class)s, %(started_at)s, %(terms)s,
    %(meters)s, %(max_calls)s, %(max_cps)s, %(day_limits_u)s,
    %(grid)s, %(accounts)s, %(tenants)s, %(levels)s, %(plans)s, %(needs_u)s, %(costs_u)s,
    %(buckets)s, %(refusal)s)
"""
_EXTEND: Final = """
SELECT outcome, granted_s, detail, reason FROM charging_extend(
    %(call_id)s, %(from_s)s, %(answered_at)s,
    %(grid)s, %(accounts)s, %(tenants)s, %(levels)s, %(costs_u)s, %(buckets)s)
"""
_CALL: Final = """
SELECT to_jsonb(a), charging_holds_of(a.call_id) FROM charging_authorization a WHERE a.call_id = %s
"""
_AVAILABLE: Final = "SELECT balance_u - held_u + limit_u FROM charging_account WHERE id = %s"
_FUNDS: Final = """
SELECT id, balance_u - held_u + limit_u,
       charging_day_left(%s::text[], %s::bigint[], %s::timestamptz)
FROM charging_account WHERE id = ANY (%s)
"""
_NO_ASK: Final = Ask((), ())
# Configuration that changes under a call is read again; more than that is not bad luck.
_ATTEMPTS: Final = 3
_MOST_LEFTS: Final = 100_000
# So many take some tenths of a second.
_RESTORED_AT_ONCE: Final = 200
# Millions of rates are read within this.
_WARM_S: Final = 60.0
# Nobody is told of more than a hundred hours.
_MOST_TOLD_S: Final = 360_000

_Send = Callable[[AsyncConnection, Ask], Awaitable[Reply]]
_Lefts = dict[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class Slices:
    """How calls are paid for in advance, and how long anybody waits for an answer.

    Who asks for the next slice some 15 s before the deadline has time for the tone when there is
    none. A call that has not been answered `ring_limit_s` after it came in must be given up.
    """

    first_s: int = 60
    next_s: int = 60
    ring_limit_s: int = 180
    patience_s: float = 2.0
    patience_free_s: float = 0.3


class Gateway:
    """Use it as an asynchronous context manager; `on_credit` is told of every account credited."""

    def __init__(
        self,
        conninfo: str | None = None,
        *,
        slices: Slices | None = None,
        connections: int = 8,
        on_credit: Callable[[int], None] = lambda account: None,
    ) -> None:
        self.slices = slices or Slices()
        self.database = Database(
            conninfo,
            connections=connections,
            patience_s=self.slices.patience_s,
            on_fresh=lambda: self._decks.drop(is_fresh=True),
            on_stale=lambda: self._decks.drop(is_fresh=False),
            on_config=lambda table: self._decks.drop(),
            on_credit=on_credit,
        )
        self._decks = Decks(self.database.fetch)
        # Hints: what each bucket had left when last heard of. Wrong ones cost a second question.
        self._lefts: dict[tuple[int, int, str], int] = {}

    async def __aenter__(self) -> Self:
        await self.database.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.database.close()

    async def warm(self, accounts: Collection[int], cost_tariff_ids: Collection[int]) -> int:
        """Connect, and read what the first calls would have to wait for; the price lists in memory.

        `accounts` are those whose calls are expected first.
        """
        async with self.database.bounded(_WARM_S):
            await self.database.ready()
            decks = await self._decks.warm(cost_tariff_ids, datetime.now(UTC))
            for account in accounts:
                await self._decks.chain(account)
        return decks

    # --- calls -----------------------------------------------------------------------------------

    async def authorise(self, request: CallRequest) -> Grant:
        """Let a call start, with holds at every level for its first slice; or raise Refused.

        The same `call_id` again returns what it was granted. A call that is not charged is let
        through, within its limits, and with the database gone all the same.
        """
        if request.is_free:
            return await self._authorise_free(request)
        try:
            async with self.database.bounded():
                return await self._authorise_rated(request)
        except Unavailable as error:
            raise Refused("unreachable") from error

    async def extend(self, call_id: str, *, answered_at: datetime | None = None) -> Grant:
        """Ask for the next slice of a running call.

        The deadline may be what it was (`is_final`). Raises NotFound for a call that was never let
        through, Conflict for one that ended, Unavailable when nobody can tell: then the deadline
        stands.
        """
        async with self.database.bounded():
            grant = None
            # Each time over, somebody else has prolonged the call meanwhile: it comes to an end.
            while grant is None:
                grant = await self._extend_once(call_id, answered_at)
            return grant

    async def release(self, call_ids: Collection[str]) -> list[str]:
        """Give back what calls hold that nobody answered; return those that held."""
        return await self._call_ids("SELECT charging_release(%s)", list(call_ids))

    async def available(self, account_id: int) -> int | None:
        """Return what calls may still take of an account, to be told a caller; None is no limit."""
        async with self.database.bounded():
            rows = await self.database.fetch(_AVAILABLE, (account_id,))
        if not rows:
            raise NotFound(
                "there is no such account",
                code="account-unknown",
                details={"account": account_id},
            )
        available_u: int | None = rows[0][0]
        return available_u

    async def seconds_left(self, grant: Grant) -> int | None:
        """Return how long a call that was just granted could last, to be told its caller.

        On its own terms, by what everybody who pays for it has now; None is no limit worth telling.
        """
        call, holds = grant.journal["call"], grant.journal["holds"]
        terms = CallTerms.from_json(call["facts"])
        accounts = [level.account for level in terms.levels]
        if not accounts:
            return None
        day = (call["meters"], call["day_limits_u"], call["started_at"])
        async with self.database.bounded(self.slices.patience_free_s):
            rows = await self.database.fetch(_FUNDS, (*day, accounts))
            rates = await self._decks.rates_by_id(terms.rate_ids)
        available = {account: available_u for account, available_u, _ in rows}
        held_u = {hold["level"]: hold["amount_u"] for hold in holds}
        funds_u = {
            level.level: available[level.account] + held_u.get(level.level, 0)
            for level in terms.levels
            if available.get(level.account) is not None
        }
        if (day_u := rows[0][2]) is not None:
            # The limit of the day is on what the customer pays.
            today_u = day_u + held_u.get(0, 0)
            funds_u[0] = min(funds_u.get(0, today_u), today_u)
        lefts = self._known_lefts(terms, _own_uses(holds))
        lasts_s = affordable_s(
            terms,
            rates,
            answered_at=datetime.now(UTC),
            funds_u=funds_u,
            held={level.level: bucket_lefts(level, lefts) for level in terms.levels},
            most_s=_MOST_TOLD_S,
        )
        return lasts_s if lasts_s < _MOST_TOLD_S else None

    async def sweep(self, central: str, live: Collection[str], *, grace_s: int = 120) -> list[str]:
        """Tell which calls of a central are alive and release those long gone; return the latter.

        Whoever calls has brought in the records of ended calls before.
        """
        grace = timedelta(seconds=grace_s)
        return await self._call_ids("SELECT charging_sweep(%s, %s, %s)", central, list(live), grace)

    # --- after a recovery of the database --------------------------------------------------------

    async def restore(self, journal: Sequence[Mapping[str, Any]]) -> list[str]:
        """Give live calls back what a recovery lost; return which had lost some.

        `journal` has the latest `Grant.journal` of each call that is alive, or that has ended and
        is not settled yet.
        """
        restored = []
        for place in range(0, len(journal), _RESTORED_AT_ONCE):
            some = [dict(entry) for entry in journal[place : place + _RESTORED_AT_ONCE]]
            async with self.database.bounded():
                rows = await self.database.fetch(
                    "SELECT charging_restore(%s::jsonb)", (json.dumps(some),)
                )
                restored += [row[0] for row in rows]
        return restored

    async def open_gate(self, central: str) -> list[str]:
        """Say that a central has restored its calls; return those still awaited, [] when open."""
        return await self._call_ids("SELECT charging_gate_open(%s)", central)

    async def is_gate_open(self) -> bool:
        """Tell whether rated calls are admitted."""
        async with self.database.bounded():
            return bool((await self.database.fetch("SELECT charging_gate_is_open()"))[0][0])

    # --- for the choice of trunks ----------------------------------------------------------------

    async def minute_costs(
        self, number: Number, cost_tariff_ids: Collection[int], at: datetime
    ) -> dict[int, Fraction]:
        """Return what a minute costs by each price list, in reais, where it has a price."""
        costs = {}
        call_class = number.call_class or ""
        async with self.database.bounded():
            for tariff in cost_tariff_ids:
                dated = await self._decks.rates(
                    tariff, number.rating_digits, call_class, earliest=at, latest=at
                )
                if dated:
                    costs[tariff] = self._decks.minute_cost(dated[0], at)
        return costs

    # --- inside ----------------------------------------------------------------------------------

    async def _authorise_rated(self, request: CallRequest) -> Grant:
        if request.line is None:
            raise Refused("unknown-line")
        answer = Answer.within(request.at, self.slices.ring_limit_s)
        for _ in range(_ATTEMPTS):
            chain = await self._chain(request.line, request)
            if refusal := find_line_refusal(request, chain):
                raise Refused(refusal)
            offer = await make_offer(
                self._decks, chain, request.priced_number, answer, request.carriers
            )
            call = row_of(request, offer)
            ask, reply = await self._reserve(request, call, offer, answer)
            if reply.outcome != "stale":
                return grant_start(call, offer, ask, reply)
            self._decks.drop()
        raise Unavailable("the account is being changed", code="unreachable")

    async def _authorise_free(self, request: CallRequest) -> Grant:
        """Emergency calls, and those within the platform: guarded, counted, never charged."""
        offer = Offer(trunk_ids=tuple(option.trunk_id for option in request.carriers))
        call = row_of(request, offer)
        line = request.line
        try:
            async with self.database.bounded(self.slices.patience_free_s):
                if not request.is_emergency:
                    chain = await self._chain(line, request) if line else ()
                    if refusal := find_line_refusal(request, chain):
                        raise Refused(refusal)
                if line is not None:
                    answer = Answer.within(request.at, 0)
                    ask, reply = await self._reserve(request, call, offer, answer)
                    return grant_start(call, offer, ask, reply)
        except Unavailable:
            log.warning("call %s is free and goes on without the database", request.call_id)
        return Grant(
            call_id=request.call_id,
            deadline_s=None,
            trunk_ids=offer.trunk_ids,
            journal={"call": {**call, "deadline_s": None}, "holds": []},
            is_recorded=False,
        )

    async def _chain(self, line: Line, request: CallRequest) -> tuple[Level, ...]:
        if line.account_id is None:
            return ()
        return await self._decks.chain(
            line.account_id, plan=line.plan_id, is_incoming=request.is_incoming
        )

    async def _reserve(
        self, request: CallRequest, call: Row, offer: Offer, answer: Answer
    ) -> tuple[Ask, Reply]:
        limits = limits_of(request)
        values = {
            **call,
            "terms": offer.facts_text,
            "meters": text_array(call["meters"]),
            "max_calls": int_array(limit.max_calls for limit in limits),
            "max_cps": int_array(limit.max_cps for limit in limits),
            "day_limits_u": call["day_limits_u"] and int_array(call["day_limits_u"]),
            "refusal": json.dumps(offer.refusal) if offer.refusal else None,
        }

        async def send(connection: AsyncConnection, ask: Ask) -> Reply:
            return await _ask(connection, _RESERVE, {**values, **ask.arrays})

        if not offer.terms.levels or offer.refusal:
            async with self.database.connection() as connection:
                return _NO_ASK, await send(connection, _NO_ASK)
        return await self._climb(offer, (0, self.slices.first_s), answer, {}, send)

    async def _extend_once(self, call_id: str, answered_at: datetime | None) -> Grant | None:
        """Return the grant, or None when the call was changed in between."""
        rows = await self.database.fetch(_CALL, (call_id,))
        if not rows:
            raise NotFound("there is no such call", code="call-unknown", details={"call": call_id})
        call, holds = rows[0]
        if call["state"] != "open":
            raise call_ended(call_id)
        if call["deadline_s"] is None:
            journal = {"call": call, "holds": holds}
            accounts = accounts_of(call)
            return Grant(call_id=call_id, deadline_s=None, accounts=accounts, journal=journal)
        answer = self._answer_of(call, answered_at)
        if answer.is_known:
            call["answered_at"] = answer.earliest.isoformat()
        terms = CallTerms.from_json(call["facts"])
        offer = Offer(terms, await self._decks.rates_by_id(terms.rate_ids))
        values = {
            "call_id": call_id,
            "from_s": call["deadline_s"],
            "answered_at": call["answered_at"],
        }

        async def send(connection: AsyncConnection, ask: Ask) -> Reply:
            return await _ask(connection, _EXTEND, {**values, **ask.arrays})

        stretch = (call["deadline_s"], call["deadline_s"] + self.slices.next_s)
        ask, reply = await self._climb(offer, stretch, answer, _own_uses(holds), send)
        if reply.outcome == "stale":
            return None
        if reply.outcome == "gate-closed":
            raise Unavailable("calls are still being restored", code="gate-closed")
        return grant_more(call, holds, ask, reply)

    def _answer_of(self, call: Row, answered_at: datetime | None) -> Answer:
        if answered_at is None and call["answered_at"]:
            answered_at = datetime.fromisoformat(call["answered_at"])
        if answered_at is not None:
            return Answer(answered_at, answered_at)
        started_at = datetime.fromisoformat(call["started_at"])
        return Answer.within(started_at, self.slices.ring_limit_s)

    async def _climb(
        self, offer: Offer, stretch: tuple[int, int], answer: Answer, own: _Lefts, send: _Send
    ) -> tuple[Ask, Reply]:
        """Send a ladder; where an allowance turned out otherwise, build it anew and send it again.

        The second time is a transaction: the first answer in it comes with the accounts locked, so
        that the ladder built from it must fit.
        """
        lefts = self._known_lefts(offer.terms, own)

        async def attempt(connection: AsyncConnection) -> tuple[Ask, Reply]:
            ask = offer.ask(Climb(answer, *stretch, offer.rates, lefts))
            reply = await send(connection, ask)
            if reply.outcome == "allowance":
                lefts.update(_lefts_of(reply))
            return ask, reply

        async with self.database.connection() as connection:
            ask, reply = await attempt(connection)
            if reply.outcome == "allowance":
                async with connection.transaction():
                    ask, reply = await attempt(connection)
                    if reply.outcome == "allowance":
                        ask, reply = await attempt(connection)
        self._remember_lefts(ask, reply)
        return ask, reply

    def _known_lefts(self, terms: CallTerms, own: _Lefts) -> _Lefts:
        return {
            key: left + own.get(key, 0)
            for level in terms.levels
            for term in level.allowances
            for key in [(level.account, term.allowance)]
            if (left := self._lefts.get((*key, term.cycle.isoformat()))) is not None
        }

    def _remember_lefts(self, ask: Ask, reply: Reply) -> None:
        # Nothing more was held where the deadline is what it was.
        if reply.outcome != "granted" or not reply.detail or reply.granted_s not in ask.grid:
            return
        if len(self._lefts) > _MOST_LEFTS:
            self._lefts.clear()
        lefts = _lefts_of(reply)
        point = ask.grid.index(reply.granted_s)
        for level in ask.levels:
            for term, uses in zip(level.terms.allowances, level.uses, strict=True):
                key = (level.terms.account, term.allowance)
                self._lefts[(*key, term.cycle.isoformat())] = lefts[key] - uses[point]

    async def _call_ids(self, query: str, *parameters: Any) -> list[str]:
        async with self.database.bounded():
            result: list[str] = (await self.database.fetch(query, parameters))[0][0]
            return result


async def _ask(connection: AsyncConnection, query: str, values: Mapping[str, Any]) -> Reply:
    cursor = await connection.execute(query, values)
    row = await cursor.fetchone()
    return Reply(*row) if row else Reply("unknown")


def _lefts_of(reply: Reply) -> _Lefts:
    return {(one["account"], one["allowance"]): one["remaining"] for one in reply.detail}


def _own_uses(holds: Sequence[Row]) -> _Lefts:
    return {
        (hold["account"], bucket["allowance"]): bucket["amount"]
        for hold in holds
        for bucket in hold["buckets"]
    }
