"""What is kept of a SIP password: its digests over the installation's realm (RFC 7616, HA1)."""

from __future__ import annotations

import hashlib
from typing import NamedTuple


class Digests(NamedTuple):
    ha1_md5: str
    ha1_sha256: str


def digests_of(number: str, password: str, *, realm: str) -> Digests:
    """Return HA1 by MD5 (which nearly every phone speaks) and by SHA-256."""
    secret = f"{number}:{realm}:{password}".encode()
    return Digests(
        # The phone's protocol prescribes MD5; what is stored opens nothing but this realm.
        ha1_md5=hashlib.md5(secret, usedforsecurity=False).hexdigest(),
        ha1_sha256=hashlib.sha256(secret).hexdigest(),
    )
