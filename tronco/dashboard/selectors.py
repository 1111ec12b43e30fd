"""What the first screen tells: counters, the last days, and what needs somebody's attention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from tronco.calls.models import Cdr
from tronco.calls.selectors import CallTotals, list_calls, list_live_calls, total_calls
from tronco.centrals.selectors import list_centrals
from tronco.circuits.models import Circuit
from tronco.routing.models import Trunk
from tronco.tenancy.access import Actor

DAYS_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Counters:
    """Things as they are now, and today's calls."""

    circuits: int
    circuits_online: int
    live_calls: int
    today: CallTotals


@dataclass(frozen=True, slots=True)
class Day:
    """A day's calls; `sale_u` is what the viewer sold them for."""

    day: date
    calls: int
    answered: int
    minutes: int
    sale_u: int


@dataclass(frozen=True, slots=True)
class Alerts:
    """What is wrong now. `refused` counts today's refused calls by reason, the most first."""

    centrals: list[str]
    trunks: list[Trunk]
    refused: list[tuple[str, int]]

    def __bool__(self) -> bool:
        return bool(self.centrals or self.trunks or self.refused)


def get_counters(*, actor: Actor) -> Counters:
    """Return the counters of the first screen."""
    circuits = Circuit.objects.visible_to(actor).exclude(status=Circuit.Status.DISABLED)
    found = circuits.aggregate(
        every=Count("pk"), online=Count("pk", filter=Q(registration__online=True))
    )
    return Counters(
        circuits=found["every"],
        circuits_online=found["online"],
        live_calls=list_live_calls(actor=actor).count(),
        today=total_calls(list_calls(actor=actor).filter(started_at__gte=midnight())),
    )


def list_days(*, actor: Actor, days: int = DAYS_SHOWN) -> list[Day]:
    """Return the last days, today included, each with its calls; days without any are there too."""
    first = timezone.localdate() - timedelta(days=days - 1)
    rows = (
        list_calls(actor=actor)
        .filter(started_at__gte=midnight(first))
        .order_by()
        .values(day=TruncDate("started_at"))
        .annotate(
            calls=Count("identity"),
            answered=Count("identity", filter=Q(outcome=Cdr.Outcome.ANSWERED)),
            talked_ms=Coalesce(Sum("duration_ms"), 0),
            sold_u=Coalesce(Sum("sale_u"), 0),
        )
    )
    found: dict[date, Any] = {row["day"]: row for row in rows}
    return [_day(first + timedelta(days=n), found) for n in range(days)]


def list_alerts(*, actor: Actor) -> Alerts:
    """Return what needs attention; switches and trunks only for who runs them."""
    centrals: list[str] = []
    trunks: list[Trunk] = []
    if actor.can("centrals.view"):
        active: Any = list_centrals(actor=actor).filter(is_active=True)
        centrals = [central.name for central in active if central.health != "up"]
    if actor.can("routing.view"):
        trunks = list(Trunk.objects.visible_to(actor).filter(is_active=True, reachable=False))
    refused = (
        Cdr.objects.visible_to(actor)
        .filter(started_at__gte=midnight(), outcome=Cdr.Outcome.REFUSED)
        .values_list("reason")
        .annotate(calls=Count("identity"))
        .order_by("-calls", "reason")
    )
    return Alerts(centrals=centrals, trunks=trunks, refused=list(refused))


def midnight(day: date | None = None) -> datetime:
    """Return when a day began where the operator is."""
    return timezone.make_aware(datetime.combine(day or timezone.localdate(), time.min))


def _day(day: date, found: dict[date, Any]) -> Day:
    row = found.get(day)
    if row is None:
        return Day(day, 0, 0, 0, 0)
    return Day(day, row["calls"], row["answered"], row["talked_ms"] // 60_000, row["sold_u"])
