"""Runs the processes of one instance, in order, and keeps them running until it is told to stop.

None outlives it: they are stopped in reverse order; should the supervisor itself be killed, the
kernel signals them, and whatever is left even so is ended by the next start.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

from tronco.runtime.children import raise_file_limit
from tronco.runtime.errors import ComponentMissing
from tronco.runtime.keeper import Keeper
from tronco.runtime.paths import Home
from tronco.runtime.proc import machine, session_members, start_ticks
from tronco.runtime.service import Service
from tronco.runtime.translations import gettext as _

STATUS_FILE = "run/status.json"
STILL_WAITING_S = 10.0


class Supervisor:
    """Give it the services and `run` it; it returns when everything is stopped again."""

    def __init__(
        self,
        home: Home,
        services: Sequence[Service],
        *,
        out: TextIO = sys.stdout,
        echo: bool = False,
        on_started: Callable[[], str] | None = None,
    ) -> None:
        self.home = home
        self.out = out
        self.echo = echo
        self.on_started = on_started
        self.keepers = {service.name: Keeper(self, service) for service in services}
        self._order = _levels(services)
        self._begun = time.monotonic()
        self._since = datetime.now(UTC)
        self._finished_steps = 0
        self._status = 0
        self._stop: asyncio.Event
        self._signals = 0

    def run(self) -> int:
        """Exit status: 0 after a wanted stop, 1 when something essential could not start.

        Call it inside `sole_supervisor`.
        """
        raise_file_limit()
        return asyncio.run(self._main())

    def say(self, text: str) -> None:
        # The terminal may be gone.
        with contextlib.suppress(OSError, ValueError):
            print(text, file=self.out, flush=True)

    def say_step(self, keeper: Keeper, outcome: str) -> None:
        self._finished_steps += 1
        number = f"[{self._finished_steps}/{len(self.keepers)}]"
        self.say(f"{number} {keeper.service.title} … {outcome}")

    def give_up(self) -> None:
        """Something essential cannot start: stop everything."""
        self._status = 1
        self._stop.set()

    def write_status(self) -> None:
        """For `tronco doctor`, and for the next start to know what this one left behind."""
        facts = {
            "supervisor": os.getpid(),
            "machine": machine(),
            "since": self._since.isoformat(timespec="seconds"),
            "services": [keeper.status() for keeper in self.keepers.values()],
        }
        with contextlib.suppress(OSError):
            self.home.write(STATUS_FILE, json.dumps(facts, indent=1))

    async def _main(self) -> int:
        self._stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for which in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(which, self._on_signal)
        for keeper in self.keepers.values():
            keeper.begin()
        starting = asyncio.ensure_future(self._watch_start())
        await self._stop.wait()
        starting.cancel()
        await self._stop_all()
        return self._status

    async def _watch_start(self) -> None:
        """Tell what takes long, then that everything that can has started."""
        results = [asyncio.shield(keeper.started) for keeper in self.keepers.values()]
        while pending := [k for k in self.keepers.values() if not k.started.done()]:
            await asyncio.wait(results, timeout=STILL_WAITING_S)
            waiting = [k.service.title for k in pending if k.state == "starting"]
            if waiting and not all(result.done() for result in results):
                self.say("      " + _("still at it: %(names)s") % {"names": ", ".join(waiting)})
        if self._stop.is_set():
            return
        without = [k.service.title for k in self.keepers.values() if not k.started.result()]
        took = _("Started in %(seconds)s s") % {"seconds": f"{time.monotonic() - self._begun:.1f}"}
        lacking = _(", without: %(names)s") % {"names": ", ".join(without)} if without else ""
        self.say(f"{took}{lacking}. {_('Ctrl-C stops everything.')}")
        if self.on_started:
            self.say(self.on_started())

    def _on_signal(self) -> None:
        self._signals += 1
        if self._signals > 1:
            self.say(_("Killing what has not stopped yet …"))
            for keeper in self.keepers.values():
                keeper.kill()
        self._stop.set()

    async def _stop_all(self) -> None:
        begun = time.monotonic()
        self.say(_("Stopping …"))
        for level in reversed(self._order):
            await asyncio.gather(*(self.keepers[name].stop() for name in level))
        self.write_status()
        took = f"{time.monotonic() - begun:.1f}"
        self.say(_("Stopped in %(seconds)s s.") % {"seconds": took})


@contextlib.contextmanager
def sole_supervisor(home: Home) -> Iterator[None]:
    """Be the only one for this instance, with nothing left of an earlier one."""
    lock = os.open(home.run / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        end_leftovers(home)
        yield
    except BlockingIOError:
        raise ComponentMissing(
            "Tronco",
            f"it already runs from {home.root}",
            cure="use it, or stop it with Ctrl-C in its terminal",
        ) from None
    finally:
        os.close(lock)


def end_leftovers(home: Home, *, patience_s: float = 5.0) -> None:
    """End the processes of an earlier supervisor that was killed. Call it under the lock."""
    try:
        facts = json.loads((home.root / STATUS_FILE).read_text())
    except (OSError, ValueError):
        return
    if facts["machine"] != machine():
        return
    deadline = time.monotonic() + patience_s
    asked: set[int] = set()
    while left := {pid: entry for entry in facts["services"] for pid in _left_of(entry)}:
        late = time.monotonic() > deadline
        for pid, entry in left.items():
            if late or pid not in asked:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL if late else entry["stop_signal"])
                asked.add(pid)
        time.sleep(0.1)


def _left_of(entry: dict[str, Any]) -> set[int]:
    """The processes of a service that still live, with whatever they started."""
    pid = entry["pid"]
    if not pid or start_ticks(pid) not in {-1, entry["started_ticks"]}:
        # The number is another's by now.
        return set()
    return session_members(pid)


def _levels(services: Sequence[Service]) -> list[list[str]]:
    """Names in order of start; what is in one level may start and stop together."""
    left = {service.name: {*service.needs, *service.wants} for service in services}
    levels: list[list[str]] = []
    while left:
        level = [name for name, after in left.items() if not after & left.keys()]
        if not level:
            raise ValueError(f"services wait for each other: {sorted(left)}")
        levels.append(level)
        for name in level:
            del left[name]
    return levels
