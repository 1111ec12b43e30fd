"""What must always be true between call records and the ledger, on live data. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from tronco.charging.invariants import Violation

# Older records have been looked at often enough.
LOOK_BACK = timedelta(days=35)
_CURE = "compare the call's page with the statement, then post a correction"

_UNPOSTED = """
SELECT c.call_id, (charge ->> 'account')::bigint, (charge ->> 'price_u')::bigint,
       coalesce(-e.amount_u, 0)
FROM calls_cdr c
CROSS JOIN jsonb_array_elements(c.charges) AS charge
LEFT JOIN charging_ledgerentry e
       ON e.account_id = (charge ->> 'account')::bigint AND e.key = 'call:' || c.call_id
WHERE c.started_at >= %s AND (charge ->> 'price_u')::bigint <> coalesce(-e.amount_u, 0)
"""
_UNRECORDED = """
SELECT e.source, e.account_id, -e.amount_u
FROM charging_ledgerentry e
WHERE e.kind = 'call' AND e.at >= %s AND e.key = 'call:' || e.source
  AND NOT EXISTS (SELECT FROM calls_cdr c WHERE c.call_id = e.source AND c.started_at >= %s)
"""
_TWICE = """
SELECT call_id, count(*) FROM calls_cdr WHERE started_at >= %s
GROUP BY central, call_id HAVING count(*) > 1
"""


def check_records() -> Iterator[Violation]:
    """3. Each charge of a record is posted once at its price; each posting has its record."""
    since = timezone.now() - LOOK_BACK
    with connection.cursor() as cursor:
        cursor.execute(_UNPOSTED, [since])
        for call, account, price_u, posted_u in cursor.fetchall():
            text = f"its record says {price_u}, but {posted_u} is posted"
            yield Violation(3, text, _CURE, account_id=account, call_id=call)
        # A call may have begun long before it was posted.
        cursor.execute(_UNRECORDED, [since, since - LOOK_BACK])
        for call, account, posted_u in cursor.fetchall():
            text = f"{posted_u} is posted, but there is no record of the call"
            yield Violation(3, text, _CURE, account_id=account, call_id=call)
        cursor.execute(_TWICE, [since])
        for call, count in cursor.fetchall():
            text = f"the call has {count} records"
            yield Violation(3, text, "report it", call_id=call)
