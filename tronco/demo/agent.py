"""A SIP user agent on UDP: registers, places calls, takes them; one socket for all its calls."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, cast

from tronco.demo import sip
from tronco.demo.call import Call
from tronco.demo.sip import Message

RETRY_S = 0.5
GIVE_UP_S = 8.0
MOST_REMEMBERED = 500
IncomingHandler = Callable[[Call], Coroutine[Any, Any, None]]
Handler = Callable[[Message], None]


@dataclass(frozen=True)
class Account:
    """How an agent signs in: nothing when it is known by its address, as a carrier is."""

    username: str = ""
    password: str = ""


class Agent(asyncio.DatagramProtocol):
    """`server` is the switch. `on_call` is told of incoming calls; without it they are busy."""

    def __init__(
        self,
        server: tuple[str, int],
        account: Account | None = None,
        *,
        on_call: IncomingHandler | None = None,
        user_agent: str = "Tronco demo phone",
    ) -> None:
        self.server = server
        self.account = account or Account()
        self.on_call = on_call
        self.user_agent = user_agent
        self.formats: tuple[int, ...] = (8, 0)  # of its calls' audio, see `sip.FORMATS`
        self.address = ""
        self.port = 0
        # What it believes its address to be: behind a router, one that nobody reaches.
        self.claimed = ""
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[tuple[str, str], Handler] = {}
        self._answered: dict[tuple[str, str], bytes] = {}
        self._calls: dict[str, Call] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._register_sequence = 0
        self._register_id = secrets.token_hex(8)

    async def open(self, address: str = "127.0.0.1", port: int = 0) -> Agent:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=(address, port))
        return self

    async def close(self) -> None:
        """Go silent at once, as a phone whose cable is pulled."""
        for call in list(self._calls.values()):
            call.close_media()
        for task in self._tasks:
            task.cancel()
        if self._transport:
            self._transport.close()
            await asyncio.sleep(0)

    @property
    def contact(self) -> str:
        user = self.account.username or "tronco"
        return f"<sip:{user}@{self.claimed}:{self.port}>"

    async def register(self, expires_s: int = 120) -> int:
        """Register, answering the challenge; the last status (200, 401, 403 ...)."""
        uri = f"sip:{self.server[0]}:{self.server[1]}"
        address = f"<sip:{self.account.username}@{self.server[0]}>"
        tag, signature, status = secrets.token_hex(4), "", 0
        for _ in range(2):
            self._register_sequence += 1
            request = Message(f"REGISTER {uri} SIP/2.0")
            request.headers = [
                ("via", self.via()),
                ("from", f"{address};tag={tag}"),
                ("to", address),
                ("call-id", self._register_id),
                ("cseq", f"{self._register_sequence} REGISTER"),
                ("contact", self.contact),
                ("expires", str(expires_s)),
                ("max-forwards", "70"),
                ("user-agent", self.user_agent),
            ]
            if signature:
                request.headers.append(("authorization", signature))
            answer = await self.request(request)
            status = answer.status if answer else 0
            if answer is None or status != 401:
                break
            signature = self.sign(answer, "REGISTER", uri)
        return status

    async def call(
        self,
        number: str,
        *,
        media: bool = True,
        tone_hz: float | None = None,
        caller: str = "",
        to: str = "",
        password: str | None = None,
    ) -> Call:
        """Dial a number. `caller` is what the From header claims (default: the user name)."""
        call = await Call.place(
            self, number, media=media, tone_hz=tone_hz, caller=caller, to=to, password=password
        )
        self._calls[call.call_id] = call
        call.invite()
        return call

    async def hang_up_all(self) -> None:
        """End all its calls."""
        await asyncio.gather(*(call.hang_up() for call in list(self._calls.values())))

    def forget(self, call: Call) -> None:
        """Drop what was kept of a call that is over."""
        self._calls.pop(call.call_id, None)
        self._waiting.pop((call.invitation.branch, "INVITE"), None)

    def via(self, branch: str = "") -> str:
        return f"SIP/2.0/UDP {self.claimed}:{self.port};rport;branch={branch or sip.new_branch()}"

    def sign(self, challenge: Message, method: str, uri: str, password: str | None = None) -> str:
        return sip.authorization(
            challenge.get("www-authenticate") or challenge.get("proxy-authenticate"),
            method=method,
            uri=uri,
            username=self.account.username,
            password=self.account.password if password is None else password,
        )

    def send(self, message: Message, target: tuple[str, int] | None = None) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.sendto(message.encode(), target or self.server)

    async def request(
        self, request: Message, target: tuple[str, int] | None = None
    ) -> Message | None:
        """Send until a final answer comes; None when none does."""
        answered: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

        def settle(answer: Message) -> None:
            if answer.status >= 200 and not answered.done():
                answered.set_result(answer)

        with self.expecting(request, settle):
            give_up, wait_s = time.monotonic() + GIVE_UP_S, RETRY_S
            while time.monotonic() < give_up:
                self.send(request, target)
                with contextlib.suppress(TimeoutError):
                    return await asyncio.wait_for(asyncio.shield(answered), wait_s)
                wait_s *= 2
        return None

    @contextlib.contextmanager
    def expecting(self, request: Message, handler: Handler) -> Iterator[None]:
        """Hand the answers to `request` to `handler` for as long as the block runs."""
        self.expect(request, handler)
        try:
            yield
        finally:
            self._waiting.pop((request.branch, request.method), None)

    def expect(self, request: Message, handler: Handler) -> None:
        self._waiting[request.branch, request.method] = handler

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def answer(self, request: Message, reply: Message, target: tuple[str, int]) -> None:
        """Send a reply, and send it again whenever the request comes again."""
        self._answered[request.branch, request.method] = reply.encode()
        if len(self._answered) > MOST_REMEMBERED:
            # The oldest; nobody asks again after half a minute.
            del self._answered[next(iter(self._answered))]
        self.send(reply, target)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.address, self.port = transport.get_extra_info("sockname")[:2]
        self.claimed = self.claimed or self.address

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = sip.parse(data)
        if message is None:
            return
        if message.is_response:
            handler = self._waiting.get((message.branch, message.method))
            if handler:
                handler(message)
            return
        if again := self._answered.get((message.branch, message.method)):
            if self._transport:
                self._transport.sendto(again, addr)
            return
        self._take(message, addr)

    def _take(self, request: Message, addr: tuple[str, int]) -> None:
        call = self._calls.get(request.get("call-id"))
        if call:
            call.take(request, addr)
        elif request.method == "INVITE":
            self._take_invite(request, addr)
        elif request.method in ("OPTIONS", "NOTIFY"):
            self.answer(request, sip.response_to(request, 200, to_tag="q"), addr)
        elif request.method != "ACK":
            self.answer(request, sip.response_to(request, 481, to_tag="q"), addr)

    def _take_invite(self, request: Message, addr: tuple[str, int]) -> None:
        call = Call.incoming(self, request, addr)
        self._calls[call.call_id] = call
        self.answer(request, sip.response_to(request, 100), addr)
        if self.on_call is None:
            call.refuse(486)
        else:
            self.start(self.on_call(call))
