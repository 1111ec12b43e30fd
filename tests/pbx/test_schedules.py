"""When a schedule is open: windows, nights, holidays, zones."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from tronco.pbx.schedules import (
    HolidayCard,
    ScheduleCard,
    WindowCard,
    is_open,
    next_change,
    plan_day,
    plan_week,
)

HOUR = 3600
WORKDAYS = frozenset(range(5))
EVERY_DAY = frozenset(range(7))


def window(weekdays: frozenset[int], opens: float, closes: float) -> WindowCard:
    return WindowCard(weekdays, int(opens * HOUR), int(closes * HOUR))


OFFICE = ScheduleCard(windows=(window(WORKDAYS, 8, 18),))
LUNCH = ScheduleCard(windows=(window(WORKDAYS, 8, 12), window(WORKDAYS, 13.5, 18)))
BAR = ScheduleCard(windows=(window(frozenset({4, 5}), 22, 2),))
ALWAYS = ScheduleCard(national_holidays=False, windows=(window(EVERY_DAY, 0, 0),))
ROUND = ScheduleCard(national_holidays=False, windows=(window(frozenset({0}), 8, 8),))
MANAUS = ScheduleCard(timezone="America/Manaus", windows=(window(WORKDAYS, 8, 18),))
NEW_YORK = ScheduleCard(
    timezone="America/New_York",
    national_holidays=False,
    windows=(window(EVERY_DAY, 1, 3),),
)
OWN = ScheduleCard(
    windows=(window(WORKDAYS, 8, 18),),
    holidays=(
        HolidayCard(date(2020, 7, 9), every_year=True),  # 9 July, a holiday of São Paulo
        HolidayCard(date(2027, 7, 9), is_open=True),  # but not in that year
        HolidayCard(date(2026, 11, 20), is_open=True),  # a national holiday on which they work
        HolidayCard(date(2026, 12, 24)),
        HolidayCard(date(2024, 2, 29), every_year=True),
    ),
)


@pytest.mark.parametrize(
    ("card", "local", "expected"),
    [
        # 2026-11-18 is a Wednesday.
        (OFFICE, "2026-11-18T07:59:59", False),
        (OFFICE, "2026-11-18T08:00:00", True),
        (OFFICE, "2026-11-18T17:59:59", True),
        (OFFICE, "2026-11-18T18:00:00", False),
        (OFFICE, "2026-11-21T10:00:00", False),  # Saturday
        (LUNCH, "2026-11-18T12:30:00", False),
        (LUNCH, "2026-11-18T13:30:00", True),
        # Friday's and Saturday's nights end on the next morning.
        (BAR, "2026-11-27T21:59:59", False),
        (BAR, "2026-11-27T23:00:00", True),
        (BAR, "2026-11-28T01:59:59", True),
        (BAR, "2026-11-28T02:00:00", False),
        (BAR, "2026-11-29T01:00:00", True),
        (BAR, "2026-11-27T01:00:00", False),  # Thursday was not open
        # Friday 20 November is a national holiday: its night is closed, also after midnight.
        (BAR, "2026-11-20T23:00:00", False),
        (BAR, "2026-11-21T01:00:00", False),
        # Friday 25 December 2026 is one too; a Saturday that is one keeps Friday's last hours.
        (BAR, "2027-05-01T01:00:00", True),
        (BAR, "2027-05-01T23:00:00", False),
        (ALWAYS, "2026-12-25T00:00:00", True),
        (ALWAYS, "2026-12-25T23:59:59", True),
        # A whole day from eight to eight.
        (ROUND, "2026-11-16T08:00:00", True),
        (ROUND, "2026-11-17T07:59:59", True),
        (ROUND, "2026-11-17T08:00:00", False),
        # National holidays, and what the schedule says of its own.
        (OFFICE, "2026-11-20T10:00:00", False),
        (OWN, "2026-11-20T10:00:00", True),
        (OWN, "2026-12-24T10:00:00", False),
        (OWN, "2026-07-09T10:00:00", False),
        (OWN, "2027-07-09T10:00:00", True),
        (OWN, "2028-02-29T10:00:00", False),
        (OWN, "2027-03-01T10:00:00", True),
        (ScheduleCard(), "2026-11-18T10:00:00", False),  # no window at all
    ],
)
def test_open_by_the_clock_on_the_wall(card: ScheduleCard, local: str, expected: bool) -> None:
    moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(card.timezone))
    assert is_open(card, moment) is expected
    assert is_open(card, moment.astimezone(UTC)) is expected


@pytest.mark.parametrize(
    ("card", "utc", "expected"),
    [
        # São Paulo has kept -03:00 all year since 2019; before that, summers were at -02:00.
        (OFFICE, "2027-01-18T10:59:59", False),
        (OFFICE, "2027-01-18T11:00:00", True),
        (OFFICE, "2019-01-14T10:00:00", True),
        # Manaus is an hour behind.
        (MANAUS, "2027-01-18T11:59:59", False),
        (MANAUS, "2027-01-18T12:00:00", True),
        # New York, 14 March 2027: the clock jumps from 2 to 3; 1:00 to 3:00 lasts an hour.
        (NEW_YORK, "2027-03-14T05:59:59", False),
        (NEW_YORK, "2027-03-14T06:00:00", True),
        (NEW_YORK, "2027-03-14T06:59:59", True),
        (NEW_YORK, "2027-03-14T07:00:00", False),
        # 7 November 2027: it shows 1:00 to 2:00 twice; the same window lasts three hours.
        (NEW_YORK, "2027-11-07T05:00:00", True),
        (NEW_YORK, "2027-11-07T06:30:00", True),
        (NEW_YORK, "2027-11-07T07:59:59", True),
        (NEW_YORK, "2027-11-07T08:00:00", False),
    ],
)
def test_open_in_other_zones(card: ScheduleCard, utc: str, expected: bool) -> None:
    assert is_open(card, datetime.fromisoformat(utc).replace(tzinfo=UTC)) is expected


@pytest.mark.parametrize(
    ("card", "local", "expected"),
    [
        (OFFICE, "2026-11-18T10:00:00", "2026-11-18T18:00:00-03:00"),
        (OFFICE, "2026-11-18T18:00:00", "2026-11-19T08:00:00-03:00"),
        # Thursday evening, before the holiday of Friday and a weekend.
        (OFFICE, "2026-11-19T18:00:00", "2026-11-23T08:00:00-03:00"),
        (BAR, "2026-11-27T23:00:00", "2026-11-28T02:00:00-03:00"),
        (LUNCH, "2026-11-18T12:00:00", "2026-11-18T13:30:00-03:00"),
        (ALWAYS, "2026-11-18T12:00:00", None),
        (ScheduleCard(), "2026-11-18T12:00:00", None),
    ],
)
def test_when_it_changes_next(card: ScheduleCard, local: str, expected: str | None) -> None:
    moment = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(card.timezone))
    found = next_change(card, moment)
    assert (found and found.isoformat()) == expected


def test_the_picture_of_a_week() -> None:
    week = plan_week(OWN, datetime(2026, 11, 18, 15, tzinfo=UTC))
    assert [plan.day.isoformat() for plan in week][::6] == ["2026-11-16", "2026-11-22"]
    assert [bool(plan.spans) for plan in week] == [True] * 5 + [False] * 2
    friday = week[4]
    assert friday.is_national
    assert friday.holiday is not None
    assert friday.holiday.is_open


def test_spans_of_a_day_that_touch_are_one() -> None:
    card = ScheduleCard(windows=(window(EVERY_DAY, 18, 6), window(EVERY_DAY, 5, 12)))
    assert plan_day(card, date(2026, 11, 18)).spans == ((0, 12 * HOUR), (18 * HOUR, 24 * HOUR))
