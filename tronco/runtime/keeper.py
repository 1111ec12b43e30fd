"""Keeps one service running: starts it when it may, watches it, starts it again."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tronco.core.errors import TroncoError
from tronco.runtime.logs import LogFile
from tronco.runtime.service import Process, Service
from tronco.runtime.translations import gettext as _

if TYPE_CHECKING:
    from tronco.runtime.supervisor import Supervisor

# Before each start after a failure; the last one is repeated.
BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
# After so long without failure the next one is the first again.
STEADY_S = 60.0
# A process that ends this often before it is ready will not become so by itself.
FAILED_STARTS = 5
POLL_S = 0.1
WATCH_S = 2.0
# Without a check, a process that lives so long has started.
SETTLED_S = 0.5
LOG_TAIL_LINES = 8


class Keeper:
    """Keeps one service running; each waits by itself for what it comes after."""

    def __init__(self, supervisor: Supervisor, service: Service) -> None:
        self.service = service
        self.state = "waiting"
        self.detail = ""
        self.restarts = 0
        self.started: asyncio.Future[bool]
        self._supervisor = supervisor
        self._log = LogFile(supervisor.home.log / f"{service.name}.log")
        self._process: Process | None = None
        self._task: asyncio.Task[None]
        self._changed = datetime.now(UTC)
        self._begun = 0.0

    def begin(self) -> None:
        self.started = asyncio.get_running_loop().create_future()
        self._task = asyncio.ensure_future(self._run())

    def status(self) -> dict[str, Any]:
        process = self._process
        return {
            "name": self.service.name,
            "title": self.service.title,
            "state": self.state,
            "detail": self.detail,
            "since": self._changed.isoformat(timespec="seconds"),
            "restarts": self.restarts,
            "pid": process.pid if process else None,
            "started_ticks": process.started_ticks if process else None,
            "stop_signal": int(self.service.stop_signal),
        }

    def kill(self) -> None:
        """End it at once, and do not start it again."""
        self._task.cancel()
        if self._process:
            self._process.send(signal.SIGKILL)

    async def stop(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        if self._process:
            await self._process.stop()
            self._process = None
        if self.state not in {"failed", "missing", "skipped", "done"}:
            self._enter("stopped")
        self._log.close()

    async def _run(self) -> None:
        for name in (*self.service.wants, *self.service.needs):
            other = self._supervisor.keepers[name]
            if not await asyncio.shield(other.started) and name in self.service.needs:
                self._give_up("skipped", _("needs %(name)s") % {"name": other.service.title})
                return
        self._begun = time.monotonic()
        try:
            await self._keep_running()
        except TroncoError as problem:
            self._give_up("missing", str(problem))
        except Exception as problem:
            # One broken service must not end the others.
            self._give_up("failed", f"{type(problem).__name__}: {problem}")

    async def _keep_running(self) -> None:
        failures = 0
        while True:
            self._enter("restarting" if self.started.done() else "starting")
            begun = time.monotonic()
            try:
                argv = await asyncio.to_thread(self.service.command)
            except TroncoError as problem:
                if not self.started.done():
                    raise
                self._supervisor.say(f"{self.service.title}: {problem}")
            else:
                self._process = Process(self.service, argv, log=self._log, echo=self._echo())
                self._enter(self.state)
                if self.service.once:
                    self._conclude(await self._process.wait())
                    return
                status = await self._serve(self._process)
                self._process = None
                if time.monotonic() - begun > STEADY_S:
                    failures = 0
                self._tell_end(status, failures + 1)
            failures += 1
            await asyncio.sleep(BACK_OFF_S[min(failures, len(BACK_OFF_S)) - 1])
            self.restarts += 1

    def _conclude(self, status: int) -> None:
        self._process = None
        if status == 0:
            self._settle("done")
        else:
            self._fail(_ended(status))

    async def _serve(self, process: Process) -> int:
        """Wait until it is ready, then until it ends; kill it if it freezes."""
        ended = asyncio.ensure_future(process.wait())
        timeout = self.service.start_timeout_s
        if not await self._becomes_ready(ended, timeout):
            if not ended.done():
                if not self.started.done():
                    self._fail(
                        _("was not ready after %(seconds)s s") % {"seconds": f"{timeout:.0f}"}
                    )
                await process.stop()
            return await ended
        self._settle("running")
        if self.service.ready is None or self.service.frozen_after_s is None:
            return await ended
        answered = time.monotonic()
        while not await _within(ended, WATCH_S):
            if await asyncio.to_thread(self.service.ready):
                answered = time.monotonic()
            elif time.monotonic() - answered > self.service.frozen_after_s:
                told = _("%(name)s does not answer: started again")
                self._supervisor.say(told % {"name": self.service.title})
                process.send(signal.SIGKILL)
        return await ended

    async def _becomes_ready(self, ended: asyncio.Future[int], timeout: float) -> bool:
        if self.service.ready is None:
            return not await _within(ended, SETTLED_S)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if await asyncio.to_thread(self.service.ready):
                return not ended.done()
            if await _within(ended, POLL_S):
                return False
        return False

    def _settle(self, state: str) -> None:
        if self.started.done():
            took = (datetime.now(UTC) - self._changed).total_seconds()
            told = _("%(name)s runs again (%(seconds)s s)")
            self._supervisor.say(told % {"name": self.service.title, "seconds": f"{took:.1f}"})
        else:
            took = time.monotonic() - self._begun
            self._supervisor.say_step(self, f"ok ({took:.1f} s)")
            self.started.set_result(True)
        self._enter(state)

    def _tell_end(self, status: int, failures: int) -> None:
        if self.started.done() and self.started.result():
            told = _("%(name)s %(ended)s: starting it again")
            self._supervisor.say(told % {"name": self.service.title, "ended": _ended(status)})
        elif not self.started.done() and failures >= FAILED_STARTS:
            times = _("%(ended)s, %(count)s times")
            self._fail(times % {"ended": _ended(status), "count": failures})
        self.detail = _ended(status)

    def _fail(self, problem: str) -> None:
        path = self._log.path
        tail = [f"      | {line}" for line in self._log.tail(LOG_TAIL_LINES)]
        cure = _("What to do: %(cure)s (%(log)s)") % {"cure": self.service.cure, "log": path}
        problem = "\n".join([problem, *tail, f"  {cure}"])
        self._give_up("failed", problem)

    def _give_up(self, state: str, problem: str) -> None:
        """Say so once; what depends on it does not start, the rest does."""
        self.detail = problem
        self._enter(state)
        if self.started.done():
            self._supervisor.say(f"{self.service.title}: {problem}")
            return
        self._supervisor.say_step(self, f"{_(state).upper()}: {problem}")
        self.started.set_result(False)
        if self.service.essential:
            self._supervisor.give_up()

    def _enter(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self._changed = datetime.now(UTC)
        self._supervisor.write_status()

    def _echo(self) -> Callable[[bytes], None] | None:
        if not self._supervisor.echo:
            return None

        def show(data: bytes) -> None:
            for line in data.decode(errors="replace").splitlines():
                self._supervisor.say(f"{self.service.name} | {line}")

        return show


async def _within(ended: asyncio.Future[int], seconds: float) -> bool:
    """Whether the process ends in this time."""
    done, _pending = await asyncio.wait([ended], timeout=seconds)
    return bool(done)


def _ended(status: int) -> str:
    how = f"status {status}" if status >= 0 else signal.Signals(-status).name
    return _("ended with %(how)s") % {"how": how}
