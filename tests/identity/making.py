"""Links as people get and use them."""

from __future__ import annotations

import re
from typing import Any

from tests.support.web import WebClient
from tronco.mail.letters import letter_of
from tronco.mail.models import Email

CHOSEN = "girafa-azul-77"


def address() -> str:
    """The path of the link in the last e-mail."""
    found = re.search(
        r"http://\S+?(/identity/link/\S+)", letter_of(Email.objects.latest("pk")).text
    )
    assert found
    return found[1]


def choose(path: str, client: Any = None, **typed: str) -> Any:
    fields = {"name": "Joana Prado", "password": CHOSEN, "again": CHOSEN, **typed}
    return (client or WebClient()).post(path, fields)
