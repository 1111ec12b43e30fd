"""Whether those who pay for a running call may still place calls."""

from __future__ import annotations

from typing import Final

from django.db import connection

from tronco.sipcore.cards import LINE_STOPPED

_STOPPED: Final = f"""
SELECT a.direction <> 'in' AND (
       EXISTS (SELECT FROM tenancy_tenant t JOIN tenancy_tenant u ON t.path ^@ u.path
                WHERE t.id = a.tenant_id AND u.status <> 'active')
    OR EXISTS (SELECT FROM circuits_circuit c LEFT JOIN circuits_circuit m ON m.id = c.line_id
                WHERE c.id = a.circuit_id AND (c.status <> 'active' OR {LINE_STOPPED}))
    OR EXISTS (SELECT FROM callingcards_card k JOIN callingcards_cardseries s ON s.id = k.series_id
                WHERE k.account_id = a.account_id AND (k.status <> 'active' OR s.is_blocked)))
  FROM charging_authorization a WHERE a.call_id = %s
"""  # noqa: S608 - our own words


def is_payer_stopped(*, call_id: str) -> bool:
    """Return True when the line, the card, the customer or a reseller above was stopped meanwhile.

    Charging looks at accounts alone. A stopped line goes on receiving calls, as charging decides.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STOPPED, [call_id])
        row = cursor.fetchone()
    return bool(row and row[0])
