"""Which calls are recorded, and what the dialplan must know to do it.

Wanted it is by a line, a group or a number (`recordings.Rule`), of a customer who may. What wants a
call recorded is inherited by the calls that it leads to: `TAPED` has whatever a verdict said,
`QUEUED` what the group said in which the caller waits. Recorded is a conversation, where two meet
(`dialplan.py`, `answered`): no menu, no PIN, and never a call to an emergency service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tronco.core.errors import Unavailable
from tronco.sipcore.directory import Fetch

_TOLD, _QUIET = "told", "quiet"
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose recording of a call is wanted (tenants); `tells`: both sides hear that it is."""

    owners: frozenset[int] = frozenset()
    tells: bool = False

    def __or__(self, other: Wish) -> Wish:
        return Wish(self.owners | other.owners, self.tells or other.tells)

    def __bool__(self) -> bool:
        return bool(self.owners)

    def __str__(self) -> str:
        """As a variable of the dialplan; `parse_wish` reads it."""
        return f"{_TOLD if self.tells else _QUIET}:{self.tape}" if self.owners else ""

    @property
    def tape(self) -> str:
        """The owners as they stand in the name of the file."""
        return ".".join(map(str, sorted(self.owners)))


NOBODY: Final = Wish()


def parse_wish(text: str) -> Wish:
    """Read what `str` made of a wish."""
    manner, _, owners = text.partition(":")
    return Wish(frozenset(map(int, filter(None, owners.split(".")))), tells=manner == _TOLD)


def tape_variables(wish: Wish, sound: str) -> Mapping[str, str]:
    """What the dialplan is told of a call that is recorded; `sound` is played where it tells."""
    return {"TAPE": wish.tape, "TELL": sound if wish.tells else "", "__TAPED": str(wish)}


class Tapings:
    """Tells who wants calls of a line, a group or a number recorded; asked once, then known."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._known: dict[Key, tuple[Wish, str]] = {}
        self._last_known: dict[Key, tuple[Wish, str]] = {}
        self._generation = 0

    def forget_all(self) -> None:
        """Some rule may have changed."""
        self._generation += 1
        self._known.clear()

    async def find(self, kind: str, id_: int | None, direction: str = "both") -> Wish:
        """Who wants it of a `circuit` (whose call is `in` or `out`), a `queue` or a `did`.

        While the database is away, what was last known holds.
        """
        if id_ is None:
            return NOBODY
        wish, wanted = await self._rule((kind, id_))
        return wish if wanted in ("both", direction) else NOBODY

    async def _rule(self, key: Key) -> tuple[Wish, str]:
        if key in self._known:
            return self._known[key]
        generation = self._generation
        kind, id_ = key
        try:
            rows = await self._fetch(_RULE.format(kind=kind, table=_OWNED[kind]), (id_,))
        except Unavailable:
            return self._last_known.get(key, (NOBODY, ""))
        found = (NOBODY, "")
        if rows:
            tenant_id, announces, direction = rows[0]
            found = Wish(frozenset({tenant_id}), tells=announces), direction
        self._last_known[key] = found
        if generation == self._generation:
            self._known[key] = found
        return found


_OWNED: Final = {"circuit": "circuits_circuit", "queue": "pbx_queue", "did": "dids_did"}
# Of a number that went to another customer the former holder's rule counts no more.
_RULE: Final = """
SELECT r.tenant_id, p.announces, r.direction
  FROM recordings_rule r
  JOIN recordings_policy p ON p.tenant_id = r.tenant_id
  JOIN {table} o ON o.id = r.{kind}_id AND o.tenant_id = r.tenant_id
 WHERE p.is_allowed AND NOT p.is_full AND o.id = %s
"""
