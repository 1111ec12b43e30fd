"""What mail does by itself. Schedules are in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from procrastinate.contrib.django import app

from tronco.mail import services


@app.task(name=services.DELIVER_TASK)
def deliver(email_id: int) -> bool:
    """Try to deliver one message, just after it was queued."""
    return services.email_deliver(email_id=email_id, at=datetime.now(UTC))


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="mail.deliver_due")
def deliver_due(timestamp: int) -> int:
    """Try again what is due; also what was queued while there was no mail server or no worker."""
    return services.emails_deliver_due(at=datetime.now(UTC))


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="mail.tell_failed")
def tell_failed(timestamp: int) -> int:
    """Tell the master of background tasks that failed."""
    return services.failed_tasks_tell(at=datetime.now(UTC))
