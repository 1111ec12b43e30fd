"""Roll-ups of the call records: sums that are written with them, and can be checked against them.

By the day, every call counts once for each tenant of its chain, from the customer up to the master,
with what that one sold it for: so whoever looks reads his own rows alone, however many are below
him. By the hour, anybody's calls are counted together (for `peaks.py`). The central is part of the
keys, so that no two recorders write the same row.

A definition is one SELECT over `record`, a relation shaped as `calls_cdr`. Records as they come,
a period as it is rebuilt, and a period as it is checked all go through the same definition.
"""

# ruff: noqa: S608  statements are made of our own words
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

# What lasts longer, by a mistake of somebody's, counts as running for so long.
LONGEST = timedelta(days=1)
LASTS = "least(ended_at, started_at + interval '1 day')"

# `charges` runs from the circuit upwards; a tenant's place counts from the master.
SHARES = """
SELECT record.*, above.id::bigint AS sharer_id,
       CASE WHEN owner.kind = 'customer' AND above.id::bigint = owner.id THEN price_u
            ELSE coalesce((charges -> (-above.place)::int ->> 'price_u')::bigint, 0) END AS sale_u
FROM record
JOIN tenancy_tenant AS owner ON owner.id = record.tenant_id
CROSS JOIN LATERAL string_to_table(trim(BOTH '/' FROM owner.path), '/')
           WITH ORDINALITY AS above (id, place)
"""
DAILY = f"""
SELECT sharer_id AS tenant_id, (started_at AT TIME ZONE '{settings.TIME_ZONE}')::date AS day,
       central, direction, call_class, uf,
       count(*) AS calls, count(*) FILTER (WHERE outcome = 'answered') AS answered,
       sum(duration_ms)::bigint AS duration_ms,
       sum(price_u)::bigint AS price_u, sum(sale_u)::bigint AS sale_u
FROM share GROUP BY 1, 2, 3, 4, 5, 6
"""
HOURLY = f"""
SELECT hour, central, count(*) AS calls, min(started_at) AS since
FROM record
CROSS JOIN LATERAL generate_series(
    date_trunc('hour', started_at), {LASTS} - interval '1 microsecond', '1 hour') AS hour
WHERE ended_at > started_at
GROUP BY 1, 2
"""
DAILY_KEY = "tenant_id, day, central, direction, call_class, uf"
HOURLY_KEY = "hour, central"
# Rows are taken in the order of their keys, so that nobody waits in a circle.
ADD = f"""
daily AS (
    INSERT INTO calls_daily AS kept
        ({DAILY_KEY}, calls, answered, duration_ms, price_u, sale_u)
    {DAILY} ORDER BY 1, 2, 3, 4, 5, 6
    ON CONFLICT ({DAILY_KEY}) DO UPDATE SET
        calls = kept.calls + excluded.calls, answered = kept.answered + excluded.answered,
        duration_ms = kept.duration_ms + excluded.duration_ms,
        price_u = kept.price_u + excluded.price_u, sale_u = kept.sale_u + excluded.sale_u
), hourly AS (
    INSERT INTO calls_hourly AS kept ({HOURLY_KEY}, calls, since)
    {HOURLY} ORDER BY 1, 2
    ON CONFLICT ({HOURLY_KEY}) DO UPDATE SET
        calls = kept.calls + excluded.calls, since = least(kept.since, excluded.since)
)
"""

_DAILY_DIFFERS = f"""
WITH record AS (SELECT * FROM calls_cdr WHERE started_at >= %(since)s AND started_at < %(until)s),
share AS ({SHARES}), due AS ({DAILY}),
kept AS (SELECT * FROM calls_daily WHERE day >= %(first)s AND day <= %(last)s)
SELECT day, count(*) FROM due FULL JOIN kept USING ({DAILY_KEY})
WHERE (due.calls, due.answered, due.duration_ms, due.price_u, due.sale_u) IS DISTINCT FROM
      (kept.calls, kept.answered, kept.duration_ms, kept.price_u, kept.sale_u)
GROUP BY day ORDER BY day
"""
_HOURLY_DIFFERS = f"""
WITH record AS (SELECT * FROM calls_cdr WHERE started_at >= %(before)s AND started_at < %(until)s),
due AS (SELECT * FROM ({HOURLY}) AS each WHERE hour >= %(since)s AND hour < %(until)s),
kept AS (SELECT * FROM calls_hourly WHERE hour >= %(since)s AND hour < %(until)s)
SELECT (hour AT TIME ZONE '{settings.TIME_ZONE}')::date AS day, count(*)
FROM due FULL JOIN kept USING ({HOURLY_KEY})
WHERE (due.calls, due.since) IS DISTINCT FROM (kept.calls, kept.since)
GROUP BY 1 ORDER BY 1
"""
_FORGET = """
DELETE FROM calls_daily WHERE day = %(first)s;
DELETE FROM calls_hourly WHERE hour >= %(since)s AND hour < %(until)s;
DELETE FROM calls_peak WHERE hour >= %(since)s AND hour < %(until)s
"""
_DAILY_AGAIN = f"""
WITH record AS (SELECT * FROM calls_cdr WHERE started_at >= %(since)s AND started_at < %(until)s),
share AS ({SHARES})
INSERT INTO calls_daily ({DAILY_KEY}, calls, answered, duration_ms, price_u, sale_u) {DAILY}
"""
_HOURLY_AGAIN = f"""
WITH record AS (SELECT * FROM calls_cdr WHERE started_at >= %(before)s AND started_at < %(until)s)
INSERT INTO calls_hourly ({HOURLY_KEY}, calls, since)
SELECT * FROM ({HOURLY}) AS each WHERE hour >= %(since)s AND hour < %(until)s
"""


@dataclass(frozen=True, slots=True)
class Drift:
    """A day of which so many rows of a roll-up do not equal the records."""

    day: date
    rows: int


def check_rollups(*, first: date, last: date) -> Iterator[Drift]:
    """Sum the records of these days again and compare; yield the days that differ."""
    period = _period(first, last)
    found: dict[date, int] = {}
    with connection.cursor() as cursor:
        for query in (_DAILY_DIFFERS, _HOURLY_DIFFERS):
            cursor.execute(query, period)
            for day, rows in cursor.fetchall():
                found[day] = found.get(day, 0) + rows
    for day in sorted(found):
        yield Drift(day, found[day])


def rollups_rebuild(*, first: date, last: date) -> None:
    """Make the roll-ups of these days again from the records, each day in a transaction.

    Recording waits meanwhile, calls do not; what comes between two days finds its rows as usual.
    """
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        period = _period(day, day)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE calls_daily, calls_hourly IN SHARE ROW EXCLUSIVE MODE")
            for query in (*_FORGET.split(";"), _DAILY_AGAIN, _HOURLY_AGAIN):
                cursor.execute(query, period)


def midnight(day: date) -> datetime:
    """Return when a day begins where the operator is."""
    return timezone.make_aware(datetime.combine(day, time.min))


def _period(first: date, last: date) -> dict[str, date | datetime]:
    since = midnight(first)
    return {
        "first": first,
        "last": last,
        "since": since,
        "before": since - LONGEST,
        "until": midnight(last + timedelta(days=1)),
    }
