"""What a process does again and again ends when it is told to."""

from __future__ import annotations

import asyncio

import pytest

from tronco.sipcore.loops import Loops


def test_a_loop_ends_though_its_work_is_wanted_at_that_moment() -> None:
    async def scene() -> None:
        sooner, waits = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            sooner.clear()
            waits.set()

        loop = asyncio.create_task(Loops("node1").every(3600, work, sooner=sooner))
        await waits.wait()
        await asyncio.sleep(0)
        sooner.set()
        loop.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(5):
                await loop

    asyncio.run(scene())
