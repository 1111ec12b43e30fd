"""One call of a user agent, seen from the telephone: what was sent, heard, and when."""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tronco.demo import sip
from tronco.demo.rtp import Audio
from tronco.demo.sip import Message

if TYPE_CHECKING:
    from tronco.demo.agent import Agent

RESEND_S = 0.5


class Call:
    """An outgoing or incoming call. Times are monotonic seconds, None until it happened.

    `status` is the last SIP status; `cause` the Q.850 cause of a Reason header, 0 without one;
    `hung_up_by` is `us` or `them` once an answered call has ended.
    """

    def __init__(
        self, agent: Agent, *, call_id: str, local: str, remote: str, remote_uri: str
    ) -> None:
        self.agent = agent
        self.call_id = call_id
        self.local, self.remote, self.remote_uri = local, remote, remote_uri
        self.target = agent.server
        self.audio: Audio | None = None
        self.tone_hz: float | None = None
        self.password: str | None = None
        self.is_incoming = False
        self.status = 0
        self.cause = 0
        self.hung_up_by = ""
        self.started_at = time.monotonic()
        self.ringing_at: float | None = None
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.invitation = Message("")  # the INVITE, ours or theirs
        self._sequence = 1
        self._routes: list[str] = []
        self._cancelled = False
        self._provisional = asyncio.Event()
        self._changed = asyncio.Event()

    # -- beginning ---------------------------------------------------------------------------

    @classmethod
    async def place(
        cls,
        agent: Agent,
        number: str,
        *,
        media: bool,
        tone_hz: float | None,
        caller: str,
        to: str,
        password: str | None,
    ) -> Call:
        user = caller or agent.account.username or "tronco"
        host, port = agent.server
        uri = f"sip:{number}@{host}:{port}"
        local = f"<sip:{user}@{host}>;tag={secrets.token_hex(4)}"
        remote = f"<sip:{to or number}@{host}:{port}>"
        call = cls(agent, call_id=secrets.token_hex(12), local=local, remote=remote, remote_uri=uri)
        call.password = password
        call.tone_hz = tone_hz
        if media:
            call.audio = await Audio.open(agent.address)
        return call

    @classmethod
    def incoming(cls, agent: Agent, request: Message, addr: tuple[str, int]) -> Call:
        call = cls(
            agent,
            call_id=request.get("call-id"),
            local=f"{request.get('to')};tag={secrets.token_hex(4)}",
            remote=request.get("from"),
            remote_uri=sip.uri_in(request.get("contact")),
        )
        call.is_incoming = True
        call.target = addr
        call.invitation = request
        call._routes = request.all("record-route")
        return call

    def invite(self, signature: str = "") -> None:
        """Send the INVITE, again with a signature when it is challenged."""
        request = self._request("INVITE", extra=[("contact", self.agent.contact)])
        if signature:
            request.headers.append(("authorization", signature))
        request.headers.append(("content-type", "application/sdp"))
        request.body = self._sdp()
        self.invitation = request
        self.agent.expect(request, self._hear_answer)
        self.agent.start(self._resend(request))

    # -- what a person does ------------------------------------------------------------------

    @property
    def dialled(self) -> str:
        """The number that an incoming call asks for."""
        return sip.user_of(self.invitation.uri)

    @property
    def caller(self) -> str:
        """The number that an incoming call shows."""
        return sip.user_of(self.remote)

    @property
    def seconds(self) -> float:
        """How long it was answered."""
        if self.answered_at is None:
            return 0.0
        return (self.ended_at or time.monotonic()) - self.answered_at

    def ring(self) -> None:
        self._reply(180)
        self.ringing_at = time.monotonic()

    async def accept(self, *, media: bool = True, tone_hz: float | None = None) -> None:
        """Answer an incoming call."""
        self.tone_hz = tone_hz
        if media:
            self.audio = await Audio.open(self.agent.address)
        if self.ended_at is not None:
            self.close_media()
            return
        self._reply(200, body=self._sdp())
        self._now_answered(self.invitation.body)

    def refuse(self, status: int, *, cause: int = 0) -> None:
        """Turn an incoming call down."""
        self._reply(status, cause=cause)
        self.status = status
        self._now_ended("")

    def cancel(self) -> None:
        """Give up an outgoing call before it is answered."""
        self._cancelled = True
        if self._provisional.is_set():
            self._send_cancel()

    async def hang_up(self) -> None:
        """End an answered call, give up an unanswered one, turn down one that rings here."""
        if self.ended_at is not None:
            return
        if self.answered_at is None:
            if self.is_incoming:
                self.refuse(480)
            else:
                self.cancel()
            return
        self._now_ended("us")
        self._sequence += 1
        await self.agent.request(self._request("BYE"), self.target)

    async def press(self, keys: str, *, by_info: bool = False) -> None:
        """Press keys: in the audio as RFC 4733 has it, or as SIP INFO."""
        if not by_info:
            if self.audio:
                await self.audio.send_digits(keys)
            return
        for key in keys:
            self._sequence += 1
            request = self._request("INFO", extra=[("content-type", "application/dtmf-relay")])
            request.body = f"Signal={key}\r\nDuration=160\r\n"
            await self.agent.request(request, self.target)

    async def wait_ringing(self, timeout_s: float = 10) -> None:
        await self._wait(
            lambda: self.ringing_at is not None or self.ended_at is not None, timeout_s
        )

    async def wait_answered(self, timeout_s: float = 10) -> bool:
        """True once answered, False if it ends without."""
        await self._wait(lambda: bool(self.answered_at or self.ended_at), timeout_s)
        return self.answered_at is not None

    async def wait_ended(self, timeout_s: float = 30) -> None:
        await self._wait(lambda: self.ended_at is not None, timeout_s)

    # -- what comes over the wire ------------------------------------------------------------

    def take(self, request: Message, addr: tuple[str, int]) -> None:
        """A request within this call."""
        agent, method = self.agent, request.method
        if method == "BYE":
            self._read_reason(request)
            agent.answer(request, sip.response_to(request, 200), addr)
            self._now_ended("them")
        elif method == "CANCEL":
            agent.answer(request, sip.response_to(request, 200, to_tag="q"), addr)
            if self.answered_at is None and self.ended_at is None:
                self.refuse(487)
        elif method == "INVITE":
            target = sip.media_target(request.body)
            if target and self.audio:
                self.audio.start(target, kind=self.agent.formats[0])
            agent.answer(request, self._with_body(sip.response_to(request, 200), self._sdp()), addr)
        elif method != "ACK":
            agent.answer(request, sip.response_to(request, 200), addr)

    def _hear_answer(self, answer: Message) -> None:
        status = answer.status
        self._provisional.set()
        if status < 200:
            self._hear_provisional(answer)
            return
        if status >= 300:
            self._acknowledge(answer)
        if status == 401 and not self.invitation.get("authorization"):
            signature = self.agent.sign(answer, "INVITE", self.invitation.uri, self.password)
            self._sequence += 1
            self._provisional.clear()
            if self._cancelled:
                self._now_ended("")
            else:
                self.invite(signature)
            return
        if status >= 300:
            self.status = status
            self._read_reason(answer)
            self._now_ended("")
            return
        first = self.answered_at is None
        self._take_dialog(answer)
        self._acknowledge(answer)
        if first and self.ended_at is None:
            self.status = status
            self._now_answered(answer.body)

    def _hear_provisional(self, answer: Message) -> None:
        if self._cancelled:
            self._send_cancel()
        if answer.status > 100 and self.ended_at is None:
            self.status = answer.status
            self.ringing_at = self.ringing_at or time.monotonic()
            target = sip.media_target(answer.body)
            if target and self.audio:
                self.audio.start(target, tone_hz=self.tone_hz, kind=self.agent.formats[0])
        self._changed.set()

    def _take_dialog(self, answer: Message) -> None:
        self.remote = answer.get("to")
        self.remote_uri = sip.uri_in(answer.get("contact")) or self.remote_uri
        self._routes = list(reversed(answer.all("record-route")))

    def _acknowledge(self, answer: Message) -> None:
        """ACK: of a refusal within the same transaction, of an answer in a new one."""
        if answer.status >= 300:
            ack = Message(f"ACK {self.invitation.uri} SIP/2.0")
            ack.headers = [("via", self.invitation.get("via")), ("from", self.local)]
        else:
            ack = Message(f"ACK {self.remote_uri} SIP/2.0")
            ack.headers = [("via", self.agent.via()), ("from", self.local)]
            ack.headers += [("route", route) for route in self._routes]
        number = self.invitation.get("cseq").split()[0]
        ack.headers += [
            ("to", answer.get("to")),
            ("call-id", self.call_id),
            ("cseq", f"{number} ACK"),
            ("max-forwards", "70"),
        ]
        self.agent.send(ack)

    def _send_cancel(self) -> None:
        cancel = Message(f"CANCEL {self.invitation.uri} SIP/2.0")
        cancel.headers = [
            ("via", self.invitation.get("via")),
            ("from", self.local),
            ("to", self.invitation.get("to")),
            ("call-id", self.call_id),
            ("cseq", f"{self.invitation.get('cseq').split()[0]} CANCEL"),
            ("max-forwards", "70"),
        ]
        self.agent.send(cancel)

    async def _resend(self, request: Message) -> None:
        wait_s = RESEND_S
        while wait_s < 8 * RESEND_S and self.ended_at is None:
            self.agent.send(request, self.target)
            try:
                await asyncio.wait_for(self._provisional.wait(), wait_s)
            except TimeoutError:
                wait_s *= 2
            else:
                return

    # -- pieces ------------------------------------------------------------------------------

    def _request(self, method: str, extra: list[tuple[str, str]] | None = None) -> Message:
        request = Message(f"{method} {self.remote_uri} SIP/2.0")
        request.headers = [
            ("via", self.agent.via()),
            *(("route", route) for route in self._routes),
            ("from", self.local),
            ("to", self.remote),
            ("call-id", self.call_id),
            ("cseq", f"{self._sequence} {method}"),
            ("max-forwards", "70"),
            ("user-agent", self.agent.user_agent),
            *(extra or []),
        ]
        return request

    def _reply(self, status: int, *, body: str = "", cause: int = 0) -> None:
        reply = sip.response_to(self.invitation, status, to_tag=sip.tag_of(self.local))
        reply.headers.append(("contact", self.agent.contact))
        if cause:
            reply.headers.append(("reason", f"Q.850;cause={cause}"))
        self.agent.answer(self.invitation, self._with_body(reply, body), self.target)

    def _sdp(self) -> str:
        port = self.audio.port if self.audio else 9
        return sip.sdp_offer(self.agent.claimed, port, self.agent.formats)

    @staticmethod
    def _with_body(reply: Message, body: str) -> Message:
        if body:
            reply.headers.append(("content-type", "application/sdp"))
            reply.body = body
        return reply

    def _read_reason(self, message: Message) -> None:
        if found := re.search(r"cause\s*=\s*(\d+)", message.get("reason")):
            self.cause = int(found[1])

    def _now_answered(self, sdp: str) -> None:
        self.answered_at = time.monotonic()
        target = sip.media_target(sdp)
        if target and self.audio:
            self.audio.start(target, tone_hz=self.tone_hz, kind=self.agent.formats[0])
        self._changed.set()

    def _now_ended(self, by: str) -> None:
        if self.ended_at is None:
            self.ended_at = time.monotonic()
            self.hung_up_by = by
        self.close_media()
        self._changed.set()
        asyncio.get_running_loop().call_later(5, self.agent.forget, self)

    def close_media(self) -> None:
        if self.audio:
            self.audio.close()

    async def _wait(self, done: Callable[[], bool], timeout_s: float) -> None:
        async with asyncio.timeout(timeout_s):
            while not done():
                self._changed.clear()
                await self._changed.wait()
