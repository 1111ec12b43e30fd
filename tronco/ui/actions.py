"""What can be done to an object, or to many at once: a button where permitted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tronco.ui.forms import Form
from tronco.ui.urls import Actor, url_or_none

Text = Any  # str or a lazy translation


@dataclass(frozen=True, kw_only=True)
class Action:
    """A button on an object's page, and with `bulk` also on the list's selection.

    name        part of the address
    permission  `noun.verb`
    run         what it does: `run(actor, obj, values) -> message or None`; values come from `form`
    url         or the name of a page of its own, called with the object's pk
    form        asked before running; without form or confirm it runs on the click
    confirm     a sentence that says what will happen, asked before running
    when        shows the button only for some objects
    bulk        also for the selection of a list
    in_rows     also in the menu of each row of a list
    """

    name: str
    label: Text
    permission: str
    icon: str = "bolt"
    run: Callable[[Any, Any, dict[str, Any]], Text | None] | None = None
    url: str = ""
    form: type[Form] | None = None
    confirm: Text = ""
    when: Callable[[Any], bool] | None = None
    bulk: bool = False
    in_rows: bool = True
    danger: bool = False

    def do(self, actor: Any, obj: Any, values: dict[str, Any]) -> Text | None:
        """Run it."""
        if self.run is None:
            raise TypeError(f"{self.name} is a link, it does not run")
        return self.run(actor, obj, values)

    @property
    def asks(self) -> bool:
        """Whether something is asked before it runs."""
        return bool(self.form or self.confirm)

    def offered(self, actor: Actor, obj: Any = None) -> bool:
        """Whether this actor gets the button, for this object."""
        if not actor.can(self.permission):
            return False
        return obj is None or self.when is None or self.when(obj)


@dataclass(frozen=True)
class Tab:
    """A further page of an object, beside its first: `url` is called with the object's pk."""

    label: Text
    url: str
    permission: str
    when: Callable[[Any], bool] | None = None

    def link(self, actor: Actor, obj: Any) -> str | None:
        """Return its address for this actor and object, or None."""
        if not actor.can(self.permission) or (self.when is not None and not self.when(obj)):
            return None
        return url_or_none(self.url, obj.pk)
