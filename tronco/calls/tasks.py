"""What calls do by themselves. Schedules are in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from tronco.calls import missed


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="calls.tell_missed")
def tell_missed(timestamp: int) -> int:
    """Tell customers who called them in vain."""
    return missed.missed_calls_tell(at=datetime.now(UTC))
