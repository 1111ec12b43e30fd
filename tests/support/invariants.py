"""The six rules of ARCHITECTURE.md as far as the database and the spool can tell."""

from __future__ import annotations

from pathlib import Path

from django.db import connection

from tronco.calls.models import Cdr
from tronco.sipcore.spool import Answered, Ended, parse_line

# Each returns the rows that break a rule.
RULES = {
    "a balance is the sum of its entries": """
        SELECT a.id, a.balance_u, coalesce(sum(e.amount_u), 0)
          FROM charging_account a LEFT JOIN charging_ledgerentry e ON e.account_id = a.id
         GROUP BY a.id HAVING a.balance_u <> coalesce(sum(e.amount_u), 0)""",
    "calls never take a prepaid account below zero": """
        SELECT a.id, a.balance_u FROM charging_account a JOIN catalog_plan p ON p.id = a.plan_id
         WHERE p.kind = 'prepaid' AND a.balance_u < 0""",
    "every answered call that cost something was charged once": """
        SELECT c.call_id, count(e.id) FROM calls_cdr c
          LEFT JOIN charging_ledgerentry e
            ON e.key = 'call:' || c.call_id AND e.account_id = c.account_id
         WHERE c.price_u > 0 GROUP BY c.call_id, c.price_u
        HAVING count(e.id) <> 1 OR sum(-e.amount_u) <> c.price_u""",
    "every charge has its record": """
        SELECT e.key FROM charging_ledgerentry e
          LEFT JOIN calls_cdr c ON 'call:' || c.call_id = e.key
         WHERE e.kind = 'call' AND c.call_id IS NULL""",
    "no call is on record twice": """
        SELECT call_id, count(*) FROM calls_cdr GROUP BY call_id HAVING count(*) > 1""",
    "no hold outlives its call": """
        SELECT authorization_id, account_id FROM charging_hold WHERE state = 'pending'
        UNION ALL SELECT call_id, 0 FROM charging_authorization WHERE state = 'open'
        UNION ALL SELECT 'account', id FROM charging_account WHERE held_u <> 0
        UNION ALL SELECT 'bucket', id FROM charging_bucket WHERE held <> 0
        UNION ALL SELECT key, active FROM charging_meter WHERE active <> 0""",
}


def open_calls() -> list[str]:
    """What charging believes is running."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT call_id FROM charging_authorization WHERE state = 'open'")
        return [row[0] for row in cursor.fetchall()]


def unrecorded(spool: Path) -> list[str]:
    """Calls of which a spool tells and the records do not."""
    known = set(Cdr.objects.values_list("call_id", flat=True))
    return sorted(spool_calls(spool) - known)


def spool_calls(spool: Path) -> set[str]:
    """The ids of all calls that a spool tells of; members of queues who let it ring had none."""
    found: set[str] = set()
    for path in spool.parent.glob(f"{spool.name}*"):
        lines = map(parse_line, path.read_text().splitlines())
        found |= {
            line.call_id
            for line in lines
            if isinstance(line, Answered) or (isinstance(line, Ended) and not line.is_no_call)
        }
    return found


def assert_invariants(spool: Path) -> None:
    """With no call running, every rule holds."""
    broken = {}
    with connection.cursor() as cursor:
        for rule, query in RULES.items():
            cursor.execute(query)
            if rows := cursor.fetchall():
                broken[rule] = rows[:10]
    if missing := unrecorded(spool):
        broken["every call of the spool is on record"] = missing[:10]
    assert broken == {}
