"""Menus, queues and schedules as `flow` takes them, read from the database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db.models import QuerySet

from tronco.circuits.models import Circuit
from tronco.pbx.flow import Book, MenuCard, QueueCard, Sound, Target
from tronco.pbx.models import Destination, Menu, MenuOption, Prompt, Queue, Schedule
from tronco.pbx.schedules import ScheduleCard
from tronco.pbx.selectors import schedule_card

# Menus that lead to ever more menus.
MOST_CARDS: Final = 500
_OPTIONS = MenuOption.objects.select_related("circuit", "prompt").defer("prompt__sound")


def load_book(*, menus: Iterable[int] = (), queues: Iterable[int] = ()) -> Book:
    """Return these menus and queues, and all that a caller can reach from them."""
    found_menus: dict[int, MenuCard] = {}
    found_queues: dict[int, QueueCard] = {}
    new_menus, new_queues = set(menus), set(queues)
    while (new_menus or new_queues) and len(found_menus) + len(found_queues) < MOST_CARDS:
        found_menus |= {card.id: card for card in _menus(new_menus)}
        found_queues |= {card.id: card for card in _queues(new_queues)}
        targets = [
            *(target for id_ in new_menus & found_menus.keys() for target in _of(found_menus[id_])),
            *(found_queues[id_].overflow for id_ in new_queues & found_queues.keys()),
        ]
        new_menus = {target.menu for target in targets if target.menu} - found_menus.keys()
        new_queues = {target.queue for target in targets if target.queue} - found_queues.keys()
    return Book(found_menus, found_queues)


def load_schedule(schedule_id: int) -> ScheduleCard | None:
    """Return a schedule, or None when it is gone."""
    rows = Schedule.objects.prefetch_related("windows", "holidays")
    schedule = rows.filter(pk=schedule_id).first()
    return schedule_card(schedule) if schedule else None


def as_target(destination: Destination, *, payer: Circuit | None) -> Target:
    """Return a destination as a value; `payer` is the circuit that pays for external numbers."""
    return Target(
        action=destination.action,
        circuit=destination.circuit.number if destination.circuit else "",
        queue=destination.queue_id,
        menu=destination.menu_id,
        prompt=as_sound(destination.prompt),
        number=destination.number,
        payer=payer.number if payer else "",
    )


def as_sound(prompt: Prompt | None) -> Sound:
    """Return a prompt's reference; empty for none."""
    return f"p:{prompt.sha256}" if prompt else ""


def _of(menu: MenuCard) -> Iterable[Target]:
    return menu.options.values()


def _menus(ids: Iterable[int]) -> Iterable[MenuCard]:
    rows = (
        Menu.objects.filter(pk__in=ids)
        .select_related("greeting", "invalid", "timeout", "schedule", "payer")
        .defer("greeting__sound", "invalid__sound", "timeout__sound")
        .prefetch_related("schedule__windows", "schedule__holidays")
    )
    options: dict[int, dict[str, Target]] = {}
    payers = {menu.pk: menu.payer for menu in rows}
    for option in _OPTIONS.filter(owner_id__in=payers):
        target = as_target(option, payer=payers[option.owner_id])
        options.setdefault(option.owner_id, {})[option.key] = target
    for menu in rows:
        yield MenuCard(
            id=menu.pk,
            name=menu.name,
            greeting=as_sound(menu.greeting),
            invalid=as_sound(menu.invalid),
            timeout=as_sound(menu.timeout),
            first_digit_s=menu.first_digit_s,
            next_digit_s=menu.next_digit_s,
            max_tries=menu.max_tries,
            dials_extensions=menu.dials_extensions,
            schedule=schedule_card(menu.schedule) if menu.schedule else None,
            options=options.get(menu.pk, {}),
        )


def _queues(ids: Iterable[int]) -> Iterable[QueueCard]:
    rows: QuerySet[Queue] = (
        Queue.objects.filter(pk__in=ids)
        .select_related("welcome", "prompt", "circuit", "schedule", "payer")
        .defer("welcome__sound", "prompt__sound")
        .prefetch_related("schedule__windows", "schedule__holidays")
    )
    for queue in rows:
        yield QueueCard(
            id=queue.pk,
            name=queue.name,
            welcome=as_sound(queue.welcome),
            max_wait_s=queue.max_wait_s,
            schedule=schedule_card(queue.schedule) if queue.schedule else None,
            overflow=as_target(queue, payer=queue.payer),
        )
