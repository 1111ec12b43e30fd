"""The charts of the first screen: what each shows, and its numbers for an actor and a period."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import formats, timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.calls.models import CLASS_CHOICES, Direction
from tronco.core.money import MICRO
from tronco.dashboard import selectors
from tronco.dashboard.periods import Period
from tronco.dashboard.selectors import DayOfKind
from tronco.tenancy.access import Actor

Number = int | Decimal | None


@dataclass(frozen=True, slots=True)
class Series:
    """One line, colour or row of slices: a value for each mark of the chart.

    `color` counts through the palette, so that a kind of call has its own in every chart.
    """

    label: str
    values: list[Any]
    unit: str = ""
    color: int = 0


@dataclass(frozen=True, slots=True)
class Chart:
    """Numbers over marks: `marks` are short, for the axis; `titles` say them in full."""

    kind: str
    head: str
    marks: list[str]
    titles: list[str]
    series: list[Series]

    def as_json(self) -> dict[str, Any]:
        """What `static/ui/charts.js` draws."""
        return {
            "kind": self.kind,
            "head": self.head,
            "labels": self.marks if self.series else [],
            "titles": self.titles,
            "empty": _now("No calls in this period."),
            "series": [
                {
                    "label": one.label,
                    "unit": one.unit,
                    "color": one.color,
                    "values": [None if v is None else float(v) for v in one.values],
                }
                for one in self.series
            ],
        }

    def rows(self) -> Iterator[list[Any]]:
        """Its table, the heading first."""
        units = (f" ({one.unit})" if one.unit else "" for one in self.series)
        labels = [one.label + unit for one, unit in zip(self.series, units, strict=True)]
        yield [self.head, *labels]
        for at, title in enumerate(self.titles):
            yield [title, *(one.values[at] for one in self.series)]


def simultaneous(actor: Actor, period: Period) -> Chart:
    """The most calls at once in each hour of the period's last day."""
    hours = selectors.list_peaks(actor=actor, day=period.last)
    local = [timezone.localtime(hour) for hour, _peak in hours]
    return Chart(
        kind="line",
        head=_now("Hour"),
        marks=[f"{hour:%H}h" for hour in local],
        titles=[f"{hour:%d/%m/%Y %H:00}–{hour:%H:59}" for hour in local],
        series=[Series(_now("Simultaneous calls"), [peak for _hour, peak in hours])],
    )


def consumption(actor: Actor, period: Period) -> Chart:
    """What was sold, by day and kind of call."""
    return _by_kind(actor, period, "R$", lambda row: Decimal(row.sale_u) / MICRO)


def minutes(actor: Actor, period: Period) -> Chart:
    """How long people talked, by day and kind of call."""
    tenth = Decimal("0.1")
    return _by_kind(
        actor, period, "min", lambda row: (Decimal(row.duration_ms) / 60_000).quantize(tenth)
    )


def calls(actor: Actor, period: Period) -> Chart:
    """How many calls were made and received each day."""
    rows = selectors.list_days(actor=actor, period=period)
    wanted = (
        (Direction.OUT, _now("Calls made")),
        (Direction.IN, _now("Calls received")),
        (Direction.INTERNAL, _now("Internal calls")),
    )
    series = []
    for color, (direction, label) in enumerate(wanted):
        some = [row for row in rows if row.direction == direction]
        if some:
            values = _per_day(period, some, lambda row: row.calls)
            series.append(Series(label, values, color=color))
    return _daily("bars", period, series)


def states(actor: Actor, period: Period) -> Chart:
    """How many calls came from or went to each state."""
    found = selectors.list_states(actor=actor, period=period)
    names = [uf or _now("No UF") for uf, _calls in found]
    series = Series(_now("Calls"), [count for _uf, count in found])
    return Chart("pie", _now("UF"), names, names, [series] if found else [])


CHARTS: dict[str, tuple[Any, Callable[[Actor, Period], Chart]]] = {
    "simultaneous": (_("Simultaneous calls / hour"), simultaneous),
    "states": (_("Calls by UF"), states),
    "consumption": (_("Consumption in R$"), consumption),
    "minutes": (_("Consumption in minutes"), minutes),
    "calls": (_("Total of calls"), calls),
}


def _by_kind(
    actor: Actor, period: Period, unit: str, read: Callable[[DayOfKind], Decimal]
) -> Chart:
    """Stacked bars: outgoing calls by their class, then incoming and internal ones."""
    rows = selectors.list_days(actor=actor, period=period)
    kinds = [
        *((label, (Direction.OUT, key)) for key, label in CLASS_CHOICES),
        (_("Other"), (Direction.OUT, "")),
        (_("Incoming"), (Direction.IN,)),
        (_("Internal"), (Direction.INTERNAL,)),
    ]
    series = []
    for color, (label, kind) in enumerate(kinds):
        some = [row for row in rows if (row.direction, row.call_class)[: len(kind)] == kind]
        series.append(Series(str(label), _per_day(period, some, read), unit, color))
    return _daily("stack", period, [one for one in series if any(one.values)])


def _per_day(period: Period, rows: list[DayOfKind], read: Callable[[DayOfKind], Any]) -> list[Any]:
    """A value for each day of the period; days without calls have zero."""
    found = dict.fromkeys(period.days, Decimal(0))
    for row in rows:
        found[row.day] += read(row)
    return list(found.values())


def _daily(kind: str, period: Period, series: list[Series]) -> Chart:
    days = period.days
    return Chart(
        kind=kind,
        head=_now("Date"),
        marks=[f"{day:%d/%m}" for day in days],
        titles=[formats.date_format(day, "D d/m/Y") for day in days],
        series=series,
    )
