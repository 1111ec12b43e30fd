"""Screens of schedules: Voz › Horários."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tronco.pbx import schedule_services as services
from tronco.pbx import selectors
from tronco.pbx.filters import ScheduleFilters
from tronco.pbx.forms import ScheduleForm
from tronco.pbx.models import Holiday, Schedule, ScheduleWindow
from tronco.pbx.schedule_services import HolidayValues, WindowValues
from tronco.pbx.schedules import DayPlan, is_open, plan_week
from tronco.pbx.tables import ScheduleTable
from tronco.pbx.uses import list_uses
from tronco.pbx.words import clock, now_text
from tronco.rating.schedule import DAY_S
from tronco.ui import details, edits, panels
from tronco.ui.resource import Resource


class CreateSchedule(edits.CreateView):
    template_name = "pbx/schedule_edit.html"


class EditSchedule(edits.EditView):
    template_name = "pbx/schedule_edit.html"


class SchedulePage(details.DetailView):
    """The picture of the week comes first."""

    template_name = "pbx/wide_first.html"


def week_shown(request: Any, schedule: Schedule) -> dict[str, Any]:
    """The picture of this week, and what is true now."""
    card, now = selectors.schedule_card(schedule), timezone.now()
    today = now.astimezone(ZoneInfo(card.timezone))
    week = plan_week(card, now)
    return {
        "days": [day_shown(plan, is_today=plan.day == today.date()) for plan in week],
        "is_open": is_open(card, now),
        "now_text": now_text(card, now),
        "now_minute": today.hour * 60 + today.minute,
        "now_clock": f"{today:%H:%M}",
    }


def day_shown(plan: DayPlan, *, is_today: bool) -> dict[str, Any]:
    """One line of the picture; bars are minutes of the day."""
    spans = [
        {"x": begin // 60, "width": (end - begin) // 60, "text": f"{clock(begin)}–{clock(end)}"}
        for begin, end in plan.spans
    ]
    all_day = plan.spans == ((0, DAY_S),)
    return {"plan": plan, "is_today": is_today, "spans": spans, "all_day": all_day}


class Schedules(Resource):
    model, table, filters, form = Schedule, ScheduleTable, ScheduleFilters, ScheduleForm
    icon = "clock-hour-9"
    help = _("When somebody is there. IVR menus, groups and numbers follow them.")
    empty = _("Say when a customer is open; menus, groups and numbers then follow it.")
    live_s = 30
    state_field = ""
    detail_view = SchedulePage
    create_view = CreateSchedule
    edit_view = EditSchedule
    bulk_fields = ("timezone", "national_holidays")
    history_of = ((ScheduleWindow, "schedule"), (Holiday, "schedule"))
    panels = (
        panels.Html(_("The week"), "pbx/panels/week.html", week_shown, wide=True),
        panels.Fields(_("Schedule"), "name", "tenant", "timezone", "national_holidays"),
        panels.Html(
            _("Holidays and exceptions"),
            "pbx/panels/holidays.html",
            lambda request, schedule: {"holidays": schedule.holidays.all()},
        ),
        panels.Html(
            _("Where it is used"),
            "pbx/panels/uses.html",
            lambda request, schedule: {"uses": list_uses(actor=request.actor, obj=schedule)},
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_schedules(actor=actor)

    def hint(self, obj: Schedule) -> str:
        return str(obj.tenant)

    def create(self, actor: Any, values: dict[str, Any]) -> Schedule:
        facts = dict(values)
        return services.schedule_create(actor=actor, tenant_id=facts.pop("tenant").pk, **facts)

    def change(self, actor: Any, obj: Schedule, values: dict[str, Any]) -> Schedule:
        facts = dict(values)
        facts.pop("tenant")
        # A change of many at once leaves the hours as they are.
        facts.setdefault("windows", windows_of(obj))
        facts.setdefault("holidays", holidays_of(obj))
        return services.schedule_change(actor=actor, schedule_id=obj.pk, **facts)

    def remove(self, actor: Any, obj: Schedule) -> None:
        services.schedule_delete(actor=actor, schedule_id=obj.pk)


def windows_of(schedule: Schedule) -> list[WindowValues]:
    """The windows as the services take them."""
    return [
        WindowValues(tuple(one.weekdays), one.opens, one.closes) for one in schedule.windows.all()
    ]


def holidays_of(schedule: Schedule) -> list[HolidayValues]:
    """The days of its own as the services take them."""
    return [
        HolidayValues(one.day, one.name, one.every_year, one.is_open)
        for one in schedule.holidays.all()
    ]
