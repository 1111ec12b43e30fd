"""Cycles: the months of an account, each beginning on its own day."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

# Cycles begin at midnight of the operator's time zone, whatever zone a tariff uses.
ZONE: Final = ZoneInfo("America/Sao_Paulo")


def cycle_start_of(moment: datetime, cycle_day: int) -> date:
    """Return the day on which the cycle that `moment` belongs to began."""
    today = moment.astimezone(ZONE).date()
    if today.day >= cycle_day:
        return today.replace(day=cycle_day)
    year, month = (today.year, today.month - 1) if today.month > 1 else (today.year - 1, 12)
    return date(year, month, cycle_day)
