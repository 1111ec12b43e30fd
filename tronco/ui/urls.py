"""Where a thing's screens are: `<folder>:<name>_<action>`, and how to find them."""

from __future__ import annotations

from typing import Any, Protocol

from django.db import models
from django.urls import NoReverseMatch, reverse


class Actor(Protocol):
    """As much of an actor as screens need; `tronco.tenancy.access.Actor` is one."""

    @property
    def name(self) -> str: ...

    def can(self, permission: str) -> bool: ...


def is_key(text: object) -> bool:
    """Whether a text can be the key of a row: digits, few enough for arithmetic in a bigint."""
    plain = str(text)
    return plain.isascii() and plain.isdigit() and len(plain) <= 15


def url_or_none(name: str, *args: Any) -> str | None:
    """Return the address, or None where no such screen exists."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return None


def screen_name(target: models.Model | type[models.Model]) -> str:
    """Return `folder:name` of a model's screens; a model with several kinds says which by
    its property `screen_name`."""
    own = getattr(target, "screen_name", None)
    name = own if isinstance(own, str) else target._meta.model_name
    return f"{target._meta.app_label}:{name}"


def screen_url(target: models.Model, action: str = "detail") -> str | None:
    """Return the address of one of an object's screens."""
    return url_or_none(f"{screen_name(target)}_{action}", target.pk)


def visible_url(target: models.Model, actor: Actor) -> str | None:
    """Return the address of an object's page, if the actor has access to such pages."""
    return screen_url(target) if actor.can(f"{target._meta.app_label}.view") else None
