"""The most calls at once in each hour of a day, exactly, from when each call began and ended.

To find them the records of the hour are swept. What was found is kept with the number of calls it
was found among, and holds while that is the number that `calls_hourly` counts: so only hours that
had calls since then are swept again.
"""

# ruff: noqa: S608  statements are made of our own words
from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from tronco.calls.rollups import LASTS, midnight
from tronco.tenancy.access import Actor
from tronco.tenancy.models import Tenant

_KNOWN = """
SELECT counted.hour, counted.since, found.peak
FROM (SELECT hour, sum(calls) AS calls, min(since) AS since FROM calls_hourly
      WHERE tenant_id = ANY(%(tenants)s) AND hour >= %(since)s AND hour < %(until)s
      GROUP BY hour) AS counted
LEFT JOIN calls_peak AS found
       ON found.tenant_id = %(keeper)s AND found.hour = counted.hour
      AND found.calls = counted.calls
"""
# An end comes before a beginning of the same instant.
_SWEEP = f"""
WITH running AS (
    SELECT h.hour, greatest(c.started_at, h.hour) AS began, c.lasts
    FROM unnest(%(hours)s::timestamptz[], %(earliest)s::timestamptz[]) AS h (hour, since)
    CROSS JOIN LATERAL (
        SELECT started_at, {LASTS} AS lasts FROM calls_cdr
        JOIN tenancy_tenant AS owner ON owner.id = tenant_id
        WHERE owner.path ^@ ANY(%(scopes)s)
          AND started_at >= h.since AND started_at < h.hour + interval '1 hour'
          AND {LASTS} > h.hour AND ended_at > started_at
    ) AS c
), step AS (
    SELECT hour, began AS at, 1 AS change FROM running
    UNION ALL SELECT hour, lasts, -1 FROM running
), level AS (
    SELECT hour, change,
           sum(change) OVER (PARTITION BY hour ORDER BY at, change ROWS UNBOUNDED PRECEDING) AS high
    FROM step
)
SELECT hour, max(high)::int AS peak, count(*) FILTER (WHERE change > 0) AS calls
FROM level GROUP BY hour
"""
_KEEP = f"""
INSERT INTO calls_peak (tenant_id, hour, peak, calls)
SELECT %(keeper)s, hour, peak, calls FROM ({_SWEEP}) AS found
ON CONFLICT (tenant_id, hour) DO UPDATE SET peak = excluded.peak, calls = excluded.calls
RETURNING hour, peak, calls
"""


def find_peaks(*, actor: Actor, day: date) -> list[tuple[datetime, int]]:
    """Return every hour of the day with the most calls that the viewer had running at once."""
    since, until = midnight(day), midnight(day + timedelta(days=1))
    tenants = viewed_tenants(actor)
    # The peak of several customers is not the sum of theirs, so theirs is not kept.
    keeper = tenants[0].pk if len(tenants) == 1 else None
    values: dict[str, Any] = {
        "tenants": [tenant.pk for tenant in tenants],
        "scopes": [tenant.path for tenant in tenants],
        "keeper": keeper,
        "since": since,
        "until": until,
    }
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, values)
        known = cursor.fetchall()
        peaks = {hour: peak for hour, _since, peak in known if peak is not None}
        due = [(hour, earliest) for hour, earliest, peak in known if peak is None]
        if due:
            values["hours"], values["earliest"] = (list(part) for part in zip(*due, strict=True))
            cursor.execute(_KEEP if keeper else _SWEEP, values)
            peaks |= {hour: peak for hour, peak, _calls in cursor.fetchall()}
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
