"""What charging does by the clock. Schedules are in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from procrastinate.contrib.django import app

from tronco.charging import services

# The call records keep everything; these rows only guard against the same call arriving again.
KEEP_CLOSED = timedelta(days=35)


@app.periodic(cron="5 * * * *")
@app.task(queueing_lock="charging.close_cycles")
def close_cycles(timestamp: int) -> int:
    """Begin the new cycle of every account whose day has come."""
    return services.cycles_close_due(datetime.fromtimestamp(timestamp, UTC))


@app.periodic(cron="20 6 * * *")
@app.task(queueing_lock="charging.forget_closed_calls")
def forget_closed_calls(timestamp: int) -> int:
    """Delete the authorisations of calls that ended long ago, in batches."""
    closed_before = datetime.fromtimestamp(timestamp, UTC) - KEEP_CLOSED
    total = 0
    while forgotten := services.calls_purge(closed_before=closed_before):
        total += forgotten
    return total
