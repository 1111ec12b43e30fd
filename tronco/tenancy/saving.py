"""One way for services to save a row: the model's own checks first, told as our errors."""

from __future__ import annotations

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models

from tronco.core.errors import Conflict, InvalidInput

_TAKEN = {"unique", "unique_together"}


def save_checked(record: models.Model, *, exclude: tuple[str, ...] = ()) -> None:
    """Save a row that passes its model's validation; else raise InvalidInput or Conflict.

    The first error is told; `details["errors"]` has all of them by field.
    """
    try:
        record.full_clean(exclude=exclude)
    except ValidationError as problem:
        raise _as_ours(problem) from problem
    record.save()


def _as_ours(problem: ValidationError) -> InvalidInput | Conflict:
    errors = problem.error_dict
    field, first = next((name, errors[name][0]) for name in errors)
    message = " ".join(first.messages)
    details = {"errors": problem.message_dict}
    if first.code in _TAKEN:
        return Conflict(message, code="already-exists", details=details)
    named = None if field == NON_FIELD_ERRORS else field
    return InvalidInput(message, field=named, details=details)
