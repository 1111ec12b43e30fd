"""What circuits do by the clock. Schedules are in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from procrastinate.contrib.django import app

from tronco.circuits import balance_alerts, page_phones, services

KEEP_LATENCY = timedelta(days=90)


@app.periodic(cron="40 6 * * *")
@app.task(queueing_lock="circuits.forget_latency")
def forget_latency(timestamp: int) -> int:
    """Delete the latency samples that no chart shows any more."""
    return services.latency_forget(before=datetime.fromtimestamp(timestamp, UTC) - KEEP_LATENCY)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="circuits.forget_page_phones")
def forget_page_phones(timestamp: int) -> int:
    """Take away the telephones of pages whose time, or whose user's access, is over."""
    return page_phones.page_phones_forget(now=datetime.fromtimestamp(timestamp, UTC))


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="circuits.tell_balance_alerts")
def tell_balance_alerts(timestamp: int) -> int:
    """Warn of the balances that fell below their circuits' own lines."""
    return balance_alerts.alerts_tell(now=datetime.fromtimestamp(timestamp, UTC))
