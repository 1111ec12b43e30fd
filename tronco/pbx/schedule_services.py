"""Everything that changes schedules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from zoneinfo import available_timezones

from django.db import transaction
from django.utils.translation import gettext as _

from tronco.core.errors import InvalidInput
from tronco.pbx.destinations import get_owner
from tronco.pbx.models import Holiday, Schedule, ScheduleWindow
from tronco.pbx.selectors import get_schedule
from tronco.pbx.uses import refuse_if_used
from tronco.tenancy.access import Actor
from tronco.tenancy.saving import save_checked


@dataclass(frozen=True, slots=True)
class WindowValues:
    """Open hours; see `ScheduleWindow`."""

    weekdays: tuple[int, ...]
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class HolidayValues:
    """A day of its own; see `Holiday`."""

    day: date
    name: str = ""
    every_year: bool = False
    is_open: bool = False


@transaction.atomic
def schedule_create(
    *,
    actor: Actor,
    tenant_id: int,
    name: str,
    windows: Sequence[WindowValues],
    holidays: Sequence[HolidayValues] = (),
    timezone: str = "America/Sao_Paulo",
    national_holidays: bool = True,
) -> Schedule:
    """Make a schedule with its windows and days."""
    actor.require("pbx.edit")
    schedule = Schedule(tenant=get_owner(actor=actor, tenant_id=tenant_id))
    return _save(schedule, name, timezone, national_holidays, windows, holidays)


@transaction.atomic
def schedule_change(
    *,
    actor: Actor,
    schedule_id: int,
    name: str,
    windows: Sequence[WindowValues],
    holidays: Sequence[HolidayValues],
    timezone: str,
    national_holidays: bool,
) -> Schedule:
    """Replace what a schedule says; its owner stays."""
    actor.require("pbx.edit")
    schedule = get_schedule(actor=actor, schedule_id=schedule_id, lock=True)
    return _save(schedule, name, timezone, national_holidays, windows, holidays)


@transaction.atomic
def schedule_delete(*, actor: Actor, schedule_id: int) -> None:
    """Delete a schedule that nothing follows."""
    actor.require("pbx.delete")
    schedule = get_schedule(actor=actor, schedule_id=schedule_id, lock=True)
    refuse_if_used(actor=actor, obj=schedule)
    schedule.delete()


def _save(
    schedule: Schedule,
    name: str,
    timezone: str,
    national_holidays: bool,
    windows: Sequence[WindowValues],
    holidays: Sequence[HolidayValues],
) -> Schedule:
    if timezone not in available_timezones():
        raise InvalidInput(
            _("There is no time zone %(zone)s.") % {"zone": timezone},
            field="timezone",
            code="timezone-unknown",
        )
    if not windows:
        raise InvalidInput(
            _("Say at least once when it is open."), field="windows", code="windows-missing"
        )
    if len({one.day for one in holidays}) < len(holidays):
        raise InvalidInput(_("A day stands twice."), field="holidays", code="holiday-twice")
    schedule.name, schedule.timezone = name, timezone
    schedule.national_holidays = national_holidays
    save_checked(schedule)
    _replace_windows(schedule, windows)
    _replace_holidays(schedule, holidays)
    return schedule


def _replace_windows(schedule: Schedule, wanted: Sequence[WindowValues]) -> None:
    """Write only what differs, so that the history tells only that."""
    there = {(tuple(w.weekdays), w.opens, w.closes): w for w in schedule.windows.all()}
    keys = [(tuple(sorted(set(w.weekdays))), w.opens, w.closes) for w in wanted]
    for key, window in there.items():
        if key not in keys:
            window.delete()
    for key in dict.fromkeys(keys):
        if key not in there:
            days, opens, closes = key
            if not days or not set(days) <= set(range(7)):
                raise InvalidInput(_("Choose weekdays."), field="windows", code="weekdays-missing")
            ScheduleWindow.objects.create(
                schedule=schedule,
                tenant=schedule.tenant,
                weekdays=list(days),
                opens=opens,
                closes=closes,
            )


def _replace_holidays(schedule: Schedule, wanted: Sequence[HolidayValues]) -> None:
    there = {holiday.day: holiday for holiday in schedule.holidays.all()}
    days = {values.day for values in wanted}
    for day, holiday in there.items():
        if day not in days:
            holiday.delete()
    for values in wanted:
        holiday = there.get(values.day) or Holiday(schedule=schedule, tenant=schedule.tenant)
        told = (holiday.day, holiday.name, holiday.every_year, holiday.is_open)
        if told != (values.day, values.name, values.every_year, values.is_open):
            holiday.day, holiday.name = values.day, values.name
            holiday.every_year, holiday.is_open = values.every_year, values.is_open
            save_checked(holiday)
