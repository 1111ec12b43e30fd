"""What charging says no with, and how the database's own refusals become it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from django.db import Error as DjangoDatabaseError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tronco.charging.reasons import REASONS
from tronco.core.errors import Conflict, NotAllowed, NotFound, TroncoError

# The database functions raise with these SQLSTATEs; the message is the stable code.
_CLASSES: Final[Mapping[str, type[TroncoError]]] = {
    "TR403": NotAllowed,
    "TR404": NotFound,
    "TR409": Conflict,
}
_MESSAGES: Final[Mapping[str, Promise]] = {
    "account-unknown": _("There is no such account."),
    "key-reused": _("This key was used for another posting; give each posting a key of its own."),
    "ledger-immutable": _("Ledger entries are never changed; post a correction."),
}


class Refused(TroncoError):
    """A call is not let through; `code` is the id of one of `reasons.REASONS`."""

    def __init__(self, reason: str, **details: Any) -> None:
        super().__init__(str(REASONS[reason].message), code=reason, details=details)


def translated(error: psycopg.Error) -> TroncoError | None:
    """Return the error of ours that a database function raised, if it was one."""
    kind = _CLASSES.get(error.sqlstate or "")
    if kind is None:
        return None
    code = error.diag.message_primary or ""
    details = json.loads(error.diag.message_detail or "{}")
    return kind(str(_MESSAGES.get(code, code)), code=code, details=details)


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn what the database functions raise inside the block into errors of ours."""
    try:
        yield
    except DjangoDatabaseError as error:
        cause = error.__cause__
        ours = translated(cause) if isinstance(cause, psycopg.Error) else None
        if ours is None:
            raise
        raise ours from error
