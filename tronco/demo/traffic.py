"""The demonstration's life: phones that register and call, and the carrier that they reach.

Run as `python -m tronco.demo.traffic SCENE --switch HOST:PORT --carrier PORT`. SCENE is the file
that `demo.data` writes: `{"phones": [{"number", "password"}], "numbers": [...], "visits":
[{"number", "keys", "caller", "weight"}]}`, the numbers as the carrier dials them. The chance is
seeded: two demonstrations look alike.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import random
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tronco.demo import CARRIER_ADDRESS
from tronco.demo.agent import Account, Agent
from tronco.demo.call import Call

log = logging.getLogger(__name__)

REGISTER_S = 90
# How the far end takes a call, out of a hundred.
ANSWERS, BUSY, LETS_RING = 80, 10, 10
RING_S = (0.5, 4.0)
TALK_S = (8.0, 70.0)
PAUSE_S = (8.0, 45.0)
INBOUND_PAUSE_S = (15.0, 40.0)
# Of those who call menus, groups and the portal.
VISITORS = 3
VISIT_PAUSE_S = (5.0, 25.0)
THINK_S = (3.0, 7.0)
STAY_S = (20.0, 80.0)
# Whom the phones like to call, out of a thousand: fixed and mobile, near and far, for free; less
# often abroad, where some may not call; seldom what is refused to everybody, or the police.
CALLED = {
    "1135554444": 90, "11987555321": 90, "2125556666": 80, "21998755234": 80, "3135551100": 90,
    "31987551122": 90, "4135554040": 80, "51999557766": 90, "48991550011": 70, "32988554455": 60,
    "08005551234": 40, "40045551": 30, "03005551234": 10, "142": 10,
    "0015112125550123": 40, "0021351912345678": 30,
    "0015870776123456": 8, "11123": 4, "190": 5,
}  # fmt: skip
CALLERS = ["1135558922", "11955554444", "2135555566", "85988556655", "6135551010", "51935551100"]


@dataclass(frozen=True)
class Visit:
    """A call to something that takes keys; see `demo.voice`."""

    number: str
    keys: tuple[str, ...]
    caller: str
    weight: int


@dataclass(frozen=True)
class Scene:
    """Who is there."""

    phones: tuple[Account, ...]
    numbers: tuple[str, ...]
    visits: tuple[Visit, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Scene:
        data: dict[str, Any] = json.loads(path.read_text())
        phones = tuple(Account(p["number"], p["password"]) for p in data["phones"])
        visits = tuple(
            Visit(v["number"], tuple(v["keys"]), v["caller"], v["weight"])
            for v in data.get("visits", ())
        )
        return cls(phones, tuple(data["numbers"]), visits)


class Traffic:
    """Everybody's behaviour, until cancelled."""

    def __init__(self, scene: Scene, *, switch: tuple[str, int], carrier_port: int) -> None:
        self.scene = scene
        self.switch = switch
        self.carrier_port = carrier_port
        self.chance = random.Random(2026)  # noqa: S311 - a demonstration, no secret

    async def run(self) -> None:
        """Open the carrier and the phones, and let them live."""
        carrier = Agent(self.switch, on_call=self.take, user_agent="Operadora demo")
        await carrier.open(CARRIER_ADDRESS, self.carrier_port)
        phones = []
        for account in self.scene.phones:
            phones.append(await Agent(self.switch, account, on_call=self.take).open())
        log.info("%d phones, carrier on port %d", len(phones), self.carrier_port)
        try:
            async with asyncio.TaskGroup() as group:
                for phone in phones:
                    group.create_task(self.stay_registered(phone))
                    group.create_task(self.keep_calling(phone, CALLED, PAUSE_S))
                numbers = dict.fromkeys(self.scene.numbers, 1)
                group.create_task(self.keep_calling(carrier, numbers, INBOUND_PAUSE_S))
                for _ in range(VISITORS if self.scene.visits else 0):
                    group.create_task(self.keep_visiting(carrier))
        finally:
            for agent in (carrier, *phones):
                await agent.close()

    async def stay_registered(self, phone: Agent) -> None:
        """Register, and again well before it expires; patiently while the switch is away."""
        known = 0
        while True:
            status = await phone.register(expires_s=REGISTER_S)
            if status != known:
                log.info("%s: registration %s", phone.account.username, status or "unanswered")
                known = status
            await asyncio.sleep(REGISTER_S / 2 if status == 200 else 5)

    async def keep_calling(
        self, agent: Agent, numbers: Mapping[str, int], pause: tuple[float, float]
    ) -> None:
        """Call somebody, talk, and call again after a while. `numbers` have weights."""
        while numbers:
            await asyncio.sleep(self.chance.uniform(*pause))
            caller = agent.account.username or self.chance.choice(CALLERS)
            number = self.chance.choices(list(numbers), list(numbers.values()))[0]
            call = await agent.call(number, tone_hz=440, caller=caller)
            try:
                if await call.wait_answered(timeout_s=40):
                    await call.wait_ended(self.chance.uniform(*TALK_S))
            except TimeoutError:
                pass
            finally:
                await call.hang_up()

    async def keep_visiting(self, agent: Agent) -> None:
        """Call what answers by itself, type what it asks for, and listen."""
        weights = [visit.weight for visit in self.scene.visits]
        while True:
            await asyncio.sleep(self.chance.uniform(*VISIT_PAUSE_S))
            visit = self.chance.choices(self.scene.visits, weights)[0]
            caller = visit.caller or self.chance.choice(CALLERS)
            call = await agent.call(visit.number, tone_hz=440, caller=caller)
            try:
                if await call.wait_answered(timeout_s=40):
                    for keys in visit.keys:
                        await asyncio.sleep(self.chance.uniform(*THINK_S))
                        await call.press(keys)
                    await call.wait_ended(self.chance.uniform(*STAY_S))
            except TimeoutError:
                pass
            finally:
                await call.hang_up()

    async def take(self, call: Call) -> None:
        """Be called: answer mostly, be busy at times, or let it ring."""
        fate = self.chance.randrange(ANSWERS + BUSY + LETS_RING)
        if fate >= ANSWERS + LETS_RING:
            call.refuse(486, cause=17)
            return
        call.ring()
        if fate >= ANSWERS:
            return
        with contextlib.suppress(TimeoutError):
            await call.wait_ended(self.chance.uniform(*RING_S))
        if call.ended_at is None:
            await call.accept(tone_hz=330)


async def _until_stopped(traffic: Traffic) -> None:
    task = asyncio.ensure_future(traffic.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def main() -> int:
    """Run until told to stop."""
    parser = argparse.ArgumentParser(prog="tronco.demo.traffic", description=__doc__)
    parser.add_argument("scene", type=Path)
    parser.add_argument("--switch", required=True, metavar="HOST:PORT")
    parser.add_argument("--carrier", required=True, type=int, metavar="PORT")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    host, _, port = args.switch.rpartition(":")
    scene = Scene.read(args.scene)
    traffic = Traffic(scene, switch=(host, int(port)), carrier_port=args.carrier)
    asyncio.run(_until_stopped(traffic))
    return 0


if __name__ == "__main__":
    sys.exit(main())
