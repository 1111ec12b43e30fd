"""What sign-in does by the clock. Schedules are in UTC."""

from __future__ import annotations

from procrastinate.contrib.django import app

from tronco.identity import sessions


@app.periodic(cron="50 6 * * *")
@app.task(queueing_lock="identity.forget_sessions")
def forget_sessions(timestamp: int) -> int:
    """Delete the sessions that are over."""
    return sessions.sessions_forget()
