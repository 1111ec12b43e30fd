"""A real mail server for tests, on a port of this machine."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller

from tronco.runtime.ports import choose_port


class Server:
    """What it was given, and what it says to a recipient or to a message."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.taken: list[Any] = []
        self.recipient_reply = "250 OK"
        self.data_reply = "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.recipient_reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_reply

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.data_reply.startswith("250"):
            self.taken.append(email.message_from_bytes(envelope.content, policy=email.policy.SMTP))
        return self.data_reply


@contextmanager
def mail_server(**options: Any) -> Iterator[Server]:
    """Run one; `options` are those of aiosmtpd's controller (sign-in, TLS)."""
    server = Server(choose_port())
    controller = Controller(server, hostname="127.0.0.1", port=server.port, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


@contextmanager
def own_mail_server(settings: Any) -> Iterator[Server]:
    """Run one that the installation's settings lead to."""
    with mail_server() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.DEFAULT_FROM_EMAIL = "avisos@operadora.example"
        yield server
