"""The demonstration's mail server: takes what the product sends, and keeps it to be read.

    python -m tronco.demo.mail_server DIRECTORY --port 2525

It sends nothing on: whatever address is tried, nobody is written to. Like any it refuses some, so
that errors can be seen too.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from tronco.demo.letters import letter_keep

ADDRESS = "127.0.0.1"
MOST_BYTES = 10_000_000
TAKEN = "250 OK"
# By the name before the @.
REFUSED = {
    "cheia": "552 5.2.2 Mailbox full",
    "adiada": "451 4.7.1 Try again later",
}
# A name that never exists (RFC 2606).
NOWHERE = ".invalid"


class Postman:
    """What the server answers; letters go to `place`."""

    def __init__(self, place: Path) -> None:
        self.place = place

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        answer = reply_to(address)
        if answer == TAKEN:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        letter_keep(self.place, envelope.content)
        return TAKEN


def reply_to(address: str) -> str:
    """What is said to a recipient."""
    name, _at, domain = address.lower().rpartition("@")
    if domain.endswith(NOWHERE):
        return "550 5.1.2 Unknown domain"
    return REFUSED.get(name, TAKEN)


def main() -> int:
    """Run until told to stop."""
    parser = argparse.ArgumentParser(prog="tronco.demo.mail_server", description=__doc__)
    parser.add_argument("place", type=Path)
    parser.add_argument("--port", required=True, type=int)
    args = parser.parse_args()
    ends = {signal.SIGTERM, signal.SIGINT}
    # Before the server's thread begins, which would take them otherwise.
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    controller = Controller(
        Postman(args.place), hostname=ADDRESS, port=args.port, data_size_limit=MOST_BYTES
    )
    controller.start()
    signal.sigwait(ends)
    controller.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
