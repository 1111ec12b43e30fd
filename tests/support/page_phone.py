"""SIP over a WebSocket (RFC 7118), as pages speak it: just enough to sign in."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets

from tronco.demo import sip
from tronco.demo.sip import Message

TEXT, CLOSE = 1, 8
TIMEOUT_S = 5


class PageConnection:
    """One WebSocket to a switch, from an address of this machine. Use `open`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._host = f"{secrets.token_hex(6)}.invalid"
        self._sequence = 0

    @classmethod
    async def open(cls, port: int, *, address: str) -> PageConnection:
        streams = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
        connection = cls(*streams)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            "GET /ws HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: sip",
        ]
        connection._writer.write("\r\n".join([*lines, "", ""]).encode())
        answer = await connection._reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 101"), answer
        return connection

    async def register(self, name: str, password: str, *, expires_s: int = 60) -> int:
        """Register, answering the challenge; the last status (200, 401, 403 ...)."""
        uri, address = "sip:tronco.invalid", f"<sip:{name}@tronco.invalid>"
        tag, call_id, signature, status = secrets.token_hex(4), secrets.token_hex(8), "", 0
        for _ in range(2):
            self._sequence += 1
            request = Message(f"REGISTER {uri} SIP/2.0")
            request.headers = [
                ("via", f"SIP/2.0/WS {self._host};branch={sip.new_branch()}"),
                ("from", f"{address};tag={tag}"),
                ("to", address),
                ("call-id", call_id),
                ("cseq", f"{self._sequence} REGISTER"),
                ("contact", f"<sip:{name}@{self._host};transport=ws>"),
                ("expires", str(expires_s)),
                ("max-forwards", "70"),
            ]
            if signature:
                request.headers.append(("authorization", signature))
            answer = await self._exchange(request)
            status = answer.status
            if status != 401:
                break
            signature = sip.authorization(
                answer.get("www-authenticate"),
                method="REGISTER",
                uri=uri,
                username=name,
                password=password,
            )
        return status

    def close(self) -> None:
        self._writer.close()

    async def _exchange(self, request: Message) -> Message:
        """Send a request and wait for its final answer; others' messages are passed over."""
        self._send(request.encode())
        async with asyncio.timeout(TIMEOUT_S):
            while True:
                message = sip.parse(await self._receive())
                is_ours = message and message.branch == request.branch
                if message and is_ours and message.status >= 200:
                    return message

    def _send(self, payload: bytes) -> None:
        size = len(payload)
        assert 126 <= size < 65536
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        head = bytes([0x80 | TEXT, 0x80 | 126]) + size.to_bytes(2, "big")
        self._writer.write(head + mask + masked)

    async def _receive(self) -> bytes:
        """The payload of the next text frame."""
        while True:
            kind, size = await self._reader.readexactly(2)
            if size >= 126:
                more = await self._reader.readexactly(2 if size == 126 else 8)
                size = int.from_bytes(more, "big")
            payload = await self._reader.readexactly(size)
            assert kind & 0x0F != CLOSE, "the switch has closed the connection"
            if kind & 0x0F == TEXT:
                return payload
