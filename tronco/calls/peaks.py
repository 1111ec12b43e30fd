"""The most calls at once in each hour of a day, exactly, from when each call began and ended.

To find them the records of the hours are swept. A peak that was found is kept, and holds while
nobody's calls came to its hour since (`calls_hourly`), or none of the viewer's to its day or the
day before (`calls_daily`): so only what may have changed is swept again.
"""

# ruff: noqa: S608  statements are made of our own words
from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from tronco.calls.rollups import LASTS, LONGEST, midnight
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant

_OWN = """
SELECT coalesce(sum(calls), 0) AS own FROM calls_daily
WHERE tenant_id = ANY(%(tenants)s) AND day BETWEEN %(before)s AND %(day)s
"""
_KNOWN = f"""
WITH mine AS ({_OWN}), counted AS (
    SELECT hour, sum(calls) AS calls, min(since) AS since FROM calls_hourly
    WHERE hour >= %(since)s AND hour < %(until)s GROUP BY hour
)
SELECT counted.hour, counted.since, CASE WHEN mine.own = 0 THEN 0 ELSE found.peak END
FROM counted CROSS JOIN mine
LEFT JOIN calls_peak AS found
       ON found.tenant_id = %(keeper)s AND found.hour = counted.hour
      AND (found.calls = counted.calls OR found.own = mine.own)
ORDER BY counted.hour
"""
# Of the same instant, ends come first, then the marks of the hours, then beginnings.
_SWEEP = f"""
WITH due AS (SELECT unnest(%(hours)s::timestamptz[]) AS hour), running AS (
    SELECT started_at, {LASTS} AS lasts FROM calls_cdr
    JOIN tenancy_tenant AS owner ON owner.id = tenant_id
    WHERE owner.path ^@ ANY(%(scopes)s) AND ended_at > started_at
      AND started_at >= %(earliest)s AND started_at < %(end)s AND {LASTS} > %(begin)s
), step AS (
    SELECT started_at AS at, 1 AS change FROM running
    UNION ALL SELECT lasts, -1 FROM running
    UNION ALL SELECT hour, 0 FROM due
), level AS (
    SELECT date_trunc('hour', at) AS hour,
           sum(change) OVER (ORDER BY at, change ROWS UNBOUNDED PRECEDING) AS high
    FROM step
)
SELECT hour, max(high)::int AS peak FROM level WHERE hour IN (SELECT hour FROM due) GROUP BY hour
"""
# The counts are those of the very moment of the sweep: one statement sees one moment.
_KEEP = f"""
INSERT INTO calls_peak (tenant_id, hour, peak, calls, own)
SELECT %(keeper)s, hour, peak,
       (SELECT sum(calls) FROM calls_hourly WHERE calls_hourly.hour = found.hour), ({_OWN})
FROM ({_SWEEP}) AS found
ON CONFLICT (tenant_id, hour) DO UPDATE
SET peak = excluded.peak, calls = excluded.calls, own = excluded.own
RETURNING hour, peak
"""


def find_peaks(*, actor: Actor, day: date) -> list[tuple[datetime, int]]:
    """Return every hour of the day with the most calls that the viewer had running at once."""
    return _find(viewed_tenants(actor), day)


def peaks_keep(*, day: date) -> None:
    """Find the peaks of a day that is over for every seller: his first look is to be a quick one.

    A customer's are few calls, swept in no time when he looks.
    """
    for seller in Tenant.objects.exclude(kind=Tenant.Kind.CUSTOMER).order_by("pk"):
        _find([seller], day)


def _find(tenants: list[Tenant], day: date) -> list[tuple[datetime, int]]:
    since, until = midnight(day), midnight(day + timedelta(days=1))
    # The peak of several customers is not the sum of theirs, so theirs is not kept.
    keeper = tenants[0].pk if len(tenants) == 1 else None
    values: dict[str, Any] = {
        "tenants": [tenant.pk for tenant in tenants],
        "scopes": [tenant.path for tenant in tenants],
        "keeper": keeper,
        "before": day - LONGEST,
        "day": day,
        "since": since,
        "until": until,
    }
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, values)
        known = cursor.fetchall()
        peaks = {hour: peak for hour, _since, peak in known if peak is not None}
        due = [(hour, earliest) for hour, earliest, peak in known if peak is None]
        if due:
            values |= {
                "hours": [hour for hour, _earliest in due],
                "earliest": min(earliest for _hour, earliest in due),
                "begin": due[0][0],
                "end": due[-1][0] + timedelta(hours=1),
            }
            cursor.execute(_KEEP if keeper else _SWEEP, values)
            peaks |= dict(cursor.fetchall())
    hours = [since + timedelta(hours=n) for n in range((until - since) // timedelta(hours=1))]
    return [(hour, peaks.get(hour, 0)) for hour in hours]


def viewed_tenants(actor: Actor) -> list[Tenant]:
    """Return the tenants whose rows of a roll-up are together what the actor may see."""
    if "/" in actor.scopes:
        return list(Tenant.objects.filter(kind=Tenant.Kind.MASTER))
    tops = [
        scope
        for scope in set(actor.scopes)
        if not any(scope != other and scope.startswith(other) for other in actor.scopes)
    ]
    return list(Tenant.objects.filter(path__in=tops))
