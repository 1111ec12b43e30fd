"""Schedules and destinations in words, for lists and pages."""

from __future__ import annotations

from datetime import datetime

from django.utils import formats
from django.utils.translation import gettext as _

from tronco.catalog.quotes import weekday_names
from tronco.pbx.models import Destination
from tronco.pbx.schedules import ScheduleCard, is_open, next_change
from tronco.rating.schedule import DAY_S

_EVERY_DAY = frozenset(range(7))


def hours_text(card: ScheduleCard) -> str:
    """Say the windows: `Mon–Fri 08:00–18:00, Sat 08:00–12:00`."""
    said = [
        f"{days_text(one.weekdays)} {span_text(one.opens_s, one.closes_s)}" for one in card.windows
    ]
    return ", ".join(said)


def days_text(weekdays: frozenset[int]) -> str:
    """Say weekdays, those in a row as a range."""
    if weekdays == _EVERY_DAY:
        return _("every day")
    names = weekday_names()
    runs: list[list[int]] = []
    for day in sorted(weekdays):
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(
        names[run[0]] if len(run) == 1 else f"{names[run[0]]}–{names[run[-1]]}" for run in runs
    )


def span_text(opens_s: int, closes_s: int) -> str:
    """Say hours; from midnight to midnight is all day."""
    if opens_s == 0 and closes_s % DAY_S == 0:
        return _("all day")
    return f"{clock(opens_s)}–{clock(closes_s)}"


def clock(second: int) -> str:
    """Write a second of the day as the clock shows it."""
    return f"{second // 3600:02}:{second // 60 % 60:02}"


def now_text(card: ScheduleCard, moment: datetime) -> str:
    """Say until when it is open, or when it opens."""
    change = next_change(card, moment)
    opened = is_open(card, moment)
    if change is None:
        return _("Open.") if opened else _("Closed.")
    near = (change - moment).total_seconds() < DAY_S
    when = f"{change:%H:%M}"
    if not near:
        when = f"{weekday_names()[change.weekday()]} {formats.date_format(change, 'd/m')} {when}"
    if opened:
        return _("Open until %(when)s.") % {"when": when}
    return _("Closed until %(when)s.") % {"when": when}


def destination_text(destination: Destination) -> str:
    """Say in a line where a call goes on."""
    what = str(destination.get_action_display())
    where = str(
        destination.circuit
        or destination.queue
        or destination.menu
        or destination.prompt
        or destination.number
    )
    return f"{what}: {where}" if where else what
