"""What circuits do by the clock. Schedules are in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from procrastinate.contrib.django import app

from tronco.circuits import services

KEEP_LATENCY = timedelta(days=90)


@app.periodic(cron="40 6 * * *")
@app.task(queueing_lock="circuits.forget_latency")
def forget_latency(timestamp: int) -> int:
    """Delete the latency samples that no chart shows any more."""
    return services.latency_forget(before=datetime.fromtimestamp(timestamp, UTC) - KEEP_LATENCY)
