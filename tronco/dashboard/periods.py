"""The period that the charts of the first screen tell of: whole days, both included."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.core.errors import InvalidInput

MOST_DAYS = 366
DEFAULT = "30d"


def _days(count: int) -> Callable[[date], tuple[date, date]]:
    return lambda today: (today - timedelta(days=count - 1), today)


def _last_month(today: date) -> tuple[date, date]:
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


PRESETS: dict[str, tuple[Any, Callable[[date], tuple[date, date]]]] = {
    "today": (_("Today"), _days(1)),
    "yesterday": (_("Yesterday"), lambda today: (today - timedelta(days=1),) * 2),
    "7d": (_("Last 7 days"), _days(7)),
    "30d": (_("Last 30 days"), _days(30)),
    "month": (_("This month"), lambda today: (today.replace(day=1), today)),
    "last-month": (_("Last month"), _last_month),
}


@dataclass(frozen=True, slots=True)
class Period:
    """From `first` to `last`; `preset` is empty when the days were chosen one by one."""

    first: date
    last: date
    preset: str = ""

    @property
    def query(self) -> str:
        """How addresses name it."""
        if self.preset:
            return urlencode({"period": self.preset})
        return urlencode({"first": self.first.isoformat(), "last": self.last.isoformat()})

    @property
    def text(self) -> str:
        """Its name for people."""
        if self.preset:
            return str(PRESETS[self.preset][0])
        return f"{self.first:%d/%m/%Y} – {self.last:%d/%m/%Y}"

    @property
    def days(self) -> list[date]:
        """Every day of it."""
        count = (self.last - self.first).days + 1
        return [self.first + timedelta(days=number) for number in range(count)]


def preset_period(name: str = DEFAULT) -> Period:
    """Return a period that has a name."""
    _label, days = PRESETS[name]
    return Period(*days(timezone.localdate()), preset=name)


def read_period(query: Mapping[str, Any]) -> Period:
    """Return the period that an address names, or raise InvalidInput. Days to come are cut off."""
    if "first" not in query and "last" not in query:
        name = query.get("period", DEFAULT)
        if name not in PRESETS:
            raise InvalidInput(_now("There is no such period."), field="period")
        return preset_period(name)
    try:
        first = date.fromisoformat(query.get("first", ""))
        last = min(date.fromisoformat(query.get("last", "")), timezone.localdate())
    except ValueError:
        raise InvalidInput(_now("Choose a first and a last day."), field="first") from None
    if not first <= last:
        raise InvalidInput(_now("The first day must not be after the last."), field="first")
    if (last - first).days >= MOST_DAYS:
        told = _now("A period has at most %(days)s days.") % {"days": MOST_DAYS}
        raise InvalidInput(told, field="first")
    return Period(first, last)
