"""How a call record is named in addresses: the microsecond it began and its identity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.urls import reverse

from tronco.calls.models import Cdr
from tronco.core.errors import NotFound

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def key_of(cdr: Cdr) -> str:
    """Return `1763766000123456_-123`, which `read_key` reads."""
    began_us = (cdr.started_at - _EPOCH) // timedelta(microseconds=1)
    return f"{began_us}_{cdr.identity}"


def read_key(key: str) -> tuple[datetime, int]:
    """Return start and identity; raises NotFound for what no record is called."""
    began_us, _underscore, identity = key.partition("_")
    try:
        return _EPOCH + timedelta(microseconds=int(began_us)), int(identity)
    except (ValueError, OverflowError) as problem:
        raise NotFound(key) from problem


def call_url(cdr: Cdr) -> str:
    """Return the address of a call's page."""
    return reverse("calls:cdr_detail", args=[key_of(cdr)])
