"""Many callers at once, in a process of their own: they listen, press keys, and tell how it went.

`crowds(plan, plan)` starts a process for each `Plan`, which goes there as JSON; what comes back is
a list of `Told`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from unittest.mock import patch

from tronco.demo.agent import Agent
from tronco.demo.rtp import Audio

ANSWERED_WITHIN_S = 20.0


@dataclass(frozen=True)
class Plan:
    """So many callers to one number, one every `every_s`; each stays `talk_s` after the last came.

    With `key_every_s` they press `key` all the while.
    """

    server: tuple[str, int]
    address: str
    number: str
    first_caller: int
    callers: int
    every_s: float
    talk_s: float
    key: str = "1"
    key_every_s: float = 0.0


@dataclass(frozen=True)
class Told:
    """What became of one caller. `packets` of audio came to him."""

    answered: bool
    status: int
    seconds: float
    packets: int
    hung_up_by: str


class Crowds:
    """Processes of callers that are at it."""

    def __init__(self, processes: Sequence[subprocess.Popen[str]]) -> None:
        self.processes = processes

    def wait(self) -> list[list[Told]]:
        """Until all have hung up: what they tell, plan by plan."""
        said = [process.communicate(timeout=300)[0] for process in self.processes]
        assert [process.returncode for process in self.processes] == [0] * len(said)
        return [[Told(**one) for one in json.loads(text)] for text in said]


@contextmanager
def crowds(*plans: Plan) -> Iterator[Crowds]:
    """Let them begin to call."""
    command = [sys.executable, "-m", "tests.support.crowd"]
    processes = [
        subprocess.Popen([*command, json.dumps(asdict(plan))], stdout=subprocess.PIPE, text=True)
        for plan in plans
    ]
    try:
        yield Crowds(processes)
    finally:
        for process in processes:
            process.kill()
            process.wait()


async def play(plan: Plan) -> list[Told]:
    """Let them all call; return what they tell."""
    agent = await Agent(plan.server).open(plan.address)
    ends_at = asyncio.get_running_loop().time() + plan.callers * plan.every_s + plan.talk_s
    try:
        callers = (_call(agent, plan, place, ends_at) for place in range(plan.callers))
        return list(await asyncio.gather(*callers))
    finally:
        await agent.close()


async def _call(agent: Agent, plan: Plan, place: int, ends_at: float) -> Told:
    now = asyncio.get_running_loop().time
    await asyncio.sleep(place * plan.every_s)
    call = await agent.call(plan.number, caller=str(plan.first_caller + place))
    await call.wait_answered(ANSWERED_WITHIN_S)
    while call.ended_at is None and now() < ends_at:
        await asyncio.sleep(plan.key_every_s or 0.2)
        if plan.key_every_s and call.ended_at is None:
            await call.press(plan.key)
    await call.hang_up()
    return Told(
        answered=call.answered_at is not None,
        status=call.status,
        seconds=call.seconds,
        packets=call.audio.packets_in if call.audio else 0,
        hung_up_by=call.hung_up_by,
    )


def _ignore(_audio: Audio, _payload: bytes) -> None:
    """Nobody asks what was heard; to find out takes longer than all the rest."""


def main() -> None:
    facts: dict[str, Any] = json.loads(sys.argv[1])
    plan = Plan(**{**facts, "server": tuple(facts["server"])})
    with patch.object(Audio, "_hear", _ignore):
        told = asyncio.run(play(plan))
    json.dump([asdict(one) for one in told], sys.stdout)


if __name__ == "__main__":
    main()
