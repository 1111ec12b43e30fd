"""Asterisk's manager interface: actions with their answers, and the stream of events.

`nodes.py` makes a new `Manager` when its connection breaks: what was pending fails with
Unavailable, and whoever keeps state about the switch reads it anew.

A list tells numbers as their callers write them, until the dialplan has looked at them: Asterisk
decodes `%0D%0A` in an address of SIP and writes the line break out. So lists come by a connection
of their own, on which no event is believed, and answers are told by ids that nobody guesses.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import secrets
from collections.abc import AsyncIterator, Mapping

from tronco.core.errors import Unavailable

logger = logging.getLogger(__name__)
Fields = dict[str, str]
ACTION_TIMEOUT_S = 5.0
# Lists of a large switch take longer.
LIST_TIMEOUT_S = 30.0
_LAST_OF_LIST = "Complete"
# What tells a channel from another: never twice in a row.
_CHANNEL_ID = "\r\nUniqueid:"
# Nobody reads from a connection that has stalled for as long as it takes to fill this.
MOST_EVENTS = 100_000


def parse_block(block: str) -> Fields:
    """Read `Name: value` lines; the first of a repeated name wins."""
    fields: Fields = {}
    for line in block.split("\r\n"):
        name, separator, value = line.partition(":")
        if separator:
            fields.setdefault(name, value.strip())
    return fields


def format_action(fields: Mapping[str, str]) -> bytes:
    """Write an action; a line break in a value would begin another field and is refused."""
    for name, value in fields.items():
        if "\n" in value or "\r" in value:
            raise ValueError(f"line break in {name}")
    return ("".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n").encode()


class _Pending:
    """An action that waits for its answer, or for a whole list of them."""

    def __init__(self, *, is_list: bool) -> None:
        self.is_list = is_list
        self.items: list[Fields] = []
        self.done: asyncio.Future[list[Fields]] = asyncio.get_running_loop().create_future()

    def take(self, block: Fields) -> None:
        """Take a block that belongs to this action. What it is says its first line alone."""
        if "Event" in block:
            if block["Event"].endswith(_LAST_OF_LIST):
                self._finish(self.items)
            else:
                self.items.append(block)
        elif block.get("Response") == "Error":
            self._fail(block.get("Message", "refused"))
        elif not self.is_list:
            self._finish([block])

    def spoil(self) -> None:
        """Somebody's line breaks stood in the answer: whoever asked asks again."""
        if self.is_list:
            self._fail("a list with line breaks of a caller's in it", code="ami-spoilt")

    def _finish(self, result: list[Fields]) -> None:
        if not self.done.done():
            self.done.set_result(result)

    def _fail(self, message: str, *, code: str = "ami-refused") -> None:
        if not self.done.done():
            self.done.set_exception(Unavailable(f"Asterisk: {message}", code=code))


class Manager:
    """A signed-in connection. Use `connect`; `events` ends when the connection does."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, lists: Manager | None
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._lists = lists
        self._secret = secrets.token_hex(8)
        self._numbers = itertools.count(1)
        self._pending: dict[str, _Pending] = {}
        self._events: asyncio.Queue[Fields | None] = asyncio.Queue(MOST_EVENTS)
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def connect(
        cls, *, port: int, user: str, secret: str, host: str = "127.0.0.1"
    ) -> Manager:
        """Connect and sign in; Unavailable when Asterisk is not there or does not let us in."""
        lists = await cls._sign_in(host, port, user, secret)
        try:
            manager = await cls._sign_in(host, port, user, secret, lists=lists)
        except Unavailable:
            await lists.close()
            raise
        lists._reading.add_done_callback(lambda _ended: manager._reading.cancel())
        return manager

    @classmethod
    async def _sign_in(
        cls, host: str, port: int, user: str, secret: str, *, lists: Manager | None = None
    ) -> Manager:
        try:
            async with asyncio.timeout(ACTION_TIMEOUT_S):
                reader, writer = await asyncio.open_connection(host, port)
                await reader.readline()  # Asterisk Call Manager/…
        except (OSError, TimeoutError) as problem:
            raise Unavailable(f"no Asterisk at {host}:{port}", code="ami-away") from problem
        manager = cls(reader, writer, lists=lists)
        events = "off" if lists is None else "on"
        try:
            await manager.action("Login", Username=user, Secret=secret, Events=events)
        except Unavailable:
            await manager.close()
            raise
        return manager

    async def action(self, name: str, **fields: str) -> Fields:
        """Run an action that has one answer; Unavailable when it is refused or unanswered."""
        return (await self._run(name, fields, is_list=False, timeout_s=ACTION_TIMEOUT_S))[0]

    async def attempt(self, name: str, **fields: str) -> None:
        """Run an action that Asterisk refuses when there is nothing to do."""
        try:
            await self.action(name, **fields)
        except Unavailable as problem:
            if problem.code != "ami-refused":
                raise

    async def list_of(self, name: str, **fields: str) -> list[Fields]:
        """Run an action whose answer is a list of events; some say "none found" as a refusal."""
        lists = self._lists or self
        try:
            return await lists._run(name, fields, is_list=True, timeout_s=LIST_TIMEOUT_S)
        except Unavailable as problem:
            if problem.code != "ami-refused":
                raise
            return []

    async def events(self) -> AsyncIterator[Fields]:
        """Every event, until the connection ends."""
        while (event := await self._events.get()) is not None:
            yield event

    async def close(self) -> None:
        if self._lists is not None:
            await self._lists.close()
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _run(
        self, name: str, fields: Mapping[str, str], *, is_list: bool, timeout_s: float
    ) -> list[Fields]:
        if self._reading.done():
            raise Unavailable("the connection to Asterisk is gone", code="ami-away")
        action_id = f"{self._secret}-{next(self._numbers)}"
        pending = self._pending[action_id] = _Pending(is_list=is_list)
        try:
            self._writer.write(format_action({"Action": name, "ActionID": action_id, **fields}))
            await self._writer.drain()
            # Not wait_for: of Python 3.11's, a cancellation may be lost.
            async with asyncio.timeout(timeout_s):
                return await pending.done
        except (OSError, TimeoutError) as problem:
            raise Unavailable(f"Asterisk did not answer {name}", code="ami-away") from problem
        finally:
            self._pending.pop(action_id, None)

    async def _read(self) -> None:
        try:
            while True:
                block = await self._reader.readuntil(b"\r\n\r\n")
                text = block.decode("utf-8", "replace")
                if self._lists is None:
                    self._take_of_list(text)
                else:
                    self._take(parse_block(text))
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            gone = Unavailable("the connection to Asterisk is gone", code="ami-away")
            for pending in self._pending.values():
                if not pending.done.done():
                    pending.done.set_exception(gone)
            if self._events.full():
                self._events.get_nowait()
            self._events.put_nowait(None)

    def _take_of_list(self, text: str) -> None:
        """Take a block of a list. One that cannot be Asterisk's own spoils what is asked for."""
        block = parse_block(text)
        pending = self._pending.get(block.get("ActionID", ""))
        if pending and text.count(_CHANNEL_ID) <= 1:
            pending.take(block)
            return
        for one in self._pending.values():
            one.spoil()

    def _take(self, block: Fields) -> None:
        pending = self._pending.get(block.get("ActionID", ""))
        if pending:
            pending.take(block)
        elif "Event" in block:
            if self._events.full():
                logger.error("events of Asterisk come faster than they are read; one is dropped")
                self._events.get_nowait()
            self._events.put_nowait(block)
