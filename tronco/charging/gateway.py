"""How call control asks for money: one round trip to the database for each authorisation.

What a call may cost is worked out here, from configuration in memory; whether it can be paid is
decided in the database, under locks (`sql/`). Nothing is remembered of running calls, so a process
may end at any time. Every wait is bounded: a rated call that cannot be asked about does not start.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Final, NamedTuple, Self

import psycopg
from django.conf import settings
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from tronco.charging.decks import Decks, Row
from tronco.charging.errors import Refused
from tronco.charging.guards import find_line_refusal
from tronco.charging.listener import Listener
from tronco.charging.offers import Offer, make_offer
from tronco.charging.requests import Answer, Ask, CallRequest, Climb, Limit, int_array
from tronco.charging.terms import CallTerms
from tronco.core.errors import Conflict, NotFound, Unavailable
from tronco.numbering.number import Number

log = logging.getLogger(__name__)

_RESERVE: Final = """
SELECT outcome, granted_s, detail FROM charging_reserve(
    %(call_id)s, %(tenant_id)s, %(account_id)s, %(circuit_id)s, %(did_id)s, %(central)s,
    %(direction)s, %(caller)s, %(dialled)s, %(called)s, %(call_class)s, %(started_at)s, %(terms)s,
    %(meter_keys)s, %(max_calls)s, %(max_cps)s,
    %(grid)s, %(accounts)s, %(tenants)s, %(levels)s, %(plans)s, %(needs_u)s, %(costs_u)s,
    %(buckets)s, %(refusal)s)
"""
_EXTEND: Final = """
SELECT outcome, granted_s, detail FROM charging_extend(
    %(call_id)s, %(from_s)s, %(answered_at)s,
    %(grid)s, %(accounts)s, %(tenants)s, %(levels)s, %(costs_u)s, %(buckets)s)
