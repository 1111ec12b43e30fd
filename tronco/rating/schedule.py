"""Which window of a rate is in force at an instant: weekdays, hours, dates, national holidays.

Windows follow the wall clock of the tariff's time zone; elapsed time is real time. So instants are
UTC microseconds, and only the question "what does the clock on the wall say" uses the zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from tronco.core.errors import InvalidInput

DAY_S: Final = 86_400
MICRO: Final = 1_000_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
YEARS: Final = range(1900, 2201)
EVERY_DAY: Final = frozenset(range(1, 8))
# 2000 is a leap year: all the 366 days that `MM-DD` can name.
_DAYS_OF_YEAR: Final = frozenset(
    (date(2000, 1, 1) + timedelta(days=day)).strftime("%m-%d") for day in range(366)
)
_DAYS_REMEMBERED: Final = 512


class WindowTimes(NamedTuple):
    """When a window applies. Each condition narrows it, and all of them must hold.

    `dates` (`MM-DD` or `YYYY-MM-DD`) and `holidays` are one condition: on those dates or on a
    national holiday. Hours are seconds of the day, from inclusive, to exclusive.
    """

    weekdays: frozenset[int] = EVERY_DAY
    from_s: int = 0
    to_s: int = DAY_S
    dates: frozenset[str] = frozenset()
    holidays: bool = False
    priority: int = 0

    @property
    def is_dated(self) -> bool:
        return bool(self.dates) or self.holidays

    @property
    def is_always(self) -> bool:
        return (
            self.weekdays == EVERY_DAY
            and (self.from_s, self.to_s) == (0, DAY_S)
            and not self.is_dated
        )

    @property
    def rank(self) -> tuple[int, int, int]:
        """Order among windows in force together: priority, then latest beginning.

        A window without end never begins, so it yields to any other. Where two begin at the same
        time of day, the one that began for that date comes later than the weekly one.
        """
        beginning = -1 if self.is_always else self.from_s
        return (self.priority, beginning, 2 if self.dates else 1 if self.holidays else 0)

    def includes(self, day: date) -> bool:
        if day.isoweekday() not in self.weekdays:
            return False
        if not self.is_dated:
            return True
        iso = day.isoformat()
        return (
            iso[5:] in self.dates
            or iso in self.dates
            or (self.holidays and is_national_holiday(day))
        )

    def rivals(self, other: WindowTimes) -> bool:
        """True when both can be in force at once and nothing decides between them."""
        if self.rank != other.rank or not self.weekdays & other.weekdays:
            return False
        if not self.dates:
            return True
        same = any(a.endswith(b) or b.endswith(a) for a in self.dates for b in other.dates)
        return same or (self.holidays and other.holidays)

    def describe(self) -> str:
        """Say it in a line, for explanations: `weekdays 1-5 08:00:00-18:00:00 priority 1`."""
        parts = []
        if self.weekdays != EVERY_DAY:
            parts.append("weekdays " + ",".join(map(str, sorted(self.weekdays))))
        if self.dates:
            parts.append("dates " + ",".join(sorted(self.dates)))
        if self.holidays:
            parts.append("holidays")
        if (self.from_s, self.to_s) != (0, DAY_S):
            parts.append(f"{clock_text(self.from_s)}-{clock_text(self.to_s)}")
        if self.priority:
            parts.append(f"priority {self.priority}")
        return " ".join(parts) or "always"


class Schedule:
    """The windows of a rate laid over the calendar. Made by `schedule_of`, which shares it."""

    def __init__(self, windows: tuple[WindowTimes, ...]) -> None:
        self._ranked = sorted(enumerate(windows), key=lambda item: item[1].rank, reverse=True)
        self._days: dict[date, list[tuple[int, int]]] = {}

    def at(self, epoch_us: int, timezone: ZoneInfo) -> tuple[int, int]:
        """Return the index of the window in force, and the instant until which that is sure."""
        local = (EPOCH + timedelta(microseconds=epoch_us)).astimezone(timezone)
        second = local.hour * 3600 + local.minute * 60 + local.second
        for index, end_s in self._day(local.date()):  # noqa: B007  always ends at a break
            if second < end_s:
                break
        boundary = epoch_us - local.microsecond + (end_s - second) * MICRO
        return index, _clock_change(epoch_us, boundary, timezone) or boundary

    def _day(self, day: date) -> list[tuple[int, int]]:
        """Return the day as (window, end second), in order and without holes."""
        spans = self._days.get(day)
        if spans is None:
            if len(self._days) >= _DAYS_REMEMBERED:
                self._days.clear()
            spans = self._days[day] = list(self._spans(day))
        return spans

    def _spans(self, day: date) -> Iterator[tuple[int, int]]:
        today = [(index, times) for index, times in self._ranked if times.includes(day)]
        edges = sorted({0, DAY_S, *(s for _, times in today for s in (times.from_s, times.to_s))})
        for begin, end in pairwise(edges):
            yield next(i for i, times in today if times.from_s <= begin < times.to_s), end


@lru_cache(maxsize=4096)
def schedule_of(windows: tuple[WindowTimes, ...]) -> Schedule:
    """Return the schedule; tariffs repeat the same few, so equal ones are one object."""
    return Schedule(windows)


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of the week in which no window is in force."""

    weekday: int
    from_s: int
    to_s: int
    day: str | None = None  # MM-DD, where only that date is uncovered


