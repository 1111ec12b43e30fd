"""What the first screen tells: counters, what needs attention, and the calls of a period.

Calls are read from the roll-ups of `calls`; what is so read is what the records say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.utils import timezone

from tronco.calls.models import Cdr, DailyCalls, Direction
from tronco.calls.peaks import find_peaks, viewed_tenants
from tronco.calls.prices import viewpoint_of
from tronco.calls.rollups import midnight
from tronco.calls.selectors import list_live_calls
from tronco.centrals.selectors import list_centrals
from tronco.dashboard.periods import Period
from tronco.dids.selectors import list_dids
from tronco.extensions.selectors import list_extensions
from tronco.pbx.selectors import list_menus, list_queues
from tronco.routing.models import Trunk
from tronco.tenancy.access import Actor
from tronco.tenancy.selectors import list_customers


@dataclass(frozen=True, slots=True)
class Counters:
    """Things as they are now, and today's calls by direction. None: not for the viewer."""

    circuits: int | None
    online: int | None
    menus: int | None
    queues: int | None
    numbers: int | None
    customers: int | None
    incoming: int | None
    outgoing: int | None
    internal: int | None
    live: int | None


@dataclass(frozen=True, slots=True)
class DayOfKind:
    """A day's calls of one direction and class; `sale_u` is what the viewer sold them for."""

    day: date
    direction: str
    call_class: str
    calls: int
    duration_ms: int
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
    """Return the counters of the first screen: each is the length of the list it leads to."""
    circuits = list_extensions(actor=actor) if actor.can("extensions.view") else None
    pbx, calls = actor.can("pbx.view"), actor.can("calls.view")
    today = _calls_today(actor) if calls else {}
    return Counters(
        circuits=_length(circuits),
        online=None if circuits is None else circuits.filter(registration__online=True).count(),
        menus=_length(list_menus(actor=actor) if pbx else None),
        queues=_length(list_queues(actor=actor) if pbx else None),
        numbers=_length(list_dids(actor=actor) if actor.can("dids.view") else None),
        customers=_length(list_customers(actor=actor) if actor.can("tenancy.view") else None),
        incoming=today.get(Direction.IN, 0) if calls else None,
        outgoing=today.get(Direction.OUT, 0) if calls else None,
        internal=today.get(Direction.INTERNAL, 0) if calls else None,
        live=_length(list_live_calls(actor=actor) if calls else None),
    )


def list_days(*, actor: Actor, period: Period) -> list[DayOfKind]:
    """Return a period's calls by day, direction and class."""
    is_given = viewpoint_of(actor).depth is None
    rows = (
        _rows(actor, period)
        .values("day", "direction", "call_class")
        .annotate(
            sum_calls=Sum("calls"),
            sum_ms=Sum("duration_ms"),
            # Who was given some customers sees what they pay.
            sum_u=Sum("price_u" if is_given else "sale_u"),
        )
    )
    return [
        DayOfKind(
            day=row["day"],
            direction=row["direction"],
            call_class=row["call_class"],
            calls=int(row["sum_calls"]),
            duration_ms=int(row["sum_ms"]),
            sale_u=int(row["sum_u"]),
        )
        for row in rows
    ]


def list_states(*, actor: Actor, period: Period) -> list[tuple[str, int]]:
    """Return how many calls came from or went to each UF, the most first; "" is none."""
    rows = _rows(actor, period).exclude(direction=Direction.INTERNAL).values("uf")
    found = [(row["uf"], int(row["sum_calls"])) for row in rows.annotate(sum_calls=Sum("calls"))]
    return sorted(found, key=lambda one: (not one[0], -one[1], one[0]))


def list_peaks(*, actor: Actor, day: date) -> list[tuple[datetime, int | None]]:
    """Return the most calls at once in each hour of a day; None for the hours to come.

    Calls have a record when they end, so that the hour of now is at least what runs now.
    """
    now = timezone.now()
    hours: list[tuple[datetime, int | None]] = []
    for hour, peak in find_peaks(actor=actor, day=day):
        if hour > now:
            hours.append((hour, None))
        elif (now - hour).total_seconds() < 3600:
            hours.append((hour, max(peak, list_live_calls(actor=actor).count())))
        else:
            hours.append((hour, peak))
    return hours


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
        .filter(started_at__gte=midnight(timezone.localdate()), outcome=Cdr.Outcome.REFUSED)
        .annotate(told_reason=viewpoint_of(actor).told_reason())
        .values_list("told_reason")
        .annotate(calls=Count("identity"))
        .order_by("-calls", "told_reason")
    )
    return Alerts(centrals=centrals, trunks=trunks, refused=list(refused))


def _rows(actor: Actor, period: Period) -> QuerySet[DailyCalls]:
    """The rows that together are what the viewer sees: his own, which count those below him."""
    return DailyCalls.objects.filter(
        tenant__in=[tenant.pk for tenant in viewed_tenants(actor)],
        day__range=(period.first, period.last),
    ).order_by()


def _calls_today(actor: Actor) -> dict[str, int]:
    today = timezone.localdate()
    rows = _rows(actor, Period(today, today)).values("direction")
    return {row["direction"]: int(row["sum"]) for row in rows.annotate(sum=Sum("calls"))}


def _length(rows: QuerySet[Any] | None) -> int | None:
    return None if rows is None else rows.count()
