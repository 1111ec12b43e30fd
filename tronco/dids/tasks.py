"""What numbers do by the clock. Schedules are in UTC."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from tronco.dids import states


@app.periodic(cron="15 3 * * *")
@app.task(queueing_lock="dids.end_quarantine")
def end_quarantine(timestamp: int) -> int:
    """Make the numbers available whose quarantine ended with yesterday."""
    return states.quarantine_end(today=timezone.localdate())


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="dids.give_back_cancelled")
def give_back_cancelled(timestamp: int) -> int:
    """Take back the numbers of circuits and customers that were cancelled."""
    return states.cancelled_give_back()