def find_gap(windows: Sequence[WindowTimes]) -> Gap | None:
    """Return the first moment without a window, if there is one.

    National holidays never fill a gap: which days they are is not the tariff's to know.
    """
    named = {day for times in windows for day in times.dates if len(day) == 5}
    # A date that no window names has the fewest windows, so it speaks for all the others.
    days: Sequence[str | None] = sorted(named) if named >= _DAYS_OF_YEAR else [None]
    for day in days:
        for weekday in sorted(EVERY_DAY):
            covered = 0
            for times in sorted(windows, key=lambda times: times.from_s):
                if weekday not in times.weekdays or (times.is_dated and day not in times.dates):
                    continue
                if times.from_s > covered:
                    return Gap(weekday, covered, times.from_s, day)
                covered = max(covered, times.to_s)
            if covered < DAY_S:
                return Gap(weekday, covered, DAY_S, day)
    return None


def is_national_holiday(day: date) -> bool:
    return day in _holidays_of(day.year)


def start_us_of(start: datetime) -> int:
    """Return a call's start in UTC microseconds since 1970; refuses what no call can have."""
    if start.utcoffset() is None:
        raise InvalidInput(
            f"{start.isoformat()} has no time zone; add one, such as -03:00",
            field="start",
            code="invalid-start",
        )
    if start.year not in YEARS:
        raise InvalidInput(
            f"{start.isoformat()} is not between the years {YEARS[0]} and {YEARS[-1]}",
            field="start",
            code="invalid-start",
        )
    since = start.astimezone(UTC) - EPOCH
    return (since.days * DAY_S + since.seconds) * MICRO + since.microseconds


def clock_text(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


@lru_cache(maxsize=512)
def _holidays_of(year: int) -> frozenset[date]:
    import holidays  # slow to import, and few tariffs need it

    return frozenset(holidays.country_holidays("BR", years=year))


def _clock_change(epoch_us: int, until_us: int, timezone: ZoneInfo) -> int | None:
    """Return the instant before `until_us` at which the zone's clock is put forward or back.

    Zones change at most once in the day that lies between, and on whole seconds.
    """

    def offset(second: int) -> timedelta | None:
        return (EPOCH + timedelta(seconds=second)).astimezone(timezone).utcoffset()

    low, high = epoch_us // MICRO, until_us // MICRO
    before = offset(low)
    if offset(high) == before:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if offset(middle) == before:
            low = middle
        else:
            high = middle
    return high * MICRO
