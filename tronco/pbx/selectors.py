"""Reads of schedules, menus, groups, line services, portal and voicemail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from tronco.circuits.models import Circuit
from tronco.core.errors import NotFound
from tronco.pbx.flow import Target
from tronco.pbx.models import (
    LineService,
    MemberState,
    Menu,
    MenuOption,
    PortalCaller,
    Prompt,
    Queue,
    QueueCaller,
    QueueMember,
    Schedule,
    Voicemail,
)
from tronco.pbx.schedules import HolidayCard, ScheduleCard, WindowCard
from tronco.tenancy.access import Actor

M = TypeVar("M", Prompt, Schedule, Menu, Queue, QueueMember, PortalCaller, Voicemail)


def list_prompts(*, actor: Actor) -> QuerySet[Prompt]:
    """Return the prompts, without their sounds."""
    return Prompt.objects.visible_to(actor).select_related("tenant").defer("sound")


def get_prompt(*, actor: Actor, prompt_id: int, lock: bool = False) -> Prompt:
    """Return a prompt, or raise NotFound."""
    return _only(Prompt.objects.visible_to(actor), prompt_id, lock)


def list_replacements(*, actor: Actor) -> dict[str, list[Prompt]]:
    """Return the prompts that replace the system's, by its key."""
    found: dict[str, list[Prompt]] = {}
    for prompt in list_prompts(actor=actor).exclude(system_key="").order_by("tenant__path"):
        found.setdefault(prompt.system_key, []).append(prompt)
    return found


def list_schedules(*, actor: Actor) -> QuerySet[Schedule]:
    """Return the schedules with what tells whether they are open."""
    rows = Schedule.objects.visible_to(actor).select_related("tenant")
    return rows.prefetch_related("windows", "holidays")


def get_schedule(*, actor: Actor, schedule_id: int, lock: bool = False) -> Schedule:
    """Return a schedule, or raise NotFound."""
    return _only(Schedule.objects.visible_to(actor), schedule_id, lock)


def schedule_card(schedule: Schedule) -> ScheduleCard:
    """Return the schedule as the pure functions take it."""
    return ScheduleCard(
        timezone=schedule.timezone,
        national_holidays=schedule.national_holidays,
        windows=tuple(
            WindowCard(frozenset(one.weekdays), _second(one.opens), _second(one.closes))
            for one in schedule.windows.all()
        ),
        holidays=tuple(
            HolidayCard(one.day, one.every_year, one.is_open, one.name)
            for one in schedule.holidays.all()
        ),
    )


def list_menus(*, actor: Actor) -> QuerySet[Menu]:
    """Return the menus with how many keys each answers."""
    rows = Menu.objects.visible_to(actor).select_related("tenant", "schedule", "greeting")
    return rows.annotate(option_count=Count("options"))


def get_menu(*, actor: Actor, menu_id: int, lock: bool = False) -> Menu:
    """Return a menu, or raise NotFound."""
    return _only(Menu.objects.visible_to(actor), menu_id, lock)


def list_options(*, menus: Iterable[int]) -> QuerySet[MenuOption]:
    """Return what the keys of these menus do."""
    rows = MenuOption.objects.filter(owner__in=list(menus))
    return rows.select_related("circuit", "queue", "menu", "prompt").defer("prompt__sound")


def find_extension(*, tenant_id: int, keys: str) -> Target | None:
    """Return where the keys lead as an extension: a customer's line, or a group."""
    if not keys:
        return None
    services = LineService.objects.filter(tenant=tenant_id, extension=keys)
    service = services.select_related("circuit").first()
    line = service.circuit if service else None
    line = line or Circuit.objects.filter(tenant=tenant_id, number=keys).first()
    if line is not None:
        return Target("circuit", circuit=line.number)
    queue = Queue.objects.filter(tenant=tenant_id, extension=keys).first()
    return Target("queue", queue=queue.pk) if queue else None


def list_queues(*, actor: Actor) -> QuerySet[Any]:
    """Return the groups with how many members they have and how many callers wait now."""
    return (
        Queue.objects.visible_to(actor)
        .select_related("tenant", "schedule")
        .annotate(
            member_count=Count("members", distinct=True),
            waiting_count=Count("callers", distinct=True),
        )
    )


def get_queue(*, actor: Actor, queue_id: int, lock: bool = False) -> Queue:
    """Return a group, or raise NotFound."""
    return _only(Queue.objects.visible_to(actor), queue_id, lock)


def list_members(*, actor: Actor, queue: Queue) -> QuerySet[QueueMember]:
    """Return a group's members in their order, with what each does now."""
    rows = QueueMember.objects.visible_to(actor).filter(queue=queue)
    return rows.select_related("circuit__registration", "live")


def get_member(*, actor: Actor, member_id: int, lock: bool = False) -> QueueMember:
    """Return a member of a group, or raise NotFound."""
    return _only(QueueMember.objects.visible_to(actor), member_id, lock)


def list_waiting(*, actor: Actor, queue: Queue) -> QuerySet[QueueCaller]:
    """Return who waits in a group, the longest first."""
    return QueueCaller.objects.visible_to(actor).filter(queue=queue)


def member_state(member: QueueMember) -> MemberState:
    """Return what a member does now; one of whom the switch has said nothing is offline or free."""
    live: MemberState | None = getattr(member, "live", None)
    if live is not None:
        return live
    state = MemberState.State.IDLE if member.circuit.is_online else MemberState.State.OFFLINE
    return MemberState(member=member, state=state)


def find_line_service(*, circuit: Circuit) -> LineService | None:
    """Return what a line does beside ringing, if anything was said."""
    rows = LineService.objects.filter(circuit=circuit)
    return rows.select_related("voicemail_greeting").first()


def list_line_services(*, actor: Actor) -> QuerySet[Any]:
    """Return every line, with its services if it has any."""
    return (
        Circuit.objects.visible_to(actor)
        .select_related("tenant", "service")
        .annotate(
            in_a_group=Exists(QueueMember.objects.filter(circuit=OuterRef("pk"))),
            voicemail_count=Count("voicemails"),
        )
    )


def list_portal_callers(*, actor: Actor) -> QuerySet[PortalCaller]:
    """Return the telephones that may use the voice portal."""
    return PortalCaller.objects.visible_to(actor).select_related("tenant", "circuit")


def get_portal_caller(*, actor: Actor, caller_id: int, lock: bool = False) -> PortalCaller:
    """Return a telephone of the voice portal, or raise NotFound."""
    return _only(PortalCaller.objects.visible_to(actor), caller_id, lock)


def list_voicemails(*, actor: Actor) -> QuerySet[Voicemail]:
    """Return the messages left, without their sound."""
    rows = Voicemail.objects.visible_to(actor).select_related("tenant", "circuit")
    return rows.defer("sound")


def get_voicemail(*, actor: Actor, voicemail_id: int) -> Voicemail:
    """Return a message with its sound, or raise NotFound."""
    return _only(Voicemail.objects.visible_to(actor), voicemail_id, lock=False)


def _second(time: Any) -> int:
    return int(time.hour * 3600 + time.minute * 60 + time.second)


def _only(rows: QuerySet[M], pk: int, lock: bool) -> M:
    rows = rows.filter(pk=pk)
    found = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if found is None:
        kind = rows.model._meta.verbose_name
        raise NotFound(_("There is no such %(kind)s.") % {"kind": kind}, details={"id": pk})
    return found
