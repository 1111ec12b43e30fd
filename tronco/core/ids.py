"""Identifiers that the caller brings, so that a retry is harmless."""

from __future__ import annotations

import hashlib
import secrets
import string

_PASSWORD_ALPHABET = string.ascii_letters + string.digits


def stable_hash64(*parts: str) -> int:
    """Return a signed 64-bit hash, the same on every machine and in every run.

    Enough as part of a key that also holds the call's start: a collision needs the same instant.
    """
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def new_password(length: int = 16) -> str:
    """Return a random password of letters and digits, easy to type into a phone."""
    return "".join(secrets.choice(_PASSWORD_ALPHABET) for _ in range(length))