"""
_CALL: Final = (
    "SELECT to_jsonb(a), charging_holds_of(a.call_id) "
    "FROM charging_authorization a WHERE a.call_id = %s"
)
_UNREACHABLE: Final = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, TimeoutError)
_NO_ASK: Final = Ask((), ())
# Configuration that changes under a call is read again; more than that is not bad luck.
_ATTEMPTS: Final = 3
_MOST_LEFTS: Final = 100_000


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A call may go on.

    deadline_s   seconds from the answer at which it must end; None when it is not charged
    is_final     less was granted than was asked for, because of `reason`: play the tone
    accounts     who pays, from the circuit upwards; a credit to any of them is worth an `extend`
    trunk_ids    the trunks that may carry it, in the order that was asked about
    journal      to be written down before the switch is answered: see `restore`
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


class _Reply(NamedTuple):
    outcome: str
    granted_s: int | None
    detail: Any


_Send = Callable[[AsyncConnection, Ask], Awaitable[_Reply]]


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
        self._conninfo = conninfo or _conninfo()
        self._connections = connections
        self._pool = self._new_pool()
        self._decks = Decks(self._fetch)
        # Hints: what each bucket had left when last heard of. Wrong ones cost a second question.
        self._lefts: dict[tuple[int, int, str], int] = {}
        self._listener = Listener(
            self._conninfo,
            on_connected=self._trust,
            on_lost=self._distrust,
            on_config=lambda table: self._decks.drop(),
            on_credit=on_credit,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._was_connected = False

    async def __aenter__(self) -> Self:
        await self._pool.open()
        self._start(self._listener.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._pool.close()

    # --- calls -----------------------------------------------------------------------------------

    async def authorise(self, request: CallRequest) -> Grant:
        """Let a call start, with holds at every level for its first slice; or raise Refused.

        The same `call_id` again returns what it was granted. A call that is not charged is let
        through, within its limits, and with the database gone all the same.
        """
        if request.is_free:
            return await self._authorise_free(request)
        try:
            async with self._bounded(self.slices.patience_s):
                return await self._authorise_rated(request)
        except Unavailable as error:
            raise Refused("unreachable") from error

    async def extend(self, call_id: str, *, answered_at: datetime | None = None) -> Grant:
        """Ask for the next slice of a running call.

        The deadline may be what it was (`is_final`). Raises NotFound for a call that was never let
        through, Conflict for one that ended, Unavailable when nobody can tell: then the deadline
        stands.
        """
        async with self._bounded(self.slices.patience_s):
            for _ in range(_ATTEMPTS):
                grant = await self._extend_once(call_id, answered_at)
                if grant is not None:
                    return grant
        raise Unavailable("the call is being changed by others", code="unreachable")

    async def release(self, call_ids: Collection[str]) -> list[str]:
        """Give back what calls hold that nobody answered; return those that held."""
        return await self._call_ids("SELECT charging_release(%s)", list(call_ids))

    async def sweep(self, central: str, live: Collection[str], *, grace_s: int = 120) -> list[str]:
        """Tell which calls of a central are alive and release those long gone; return the latter.

        Whoever calls has brought in the records of ended calls before.
        """
        return await self._call_ids(
            "SELECT charging_sweep(%s, %s, %s)", central, list(live), timedelta(seconds=grace_s)
        )

    # --- after a recovery of the database --------------------------------------------------------

    async def restore(self, journal: Sequence[Mapping[str, Any]]) -> list[str]:
        """Give live calls back what a recovery lost; return which had lost some.

        `journal` has the latest `Grant.journal` of each call that is alive.
        """
        entries = json.dumps([dict(entry) for entry in journal])
        async with self._bounded(self.slices.patience_s), self._pool.connection() as connection:
            cursor = await connection.execute("SELECT charging_restore(%s::jsonb)", (entries,))
            return [row[0] for row in await cursor.fetchall()]

    async def open_gate(self, central: str) -> list[str]:
        """Say that a central has restored its calls; return those still awaited, [] when open."""
        return await self._call_ids("SELECT charging_gate_open(%s)", central)

    async def is_gate_open(self) -> bool:
        """Tell whether rated calls are admitted."""
        async with self._bounded(self.slices.patience_s):
            return bool((await self._fetch("SELECT charging_gate_is_open()", ()))[0][0])

    # --- for the choice of trunks ----------------------------------------------------------------

    async def minute_costs(
        self, number: Number, cost_tariff_ids: Collection[int], at: datetime
    ) -> dict[int, Fraction]:
        """Return what a minute costs by each price list, in reais, where it has a price."""
        costs = {}
        async with self._bounded(self.slices.patience_s):
            for tariff in cost_tariff_ids:
                dated = await self._decks.rates(
                    tariff,
                    number.rating_digits,
                    number.call_class or "",
                    earliest=at,
                    latest=at,
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
            chain = await self._decks.chain(request.line.account_id)
            if refusal := find_line_refusal(request, chain):
                raise Refused(refusal)
            offer = await make_offer(self._decks, chain, request.number, answer, request.carriers)
            reply, ask = await self._reserve(request, offer, answer)
            if reply.outcome != "stale":
                return _grant(request, offer, ask, reply)
            self._decks.drop()
        raise Unavailable("the account is being changed", code="unreachable")

    async def _authorise_free(self, request: CallRequest) -> Grant:
        """Emergency calls, and those within the platform: guarded, counted, never charged."""
        call = _call_row(request, CallTerms())
        free = Grant(
            call_id=request.call_id,
            deadline_s=None,
            trunk_ids=tuple(option.trunk_id for option in request.carriers),
            journal={"call": call, "holds": []},
            is_recorded=False,
        )
        line = request.line
        try:
            async with self._bounded(self.slices.patience_free_s):
                if not request.is_emergency:
                    chain = await self._decks.chain(line.account_id) if line else ()
                    if refusal := find_line_refusal(request, chain):
                        raise Refused(refusal)
                if line is None:
                    return free
                answer = Answer.within(request.at, 0)
                reply, ask = await self._reserve(request, Offer(trunk_ids=free.trunk_ids), answer)
                return _grant(request, Offer(trunk_ids=free.trunk_ids), ask, reply)
        except Unavailable:
            log.warning("call %s is free and goes on without the database", request.call_id)
            return free

    async def _reserve(
        self, request: CallRequest, offer: Offer, answer: Answer
    ) -> tuple[_Reply, Ask]:
        limits = _limits(request)
        values = {
            **_call_row(request, offer.terms),
            "terms": offer.facts,
            "meter_keys": [limit.key for limit in limits],
            "max_calls": int_array(limit.max_calls for limit in limits),
            "max_cps": int_array(limit.max_cps for limit in limits),
            "refusal": json.dumps(offer.refusal) if offer.refusal else None,
        }

        async def send(connection: AsyncConnection, ask: Ask) -> _Reply:
            return await _ask(connection, _RESERVE, {**values, **ask.arrays})

        if not offer.terms.levels or offer.refusal:
            async with self._pool.connection() as connection:
                return await send(connection, _NO_ASK), _NO_ASK
        return await self._climb(offer, (0, self.slices.first_s), answer, {}, send)

    async def _extend_once(self, call_id: str, answered_at: datetime | None) -> Grant | None:
        """Return the grant, or None when the call was changed in between."""
        rows = await self._fetch(_CALL, (call_id,))
        if not rows:
            raise NotFound("there is no such call", code="call-unknown", details={"call": call_id})
        call, holds = rows[0]
        if call["state"] != "open":
            raise Conflict("the call has ended", code="call-ended", details={"call": call_id})
        known_answer = answered_at or _moment(call["answered_at"])
        accounts = tuple(level["account"] for level in call["facts"]["levels"])
        deadline_s = call["deadline_s"]
        journal = {"call": call, "holds": holds}
        if deadline_s is None:
            return Grant(call_id=call_id, deadline_s=None, accounts=accounts, journal=journal)
        started_at = datetime.fromisoformat(call["started_at"])
        terms = CallTerms.from_json(call["facts"])
        rates = await self._decks.rates_by_id(terms.rate_ids)

        async def send(connection: AsyncConnection, ask: Ask) -> _Reply:
            values = {"call_id": call_id, "from_s": deadline_s, "answered_at": known_answer}
            return await _ask(connection, _EXTEND, {**values, **ask.arrays})

        reply, ask = await self._climb(
            Offer(terms, rates),
            (deadline_s, deadline_s + self.slices.next_s),
            Answer(known_answer, known_answer)
            if known_answer
            else Answer.within(started_at, self.slices.ring_limit_s),
            _own_uses(holds),
            send,
        )
        if reply.outcome == "stale":
            return None
        if reply.outcome == "gate-closed":
            raise Unavailable("calls are still being restored", code="gate-closed")
        if reply.outcome != "granted" or reply.granted_s is None:
            raise Conflict("the call has ended", code="call-ended", details={"call": call_id})
        if reply.granted_s > deadline_s:
            point = ask.grid.index(reply.granted_s)
            journal["holds"] = [level.hold_at(point) for level in ask.levels]
        if known_answer:
            call["answered_at"] = known_answer.isoformat()
        call["deadline_s"] = reply.granted_s
        short = reply.granted_s < ask.grid[-1]
        return Grant(
            call_id=call_id,
            deadline_s=reply.granted_s,
            is_final=short,
            reason=reply.detail["reason"] if short else "",
            accounts=accounts,
            journal=journal,
        )

    async def _climb(
        self,
        offer: Offer,
        stretch: tuple[int, int],
        answer: Answer,
        own: Mapping[tuple[int, int], int],
        send: _Send,
    ) -> tuple[_Reply, Ask]:
        """Send a ladder; where an allowance turned out otherwise, build it anew and send it again.

        The second time is a transaction: the first answer in it comes with the accounts locked, so
        that the ladder built from it must fit.
        """
        lefts = self._known_lefts(offer.terms, own)

        async def attempt(connection: AsyncConnection) -> tuple[_Reply, Ask]:
            ask = offer.ask(Climb(answer, *stretch, offer.rates, lefts))
            reply = await send(connection, ask)
            if reply.outcome == "allowance":
                lefts.update(
                    ((one["account"], one["allowance"]), one["remaining"]) for one in reply.detail
                )
            return reply, ask

        async with self._pool.connection() as connection:
            reply, ask = await attempt(connection)
            if reply.outcome == "allowance":
                async with connection.transaction():
                    reply, ask = await attempt(connection)
                    if reply.outcome == "allowance":
                        reply, ask = await attempt(connection)
        self._remember_lefts(ask, reply)
        return reply, ask

    def _known_lefts(
        self, terms: CallTerms, own: Mapping[tuple[int, int], int]
    ) -> dict[tuple[int, int], int]:
        lefts = {}
        for level in terms.levels:
            for term in level.allowances:
                left = self._lefts.get((level.account, term.allowance, term.cycle.isoformat()))
                if left is not None:
                    key = (level.account, term.allowance)
                    lefts[key] = left + own.get(key, 0)
        return lefts

    def _remember_lefts(self, ask: Ask, reply: _Reply) -> None:
        if reply.outcome != "granted" or not isinstance(reply.detail, list) or not reply.detail:
            return
        lefts = {(one["account"], one["allowance"]): one["remaining"] for one in reply.detail}
        point = ask.grid.index(reply.granted_s)
        if len(self._lefts) > _MOST_LEFTS:
            self._lefts.clear()
        for level in ask.levels:
            for term, uses in zip(level.terms.allowances, level.uses, strict=True):
                key = (level.terms.account, term.allowance)
                self._lefts[(*key, term.cycle.isoformat())] = lefts[key] - uses[point]

    async def _fetch(self, query: str, parameters: Sequence[Any]) -> list[Row]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(query, parameters)
            return await cursor.fetchall()

    async def _call_ids(self, query: str, *parameters: Any) -> list[str]:
        async with self._bounded(self.slices.patience_s):
            result: list[str] = (await self._fetch(query, parameters))[0][0]
            return result

    @asynccontextmanager
    async def _bounded(self, seconds: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(seconds):
                yield
        except _UNREACHABLE as error:
            raise Unavailable(f"charging cannot be reached: {error}", code="unreachable") from error

    def _new_pool(self) -> AsyncConnectionPool[AsyncConnection]:
        milliseconds = int(self.slices.patience_s * 1000)
        return AsyncConnectionPool(
            self._conninfo,
            min_size=min(2, self._connections),
            max_size=self._connections,
            open=False,
            timeout=self.slices.patience_s,
            kwargs={
                "autocommit": True,
                # A hold is a promise, not money: see the gate for what a crash may take of them.
                # All we ask is by key: a plan made while a table was small must not scan it later.
                "options": "-c synchronous_commit=off -c enable_seqscan=off "
                f"-c statement_timeout={milliseconds}",
            },
        )

    async def _trust(self) -> None:
        """We hear of changes again: what was read in the meantime, or over a dead line, is gone."""
        if self._was_connected:
            dead, self._pool = self._pool, self._new_pool()
            await self._pool.open()
            self._start(_close(dead))
        self._was_connected = True
        self._decks.drop()
        self._decks.is_fresh = True

    def _distrust(self) -> None:
        self._decks.is_fresh = False
        self._decks.drop()

    def _start(self, job: Any) -> None:
        task = asyncio.ensure_future(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _close(pool: AsyncConnectionPool[AsyncConnection]) -> None:
    with suppress(psycopg.Error, TimeoutError):
        await pool.close()


async def _ask(connection: AsyncConnection, query: str, values: Mapping[str, Any]) -> _Reply:
    cursor = await connection.execute(query, values)
    row = await cursor.fetchone()
    return _Reply(*row) if row else _Reply("unknown", None, None)


def _grant(request: CallRequest, offer: Offer, ask: Ask, reply: _Reply) -> Grant:
    """Turn the database's answer into a grant, or raise what it refused for."""
    if reply.outcome == "refused":
        details = dict(reply.detail)
        raise Refused(details.pop("reason"), **details)
    accounts = tuple(level.account for level in offer.terms.levels)
    if reply.outcome == "repeated":
        if reply.detail["call"]["state"] != "open":
            raise Conflict("the call has ended", code="call-ended")
        return Grant(
            call_id=request.call_id,
            deadline_s=reply.granted_s,
            accounts=accounts,
            trunk_ids=offer.trunk_ids,
            journal=reply.detail,
        )
    holds: list[dict[str, Any]] = []
    if reply.granted_s is not None:
        point = ask.grid.index(reply.granted_s)
        holds = [level.hold_at(point) for level in ask.levels]
    is_final = bool(ask.grid) and reply.granted_s != ask.grid[-1]
    call = {**_call_row(request, offer.terms), "deadline_s": reply.granted_s}
    return Grant(
        call_id=request.call_id,
        deadline_s=reply.granted_s,
        is_final=is_final,
        reason="no-credit" if is_final else "",
        accounts=accounts,
        trunk_ids=offer.trunk_ids,
        journal={"call": call, "holds": holds},
    )


def _call_row(request: CallRequest, terms: CallTerms) -> dict[str, Any]:
    """The call as a row of charging_authorization."""
    line, number = request.line, request.number
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
        "call_class": str(number.call_class or ""),
        "started_at": request.at.isoformat(),
        "seen_at": request.at.isoformat(),
        "state": "open",
        "meters": [limit.key for limit in _limits(request)],
        "facts": terms.as_json(),
    }


def _limits(request: CallRequest) -> list[Limit]:
    """The limits in the order of their locks; an emergency call meets none."""
    return [] if request.is_emergency else sorted(request.limits)


def _own_uses(holds: Sequence[Mapping[str, Any]]) -> dict[tuple[int, int], int]:
    return {
        (hold["account"], bucket["allowance"]): bucket["amount"]
        for hold in holds
        for bucket in hold["buckets"]
    }


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _conninfo() -> str:
    """The database of Django's settings, without the web's role: call control is the system."""
    database: dict[str, Any] = settings.DATABASES["default"]
    return make_conninfo(
        host=database["HOST"],
        port=database["PORT"],
        user=database["USER"],
        password=database["PASSWORD"],
        dbname=database["NAME"],
        connect_timeout=5,
    )
