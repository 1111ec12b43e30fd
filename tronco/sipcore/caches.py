"""What Asterisk remembers of endpoints, from files and from the database alike.

A reload does not empty these memories (see `sorcery.conf`): what changed must be forgotten by name.
"""

from __future__ import annotations

from typing import Final

from tronco.sipcore.ami import Manager

CACHES: Final = ("res_pjsip/endpoint", "res_pjsip/auth", "res_pjsip/aor")


async def forget_endpoint(manager: Manager, name: str) -> None:
    """Let it read an endpoint, its password and its address again when next asked for."""
    for cache in CACHES:
        await manager.attempt("SorceryMemoryCacheExpireObject", Cache=cache, Object=name)
