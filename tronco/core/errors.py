"""Errors are facts with a stable id; each surface (screen, API, AGI, command line) maps them once.

TroncoError
├── InvalidInput      what was given cannot be; names the field and the cure
├── NotFound          it does not exist, or not for this actor
├── NotAllowed        the actor's role does not permit it
├── Conflict          it collides with what is already there
└── Unavailable       a part of the system cannot answer now
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class TroncoError(Exception):
    """Base of all errors that a person or a calling system may read.

    `code` is stable and machine readable (`balance-too-low`); `message` is a sentence for people;
    `details` are facts to fill a message in another language or to act upon.
    """

    code = "error"

    def __init__(
        self, message: str, *, code: str | None = None, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.details = dict(details or {})

    def __str__(self) -> str:
        return self.message


class InvalidInput(TroncoError):
    """What was given cannot be; `field` names where, the message says the cure."""

    code = "invalid-input"

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        code: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, code=code, details=details)
        self.field = field


class NotFound(TroncoError):
    """It does not exist, or not for this actor: the two are never told apart."""

    code = "not-found"


class NotAllowed(TroncoError):
    """The actor's role does not permit it."""

    code = "not-allowed"


class Conflict(TroncoError):
    """It collides with what is already there."""

    code = "conflict"


class Unavailable(TroncoError):
    """A part of the system cannot answer now; the same request may succeed later."""

    code = "unavailable"
