"""Calls back: begun when the caller's own call is over, never twice for him at once.

What is wanted travels with the end of that call through the spool, so nothing is forgotten with the
process; an end that is read late is too old to be called back for. The call's id follows from that
of the first one, so that it is never placed twice, whoever reads the spool again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tronco.charging.models import Authorization
from tronco.core.errors import TroncoError
from tronco.routing.models import Trunk
from tronco.sipcore.ami import Manager
from tronco.sipcore.scene import Scene, format_scene
from tronco.sipcore.spool import Ended, format_facts
from tronco.sipcore.store import Store
from tronco.sipcore.verdicts import dialable

logger = logging.getLogger(__name__)
# The caller's telephone must be free again.
DELAY_S: Final = 3.0
STALE_S: Final = 30.0
RING_S: Final = 90
_MADE: Final = ("alaw", "ulaw", "g722", "gsm")
# Nothing was heard of a call back: it never began.
FORGET_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call back: to `number`, paid by the circuit `payer`, through a number of ours.

    `formats` are those of audio that the caller's own call could have had, as Asterisk tells them.
    """

    number: str
    payer: str
    did_id: int
    tenant_id: int
    shown: str
    formats: str

    def as_facts(self) -> dict[str, str]:
        """As it travels with the end of a call."""
        return {
            "callback": self.number,
            "payer": self.payer,
            "did": str(self.did_id),
            "tenant": str(self.tenant_id),
            "shown": self.shown,
            "formats": self.formats,
        }

    @classmethod
    def from_facts(cls, facts: dict[str, str]) -> Wanted:
        return cls(
            number=facts["callback"],
            payer=facts["payer"],
            did_id=int(facts["did"]),
            tenant_id=int(facts["tenant"]),
            shown=facts["shown"],
            formats=facts.get("formats", ""),
        )

    def variables(self, first_call: str) -> dict[str, str]:
        """What the dialplan needs for the leg to the caller, and for what follows it."""
        scene = Scene(tenant=self.tenant_id, caller=self.number, did=self.did_id)
        facts = {"tenant": str(self.tenant_id), "did": str(self.did_id)}
        return {
            "__PAYER": f"back:{self.payer}",
            "__VIA": str(self.did_id),
            "__SHOWN": self.shown.lstrip("+"),
            "__LINKED": first_call,
            "__LEG_FACTS": format_facts(facts),
            "STATE": format_scene(scene),
        }


class Callbacks:
    """Of one node. `is_running` tells of a call by its id whether it is there."""

    def __init__(
        self, manager: Callable[[], Manager], store: Store, is_running: Callable[[str], bool]
    ) -> None:
        self._manager = manager
        self._store = store
        self._is_running = is_running
        # Since when who is being called, by which call.
        self._busy: dict[tuple[int, str], tuple[str, float]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def over(self, ends: Sequence[Ended]) -> None:
        """Calls have ended: some of them want one back, some were one."""
        ids = {end.call_id for end in ends}
        self._busy = {key: one for key, one in self._busy.items() if one[0] not in ids}
        for end in ends:
            if end.verdict == "callback" and "callback" in end.facts:
                self._begin(end)

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _begin(self, end: Ended) -> None:
        if (datetime.now(UTC) - end.at).total_seconds() > STALE_S:
            return
        wanted = Wanted.from_facts(end.facts)
        key = (wanted.did_id, wanted.number)
        if self._is_busy(key):
            logger.info("%s is being called back already", wanted.number)
            return
        call_id = call_back_id(end)
        self._busy[key] = (call_id, time.monotonic())
        task = asyncio.create_task(self._call(wanted, call_id, end.call_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _is_busy(self, key: tuple[int, str]) -> bool:
        if key not in self._busy:
            return False
        call_id, since = self._busy[key]
        return self._is_running(call_id) or time.monotonic() - since < FORGET_S

    async def _call(self, wanted: Wanted, call_id: str, first_call: str) -> None:
        await asyncio.sleep(DELAY_S)
        variables = wanted.variables(first_call)
        try:
            if await self._store.run(is_called, call_id=call_id, wanted=wanted):
                return
            await self._manager().action(
                "Originate",
                Channel=f"Local/{dialable(wanted.number)}@leg/n",
                # The half that dials is the call; the other is where the caller is served.
                ChannelId=f"{call_id[:-1]}d",
                OtherChannelId=call_id,
                # What he is told after a conversation must not pass the translator that has carried
                # it: Debian's Asterisk drops what has no sequence, once some had (“late frame”).
                Codecs=await self._store.run(find_format, his=wanted.formats),
                Context="moves",
                Exten="step",
                Priority="1",
                CallerID=dialable(wanted.shown),
                Timeout=str(RING_S * 1000),
                Variable=",".join(f"{name}={value}" for name, value in variables.items()),
                Async="true",
            )
        except TroncoError as problem:
            logger.warning("%s is not called back: %s", wanted.number, problem)
            self._busy.pop((wanted.did_id, wanted.number), None)


def call_back_id(end: Ended) -> str:
    """The id of the call back, from that of the call that wants it."""
    central, _, number = end.call_id.rpartition("-")
    return f"{central}-{int(end.at.timestamp())}.{number.partition('.')[2]}c"


def find_format(*, his: str) -> str:
    """The audio format that most trunks take, of those that Asterisk can make.

    A call back is placed in it, so that nothing need be translated where the other side takes it.
    Of several the one that the caller's own call could have had (`his`); A-law if in doubt.
    """
    rows = Trunk.objects.filter(is_active=True).values_list("codecs", flat=True)
    taken = Counter(name for codecs in rows for name in codecs.split(",") if name in _MADE)
    spoken = his.strip("()").split("|")
    return max(_MADE, key=lambda name: (taken[name], name in spoken))


def is_called(*, call_id: str, wanted: Wanted) -> bool:
    """Tell whether this very call was placed before, or another to the same caller is running."""
    placed = Authorization.objects.filter(call_id=call_id)
    running = Authorization.objects.filter(
        state=Authorization.State.OPEN,
        did_id=wanted.did_id,
        called=wanted.number,
        direction="out",
    )
    return placed.exists() or running.exists()
