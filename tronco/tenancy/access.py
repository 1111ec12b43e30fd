"""Who acts, and what he may reach: the one door through which every read goes.

An actor has *scopes*, path prefixes of the tenancy tree (`/1/`, `/1/7/`): he reaches the tenants
below them and what those tenants own. Row-level security repeats the rule from the same scopes
(`tronco.tenancy.rls`), so that a forgotten filter shows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import pghistory
from django.db import connection, models
from django.db.models import Q

from tronco.core.errors import NotAllowed

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a part of the system on whose behalf something is read or written.

    name      shown in histories ("Ana Souza", "sistema")
    scopes    path prefixes of the tenancy tree
    may       permissions, `noun.verb`; `*` stands for all
    user_id   None for a part of the system
    """

    name: str
    scopes: tuple[str, ...]
    may: frozenset[str]
    user_id: int | None = None

    def can(self, permission: str) -> bool:
        """Tell whether the permission `noun.verb` is among his."""
        noun, _, verb = permission.partition(".")
        return not self.may.isdisjoint({"*", permission, f"{noun}.*", f"*.{verb}"})

    def require(self, permission: str) -> None:
        """Raise NotAllowed unless he has the permission."""
        if not self.can(permission):
            raise NotAllowed(
                f"{self.name} has no permission for this ({permission})",
                details={"permission": permission},
            )


SYSTEM = Actor(name="sistema", scopes=("/",), may=frozenset({"*"}))
NOBODY = Actor(name="", scopes=(), may=frozenset())


def within(actor: Actor, path_lookup: str) -> Q:
    """Return the condition that `path_lookup` (a tenant's path) lies within the actor's scopes."""
    if "/" in actor.scopes:
        return Q()
    condition = Q(pk__in=[])
    for scope in actor.scopes:
        condition |= Q(**{f"{path_lookup}__startswith": scope})
    return condition


class VisibleQuerySet(models.QuerySet[M]):
    """Queryset of what tenants own; the model names the way to its owner's path."""

    def visible_to(self, actor: Actor) -> Self:
        """Return the rows that the actor may reach; for him the others do not exist."""
        lookup = getattr(self.model, "tenant_path_lookup", "tenant__path")
        return self.filter(within(actor, lookup))


def acting(actor: Actor, *, why: str = "", request_id: str = "") -> AbstractContextManager[Any]:
    """Record in the history who does what is written inside, and why."""
    facts = {"who": actor.name, "user": actor.user_id, "why": why, "request": request_id}
    return pghistory.context(**{key: value for key, value in facts.items() if value})


@contextmanager
def bound_scope(scopes: tuple[str, ...]) -> Iterator[None]:
    """Serve other scopes inside: those of whom something is done for who is not signed in.

    Open it outside of a transaction of its own: after an error in one nothing can be bound.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('tronco.scope', true)")
        before = cursor.fetchone()[0] or ""
    bind_scope(scopes)
    try:
        yield
    finally:
        bind_scope(tuple(filter(None, before.split(","))))


def bind_scope(scopes: tuple[str, ...]) -> None:
    """Tell the database connection whom row-level security shall serve from now on.

    An empty tuple shows nothing. Only connections under the role of `rls.WEB_ROLE` are bound by it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('tronco.scope', %s, false)", [",".join(scopes)])
