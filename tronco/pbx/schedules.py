"""Whether somebody is there at a moment: weekly windows, holidays, the wall clock of a zone. Pure.

A window belongs to the day on which it begins: Friday's 22:00 to 02:00 is open on Saturday morning
even if Saturday is a holiday, and closed throughout if Friday is one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from tronco.rating.schedule import DAY_S, is_national_holiday

_DAY: Final = timedelta(days=1)
# How far ahead the next opening or closing is looked for.
_HORIZON_DAYS: Final = 31


@dataclass(frozen=True, slots=True)
class WindowCard:
    """Open hours: weekdays (0 is Monday), seconds of the day; ends on the next day where it must.

    From 0 to 0 is all day.
    """

    weekdays: frozenset[int]
    opens_s: int
    closes_s: int

    @property
    def length_s(self) -> int:
        return (self.closes_s - self.opens_s) % DAY_S or DAY_S


@dataclass(frozen=True, slots=True)
class HolidayCard:
    """A day, once or every year, on which nobody is there; or somebody is, all the same."""

    day: date
    every_year: bool = False
    is_open: bool = False
    name: str = ""

    def falls_on(self, day: date) -> bool:
        if self.every_year:
            return (self.day.month, self.day.day) == (day.month, day.day)
        return self.day == day


@dataclass(frozen=True, slots=True)
class ScheduleCard:
    """A schedule. A date named once counts before one named for every year, and both before the
    national holidays."""

    timezone: str = "America/Sao_Paulo"
    national_holidays: bool = True
    windows: tuple[WindowCard, ...] = ()
    holidays: tuple[HolidayCard, ...] = ()


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One day of the wall clock: when it is open (seconds, to exclusive), and why not if it is not.

    `holiday` is the schedule's own for that day; `is_national` a national one that counts.
    """

    day: date
    spans: tuple[tuple[int, int], ...]
    holiday: HolidayCard | None
    is_national: bool


def is_open(card: ScheduleCard, moment: datetime) -> bool:
    """Tell whether the schedule is open at that moment (aware of its zone)."""
    local = moment.astimezone(ZoneInfo(card.timezone))
    second = local.hour * 3600 + local.minute * 60 + local.second
    return any(begin <= second < end for begin, end in _spans(card, local.date()))


def next_change(card: ScheduleCard, moment: datetime) -> datetime | None:
    """Return when it opens or closes next, in its own zone; None: not within a month."""
    zone = ZoneInfo(card.timezone)
    now = is_open(card, moment)
    today = moment.astimezone(zone).date()
    for ahead in range(_HORIZON_DAYS):
        day = today + ahead * _DAY
        edges = sorted({edge for span in _spans(card, day) for edge in span})
        for edge in edges:
            at = datetime.combine(day, time(), zone) + timedelta(seconds=edge)
            at = at.astimezone(UTC)
            if at > moment and is_open(card, at) != now:
                return at.astimezone(zone)
    return None


def plan_week(card: ScheduleCard, moment: datetime) -> list[DayPlan]:
    """Return the week in which the moment falls, Monday first."""
    today = moment.astimezone(ZoneInfo(card.timezone)).date()
    monday = today - today.weekday() * _DAY
    return [plan_day(card, monday + ahead * _DAY) for ahead in range(7)]


def plan_day(card: ScheduleCard, day: date) -> DayPlan:
    """Return what the schedule says of a day; spans that touch are one."""
    spans: list[tuple[int, int]] = []
    for begin, end in sorted(_spans(card, day)):
        if spans and begin <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((begin, end))
    holiday = _own_holiday(card, day)
    national = card.national_holidays and is_national_holiday(day)
    return DayPlan(day, tuple(spans), holiday, national)


def _spans(card: ScheduleCard, day: date) -> Iterator[tuple[int, int]]:
    """Yield when windows are open on that day: its own, and what the day before left over."""
    for begun in (day, day - _DAY):
        if _is_closed(card, begun):
            continue
        shift = 0 if begun == day else DAY_S
        for window in card.windows:
            if begun.weekday() not in window.weekdays:
                continue
            begin = max(window.opens_s - shift, 0)
            end = min(window.opens_s + window.length_s - shift, DAY_S)
            if begin < end:
                yield begin, end


def _is_closed(card: ScheduleCard, day: date) -> bool:
    own = _own_holiday(card, day)
    if own is not None:
        return not own.is_open
    return card.national_holidays and is_national_holiday(day)


def _own_holiday(card: ScheduleCard, day: date) -> HolidayCard | None:
    named = [holiday for holiday in card.holidays if holiday.falls_on(day)]
    return min(named, key=lambda holiday: holiday.every_year, default=None)
