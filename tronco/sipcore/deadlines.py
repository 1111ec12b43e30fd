"""Running calls that are charged: their deadlines are moved while money lasts, and the end is told.

The deadline itself lives in Asterisk; nothing here is needed for it to hold. A call asks for its
next slice some time before the end of this one. When there is none, its caller hears a tone shortly
before the end; a credit to any account that pays lets it ask again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tronco.charging.gateway import Gateway
from tronco.core.errors import Conflict, NotFound, Unavailable
from tronco.sipcore.ami import Manager
from tronco.sipcore.journal import Entry, Journal

logger = logging.getLogger(__name__)
ASK_BEFORE_S = 15.0
WARN_BEFORE_S = 10.0
RETRY_S = 3.0
# Where a slice is too short for these, they are moved to these parts of it.
ASK_AT_PART = 0.4
WARN_AT_PART = 0.6


@dataclass
class RunningCall:
    """A call that has been answered. `channel` is the caller's, `far` the one with the deadline."""

    call_id: str
    channel: str
    far: str
    answered_at: datetime
    deadline_s: int
    accounts: frozenset[int]
    may_end: bool = False  # the last answer was that there is no more, or none came
    warned_for_s: int | None = None  # the deadline of which the caller has been told
    _began: float = field(init=False)

    def __post_init__(self) -> None:
        # From here on by a clock that nobody sets.
        self._began = time.monotonic() - (datetime.now(UTC) - self.answered_at).total_seconds()

    def elapsed_s(self) -> float:
        return time.monotonic() - self._began


