"""What calls do by themselves. Schedules are in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils import timezone
from procrastinate.contrib.django import app

from tronco.calls import cycle_letters, missed, peaks


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="calls.tell_missed")
def tell_missed(timestamp: int) -> int:
    """Tell customers who called them in vain."""
    return missed.missed_calls_tell(at=datetime.now(UTC))


@app.periodic(cron="20 * * * *")
@app.task(queueing_lock="calls.tell_cycles")
def tell_cycles(timestamp: int) -> int:
    """Send customers what the cycles came to that closed lately."""
    return cycle_letters.cycle_letters_queue(at=datetime.now(UTC))


@app.periodic(cron="30 3 * * *")
@app.task(queueing_lock="calls.keep_peaks")
def keep_peaks(timestamp: int) -> None:
    """Find yesterday's most calls at once, before somebody looks."""
    peaks.peaks_keep(day=timezone.localdate() - timedelta(days=1))
