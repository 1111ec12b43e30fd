"""Windows of docs/rating.md: weekdays, hours, dates, holidays, and clocks that are changed."""

from __future__ import annotations

from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.rating.rates import NATIONAL, NEW_YORK, SAO_PAULO, price_of, window, windowed


@pytest.mark.parametrize(
    ("start", "exact"),
    [
        ("2026-03-02T06:59:59-03:00", "0.2"),
        ("2026-03-02T07:00:00-03:00", "1"),
        ("2026-03-02T20:59:59-03:00", "1"),
        ("2026-03-02T21:00:00-03:00", "0.2"),
        ("2026-03-01T10:00:00-03:00", "0.2"),  # a Sunday
        ("2026-03-07T10:00:00-03:00", "1"),  # a Saturday
        ("2026-09-07T10:00:00-03:00", "0.1"),  # Independence
        ("2026-04-03T10:00:00-03:00", "0.1"),  # Good Friday
        ("2026-11-20T10:00:00-03:00", "0.1"),  # national since 2024
        ("2023-11-20T10:00:00-03:00", "1"),
        ("2026-02-17T10:00:00-03:00", "1"),  # Carnival is not a national holiday
        ("2026-12-24T10:00:00-03:00", "0.05"),
        ("2027-12-24T10:00:00-03:00", "0.05"),
        ("2026-12-31T10:00:00-03:00", "0.05"),
        ("2027-12-31T10:00:00-03:00", "1"),
        # The tariff's clock decides, not the one the start is written in.
        ("2026-09-08T02:59:00+00:00", "0.1"),
        ("2026-09-08T03:00:00+00:00", "0.2"),
    ],
)
def test_weekdays_hours_dates_and_holidays(start: str, exact: str) -> None:
    assert price_of(windowed(*NATIONAL), 60, start).exact == Fraction(exact)


@pytest.mark.parametrize(
    ("windows", "exact"),
    [
        # Highest priority.
        ([window("1"), window("2", priority=1)], "2"),
        ([window("1", priority=1), window("2", begin="08:00:00")], "1"),
        # Then latest beginning.
        ([window("1"), window("2", begin="08:00:00")], "2"),
        ([window("1"), window("2", end="12:00:00")], "2"),
        (
            [
                window("1"),
                window("2", begin="08:00:00"),
                window("3", begin="09:00:00", end="10:00:00"),
            ],
            "2",
        ),
        # What is always in force never began, whatever stands first.
        ([window("1", weekdays=[1]), window("2")], "1"),
        ([window("1", dates=["03-02"]), window("2")], "1"),
        # What began for the day came after what begins every week.
        ([window("1"), window("2", weekdays=[1]), window("3", dates=["2026-03-02"])], "3"),
        # Every condition must hold; dates and holidays are one.
        ([window("1"), window("2", weekdays=[2], dates=["03-02"], priority=1)], "1"),
        ([window("1"), window("2", weekdays=[1], dates=["03-02"], priority=1)], "2"),
        ([window("1"), window("2", holidays=True, dates=["03-02"], priority=1)], "2"),
    ],
)
def test_which_window_is_in_force(windows: list[dict[str, Any]], exact: str) -> None:
    assert price_of(windowed(*windows), 60).exact == Fraction(exact)


BANDS = (
    window("1", per=1, increment=1, end="01:00:00"),
    window("2", per=1, increment=1, begin="01:00:00", end="02:00:00"),
    window("3", per=1, increment=1, begin="02:00:00", end="23:00:00"),
    window("4", per=1, increment=1, begin="23:00:00"),
)


@pytest.mark.parametrize(
    ("zone", "start", "duration", "exact"),
    [
        # 18 February 2018, 00:00: back to 23:00. The hour from 23:00 passes twice.
        (SAO_PAULO, "2018-02-17T22:59:00-02:00", 60, 60 * 3),
        (SAO_PAULO, "2018-02-17T22:59:00-02:00", 60 + 7200, 60 * 3 + 7200 * 4),
        (SAO_PAULO, "2018-02-17T22:59:00-02:00", 60 + 7200 + 10, 60 * 3 + 7200 * 4 + 10),
        (SAO_PAULO, "2018-02-17T23:30:00-03:00", 1800 + 5, 1800 * 4 + 5),
        # 4 November 2018, 00:00: forward to 01:00. There is no hour from 00:00.
        (SAO_PAULO, "2018-11-03T23:59:00-03:00", 60 + 3600, 60 * 4 + 3600 * 2),
        (SAO_PAULO, "2018-11-03T23:59:00-03:00", 60 + 3600 + 9, 60 * 4 + 3600 * 2 + 9 * 3),
        # New York, 8 March 2026, 02:00: forward to 03:00.
        (NEW_YORK, "2026-03-08T01:59:00-05:00", 60 + 100, 60 * 2 + 100 * 3),
        # New York, 1 November 2026, 02:00: back to 01:00.
        (NEW_YORK, "2026-11-01T00:59:00-04:00", 60 + 7200 + 10, 60 + 7200 * 2 + 30),
    ],
)
def test_windows_follow_the_wall_clock_and_seconds_are_real(
    zone: ZoneInfo, start: str, duration: int, exact: int
) -> None:
    assert price_of(windowed(*BANDS), duration, start, timezone=zone).exact == exact


@pytest.mark.parametrize(
    ("zone", "start", "seconds_until_six"),
    [
        (NEW_YORK, "2026-03-07T01:30:00-05:00", 16_200),
        (NEW_YORK, "2026-03-08T01:30:00-05:00", 12_600),
        (NEW_YORK, "2026-11-01T01:30:00-04:00", 19_800),
        (NEW_YORK, "2026-11-01T01:30:00-05:00", 16_200),
        (ZoneInfo("Australia/Lord_Howe"), "2026-10-04T01:30:00+10:30", 14_400),
        (ZoneInfo("Australia/Lord_Howe"), "2026-04-05T01:29:00+11:00", 16_260 + 1_800),
    ],
)
def test_a_clock_change_inside_a_window(zone: ZoneInfo, start: str, seconds_until_six: int) -> None:
    rate = windowed(
        window("1", per=1, increment=1, end="06:00:00"),
        window("2", per=1, increment=1, begin="06:00:00"),
    )
    price = price_of(rate, seconds_until_six + 10, start, timezone=zone)
    assert price.exact == seconds_until_six + 20


def test_a_window_that_begins_in_the_hour_that_passes_twice_begins_twice() -> None:
    rate = windowed(
        window("1", per=1, increment=1, end="23:30:00"),
        window("2", per=1, increment=1, begin="23:30:00"),
    )
    price = price_of(rate, 7200, "2018-02-17T23:00:00-02:00")
    assert [(step.from_s, step.increments) for step in price.steps] == [
        (0, 1800),
        (1800, 1800),
        (3600, 1800),
        (5400, 1800),
    ]
