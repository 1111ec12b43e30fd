"""PINs: four to eight digits that are typed on a telephone.

There are so few that no hash is slow enough: whoever has one from the database has tried them all
soon. So the hash is keyed with the installation's secret, which is not in the database, and salted;
being fast it may be asked for by every call. Who guesses by telephone is stopped by a lock-out.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from itertools import pairwise
from typing import Final

_SCHEME: Final = "hmac-sha256"


def hash_pin(pin: str, *, key: str) -> str:
    """Return what is kept of a PIN: scheme, salt and digest."""
    salt = secrets.token_hex(8)
    return f"{_SCHEME}${salt}${_digest(pin, salt, key)}"


def check_pin(pin: str, stored: str, *, key: str) -> bool:
    """Tell whether it is the PIN; False for what is no hash of a PIN."""
    scheme, _, rest = stored.partition("$")
    salt, _, digest = rest.partition("$")
    return scheme == _SCHEME and hmac.compare_digest(digest, _digest(pin, salt, key))


def new_pin(digits: int) -> str:
    """Return a PIN that is not weak. It does not begin with 0, which a spreadsheet would drop."""
    while True:
        pin = new_digits(digits)
        if not is_weak(pin):
            return pin


def new_digits(count: int) -> str:
    """Return so many digits at random, the first of them not 0."""
    lowest = 10 ** (count - 1)
    return str(lowest + secrets.randbelow(9 * lowest))


def is_weak(digits: str) -> bool:
    """All alike, in a row (1234, 9876), or a short piece again and again (1212, 123123)."""
    steps = {int(b) - int(a) for a, b in pairwise(digits)}
    if steps in ({1}, {-1}):
        return True
    pieces = (digits[:size] for size in range(1, len(digits) // 2 + 1) if not len(digits) % size)
    return any(piece * (len(digits) // len(piece)) == digits for piece in pieces)


def _digest(pin: str, salt: str, key: str) -> str:
    secret = b"tronco-pins:" + key.encode()
    return hmac.new(secret, f"{salt}:{pin}".encode(), hashlib.sha256).hexdigest()
