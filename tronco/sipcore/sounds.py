"""Which file a caller hears. Pure, but for one question to the database a tenant.

A sound is named by a reference: `s:<key>` is one of the system's (`pbx.speech`), which a reseller
may have replaced for himself and all below him; `p:<sha256>` is a prompt, by its content; `v:<id>`
a message that was left for a line. `sound_files.py` has them on the disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tronco.core.errors import Unavailable
from tronco.sipcore.directory import Fetch

LANGUAGE: Final = "pt_BR"
SYSTEM_PLACE: Final = "tronco"
PROMPT_PLACE: Final = "prompts"
MESSAGE_PLACE: Final = "messages"
_PLACES: Final = {"s": SYSTEM_PLACE, "p": PROMPT_PLACE, "v": MESSAGE_PLACE}


def sound_path(ref: str) -> str:
    """Return what Playback and its like take for a reference: a path without suffix."""
    kind, _, name = ref.partition(":")
    return f"{_PLACES[kind]}/{name}"


class Sounds:
    """Tells which file is meant by a reference for whom; the database is asked once a tenant."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._known: dict[int, Mapping[str, str]] = {}
        self._last_known: dict[int, Mapping[str, str]] = {}
        self._generation = 0

    def forget_all(self) -> None:
        """Some prompt may have changed."""
        self._generation += 1
        self._known.clear()

    async def paths(self, refs: Sequence[str], *, tenant_id: int | None) -> list[str]:
        """Return the paths of references, with what the tenant's resellers have replaced.

        While the database is away, what was last known holds, else the system's own voice.
        """
        replaced: Mapping[str, str] = {}
        if tenant_id is not None and any(ref.startswith("s:") for ref in refs):
            replaced = await self._replacements(tenant_id)
        return [sound_path(replaced.get(ref, ref)) for ref in refs]

    async def _replacements(self, tenant_id: int) -> Mapping[str, str]:
        if tenant_id in self._known:
            return self._known[tenant_id]
        generation = self._generation
        try:
            rows = await self._fetch(_REPLACEMENTS, (tenant_id,))
        except Unavailable:
            return self._last_known.get(tenant_id, {})
        found = {f"s:{key}": f"p:{sha256}" for key, sha256 in rows}
        self._last_known[tenant_id] = found
        if generation == self._generation:
            self._known[tenant_id] = found
        return found


# The nearest tenant above comes last and wins.
_REPLACEMENTS = """
SELECT p.system_key, p.sha256
  FROM tenancy_tenant t
  JOIN tenancy_tenant o ON t.path ^@ o.path
  JOIN pbx_prompt p ON p.tenant_id = o.id AND p.system_key <> ''
 WHERE t.id = %s ORDER BY length(o.path)
"""