class Deadlines:
    """Of the calls of one node. `manager` returns its connection, or raises Unavailable.

    `is_stopped` tells whether who pays for a call may place no more: then it is not prolonged.
    """

    def __init__(
        self,
        gateway: Gateway,
        journal: Journal,
        manager: Callable[[], Manager],
        is_stopped: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._gateway = gateway
        self._journal = journal
        self._manager = manager
        self._is_stopped = is_stopped
        self._channels: dict[str, str] = {}
        self._calls: dict[str, RunningCall] = {}
        self._wake: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        # Whether Asterisk is connected and has said which calls are alive: until then a slice
        # might be taken for a call that died with another Asterisk.
        self.is_watching = False

    def begin(self, call_id: str, channel: str) -> None:
        """A call was let through; `channel` is the caller's."""
        self._channels[call_id] = channel

    def answered(self, call_id: str, far: str, at: datetime) -> None:
        """A call was answered, now or a while ago. Calls that are not charged need no care."""
        entry = self._journal.find(call_id)
        if entry is None or entry["call"]["deadline_s"] is None or call_id in self._calls:
            return
        call = self._calls[call_id] = RunningCall(
            call_id=call_id,
            channel=self._channels.get(call_id, ""),
            far=far,
            answered_at=at,
            deadline_s=entry["call"]["deadline_s"],
            accounts=_accounts_of(entry),
        )
        self._wake[call_id] = asyncio.Event()
        self._tasks[call_id] = asyncio.create_task(self._follow(call))

    def ended(self, call_ids: Iterable[str]) -> None:
        for call_id in call_ids:
            self._channels.pop(call_id, None)
            self._calls.pop(call_id, None)
            self._wake.pop(call_id, None)
            task = self._tasks.pop(call_id, None)
            if task:
                task.cancel()

    def credited(self, account_id: int) -> None:
        """An account has more than it had: whoever was refused a slice asks again."""
        for call in self._calls.values():
            if call.may_end and account_id in call.accounts:
                self._wake[call.call_id].set()

    async def resume(self, channels: dict[str, str]) -> None:
        """After a silence of ours or of Asterisk: tell it once more what it may have missed.

        `channels` are the callers' channels of the calls that are alive.
        """
        self.is_watching = True
        self._channels |= channels
        alive = [call for call in self._calls.values() if call.call_id in channels]
        for call in alive:
            call.channel = channels[call.call_id]
        await asyncio.gather(*(self._set_deadline(call) for call in alive))

    def stop(self) -> None:
        self.ended(list(self._calls))

    async def _follow(self, call: RunningCall) -> None:
        """Ask for slices, and warn when there are none, until the deadline."""
        ask_at = _ask_time(call.deadline_s)
        while call.elapsed_s() < call.deadline_s:
            warn_at = _warn_time(call.deadline_s)
            if not call.may_end or call.warned_for_s == call.deadline_s:
                warn_at = call.deadline_s
            was_credited = await self._sleep(call, min(ask_at, warn_at))
            if was_credited or call.elapsed_s() >= ask_at:
                try:
                    await self._extend(call)
                except (Conflict, NotFound):
                    return
                ask_at = _ask_time(call.deadline_s)
                if call.may_end:
                    # Another call of the account may end and leave something.
                    ask_at = max(ask_at, call.elapsed_s() + RETRY_S)
            elif call.elapsed_s() >= warn_at < call.deadline_s:
                call.warned_for_s = call.deadline_s
                await self._warn(call)

    async def _sleep(self, call: RunningCall, until_s: float) -> bool:
        """Until the call has lasted that long; True when it was credited before."""
        wake = self._wake[call.call_id]
        try:
            async with asyncio.timeout(until_s - call.elapsed_s()):
                await wake.wait()
        except TimeoutError:
            return False
        wake.clear()
        return True

    async def _extend(self, call: RunningCall) -> None:
        """Ask for the next slice and move the deadline as far as it goes."""
        if not self.is_watching:
            call.may_end = True
            return
        try:
            if await self._is_stopped(call.call_id):
                call.may_end = True
                return
            grant = await self._gateway.extend(call.call_id, answered_at=call.answered_at)
        except Unavailable as problem:
            logger.warning("call %s was not prolonged: %s", call.call_id, problem)
            call.may_end = True
            return
        call.may_end = grant.is_final
        if grant.deadline_s is not None and grant.deadline_s > call.deadline_s:
            before_s, call.deadline_s = call.deadline_s, grant.deadline_s
            self._journal.write(call.call_id, dict(grant.journal))
            await self._set_deadline(call, before_s=before_s)

    async def _set_deadline(self, call: RunningCall, *, before_s: int | None = None) -> None:
        """Tell Asterisk, which counts whole seconds from now: on a whole second of the call."""
        rest_s = call.deadline_s - call.elapsed_s()
        if before_s is None or before_s - call.elapsed_s() > 1.5:
            await asyncio.sleep(rest_s % 1.0)
        rest_s = call.deadline_s - call.elapsed_s()
        seconds = max(1, int(rest_s + 0.05))
        try:
            await self._manager().action("AbsoluteTimeout", Channel=call.far, Timeout=str(seconds))
        except Unavailable as problem:
            # It ends at the old deadline, or `resume` says it again.
            logger.warning("call %s keeps its deadline: %s", call.call_id, problem)

    async def _warn(self, call: RunningCall) -> None:
        """Let the caller hear a tone, and nobody else."""
        if not call.channel:
            return
        try:
            await self._manager().action(
                "Originate",
                Channel="Local/s@warning/n",
                Context="whisper",
                Exten="s",
                Priority="1",
                Variable=f"TARGET={call.channel}",
                Async="true",
            )
        except Unavailable as problem:
            logger.warning("call %s ends without a tone: %s", call.call_id, problem)


def _ask_time(deadline_s: int) -> float:
    return max(deadline_s - ASK_BEFORE_S, deadline_s * ASK_AT_PART)


def _warn_time(deadline_s: int) -> float:
    return max(deadline_s - WARN_BEFORE_S, deadline_s * WARN_AT_PART)


def _accounts_of(entry: Entry) -> frozenset[int]:
    return frozenset(hold["account"] for hold in entry["holds"])
