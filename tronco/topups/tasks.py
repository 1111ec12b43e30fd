"""What requests for credit need of the worker."""

from __future__ import annotations

from procrastinate.contrib.django import app

from tronco.topups import services


@app.task(name=services.TELL_TASK)
def tell_asked(topup_id: int) -> bool:
    """Tell a seller of a request, just after it was made."""
    return services.topup_tell_asked(topup_id=topup_id)
