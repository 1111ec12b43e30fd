"""Secrets that must be given back to a machine (a supplier's SIP password): encrypted at rest.

What need not be given back is hashed instead, and never comes here.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken

from tronco.core.errors import Unavailable


def _cipher(key: str) -> Fernet:
    return Fernet(
        base64.urlsafe_b64encode(hashlib.sha256(b"tronco-secrets:" + key.encode()).digest())
    )


def encrypt(plain: str, *, key: str) -> str:
    """Return a token that only the same key opens; an empty secret stays empty."""
    return _cipher(key).encrypt(plain.encode()).decode() if plain else ""


def decrypt(token: str, *, key: str) -> str:
    """Return the secret; raises Unavailable when the installation's key has changed."""
    if not token:
        return ""
    try:
        return _cipher(key).decrypt(token.encode()).decode()
    except InvalidToken as exc:
        raise Unavailable(
            "a stored secret does not open with this installation's TRONCO_SECRET_KEY; "
            "restore the key or enter the secret again",
            code="secret-key-changed",
        ) from exc
