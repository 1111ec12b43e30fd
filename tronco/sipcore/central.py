"""How a central is, for the screen of centrals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from tronco.centrals.models import Central


@dataclass(frozen=True, slots=True)
class CentralState:
    is_up: bool
    version: str = ""
    started_at: datetime | None = None
    calls: int = 0


def store_central(*, name: str, state: CentralState) -> None:
    """Bring the central's row up to date; without a row nobody is told."""
    rows = Central.objects.filter(name=name)
    if not state.is_up:
        rows.update(status=Central.Status.DOWN, channels=0)
        return
    rows.update(
        status=Central.Status.UP,
        version=state.version[:80],
        started_at=state.started_at,
        seen_at=datetime.now(UTC),
        channels=state.calls,
    )
