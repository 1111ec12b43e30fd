"""What the supervisor runs, as data, and one running process of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tronco.runtime.children import spawn_child
from tronco.runtime.logs import LogFile
from tronco.runtime.privileges import ServiceUser
from tronco.runtime.proc import start_ticks

READ_BYTES = 65_536


@dataclass(frozen=True)
class Service:
    """A process to keep running, or with `once` a step to take."""

    name: str
    title: str
    # Asked before every start, when what it comes after is ready.
    command: Callable[[], Sequence[str]]
    env: Mapping[str, str] = field(default_factory=dict)
    # It starts only after these, and not at all without the first kind.
    needs: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    # Whether it does its work now. Without one it is ready when it has been started.
    ready: Callable[[], bool] | None = None
    user: ServiceUser | None = None
    once: bool = False
    # Nothing can work without it: when it cannot start, everything stops.
    essential: bool = False
    stop_signal: signal.Signals = signal.SIGTERM
    start_timeout_s: float = 60.0
    stop_timeout_s: float = 10.0
    # Killed and started again when `ready` has said no for so long.
    frozen_after_s: float | None = None
    cure: str = "read its log"


class Process:
    """A child with its output going to a log, whose end can be awaited.

    Only for the event loop's thread: the kernel ties the child to the thread that starts it.
    """

    def __init__(
        self,
        service: Service,
        argv: Sequence[str],
        *,
        log: LogFile,
        echo: Callable[[bytes], None] | None = None,
    ) -> None:
        self._service = service
        self._log = log
        self._echo = echo
        self._child = spawn_child(
            argv,
            user=service.user,
            death_signal=service.stop_signal,
            output=subprocess.PIPE,
            env={**os.environ, **service.env},
        )
        self.pid = self._child.pid
        self.started_ticks = start_ticks(self.pid)
        loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] = loop.create_future()
        self._pidfd = os.pidfd_open(self.pid)
        loop.add_reader(self._pidfd, self._on_exit)
        assert self._child.stdout is not None  # noqa: S101 - asked for above
        self._output = self._child.stdout.fileno()
        os.set_blocking(self._output, False)
        loop.add_reader(self._output, self._on_output)

    async def wait(self) -> int:
        return await asyncio.shield(self._ended)

    def send(self, what: signal.Signals) -> None:
        if not self._ended.done():
            self._child.send_signal(what)

    async def stop(self) -> int:
        """Ask it to stop, insist after its time; its exit status."""
        self.send(self._service.stop_signal)
        try:
            return await asyncio.wait_for(self.wait(), self._service.stop_timeout_s)
        except TimeoutError:
            self.send(signal.SIGKILL)
            return await self.wait()

    def _on_exit(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        status = self._child.wait()
        # Whatever it started in its session and left behind.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._on_output()
        loop.remove_reader(self._output)
        self._child.stdout.close()  # type: ignore[union-attr] # it is a pipe
        self._ended.set_result(status)

    def _on_output(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._output, READ_BYTES):
                self._log.write(data)
                if self._echo:
                    self._echo(data)
            asyncio.get_running_loop().remove_reader(self._output)
