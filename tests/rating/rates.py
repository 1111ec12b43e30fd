"""Rates and prices in few words, for the tables of these tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tronco.rating import Price, Rate, Rounding, load_rate, simple_rate

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
NEW_YORK = ZoneInfo("America/New_York")
CENTS_CUT = Rounding("down", 2)
EXACT = Rounding("none")
MONDAY = "2026-03-02T10:00:00-03:00"


def cadence(
    price: str = "0.10", minimum: int = 30, step: int = 6, free: int = 3, **more: Any
) -> Rate:
    return simple_rate(
        prefix="55", price_per_min=price, minimum_s=minimum, step_s=step, free_under_s=free, **more
    )


def windowed(*windows: dict[str, Any], **more: Any) -> Rate:
    return load_rate({"prefix": "55", "windows": list(windows), **more})


def window(
    price: str,
    per: int = 60,
    increment: int | str = 60,
    *,
    begin: str | None = None,
    end: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    tier = {"from_s": 0, "price": price, "per_s": per, "increment_s": increment}
    return {"from": begin, "to": end, **more, "tiers": [tier]}


def price_of(
    rate: Rate,
    duration: Any,
    start: str = MONDAY,
    rounding: Rounding = EXACT,
    timezone: ZoneInfo = SAO_PAULO,
    **allowance: Any,
) -> Price:
    return rate.price(
        start=datetime.fromisoformat(start),
        duration=duration,
        timezone=timezone,
        rounding=rounding,
        **allowance,
    )


NATIONAL = (
    window("0.2", priority=-1),
    window("1", weekdays=[1, 2, 3, 4, 5, 6], begin="07:00:00", end="21:00:00"),
    window("0.1", holidays=True, priority=5),
    window("0.05", dates=["12-24", "2026-12-31"], priority=6),
)
