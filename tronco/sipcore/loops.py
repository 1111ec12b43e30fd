"""What a process does again and again: a loop that fails says so, once, and goes on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from tronco.core.errors import TroncoError

logger = logging.getLogger(__name__)
# Work that was wanted at once and failed is tried again this soon.
RETRY_S = 1.0


class Loops:
    """Of one owner, whose name stands before what is said."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._last_problem = ""

    async def every(
        self,
        seconds: float,
        work: Callable[[], Awaitable[None]],
        *,
        sooner: asyncio.Event | None = None,
    ) -> None:
        """Work until cancelled; `sooner` cuts the wait short, and the work clears it."""
        while True:
            failed = not await self.attempt(work())
            wait_s = min(seconds, RETRY_S) if failed and sooner else seconds
            if sooner is None or failed:
                await asyncio.sleep(wait_s)
                continue
            # Not wait_for: of Python 3.11's, a cancellation may be lost.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await sooner.wait()

    async def attempt(self, work: Awaitable[None]) -> bool:
        """Do the work; what went wrong is told, and True when nothing did."""
        try:
            await work
        except TroncoError as problem:
            if str(problem) != self._last_problem:
                logger.warning("%s: %s", self._name, problem)
                self._last_problem = str(problem)
            return False
        except Exception:
            logger.exception("a task of %s failed", self._name)
            return False
        return True
