"""What recordings do by the clock. Schedules are in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from tronco.recordings import rules, services


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="recordings.compress")
def compress(timestamp: int) -> int:
    """Make small what calls have left since."""
    return services.recordings_compress()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="recordings.forget_rules")
def forget_rules(timestamp: int) -> int:
    """Forget what former holders wanted of their numbers; nothing is recorded for them since."""
    return rules.rules_forget()


@app.periodic(cron="35 3 * * *")
@app.task(queueing_lock="recordings.expire")
def expire(timestamp: int) -> int:
    """Delete what was kept for its days, and sounds of which nothing tells."""
    expired = services.recordings_expire(now=datetime.fromtimestamp(timestamp, UTC))
    services.files_tidy()
    return expired
