"""What an IVR does with a caller, one step after another. Pure: cards in, moves out.

Call control asks `step` at every turn of a real call, the simulator at every click. Whoever asks
keeps the `Walk` and hands it back with what was heard: the keys typed after `Ask`, how it ended
after `Ring`, `Out` and `Queue` (Asterisk's words, DIALSTATUS and QUEUESTATUS).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from tronco.pbx.schedules import ScheduleCard, is_open

# `p:<sha256>` is a recording, `s:<key>` a prompt of the system (`speech`).
Sound = str

# A call ends after so many steps, however its menus lead in circles.
MOST_STEPS: Final = 60
# So many closed menus and full queues in a row lead to nobody.
MOST_DETOURS: Final = 10
# Menus that “back” remembers.
MOST_BEHIND: Final = 8
LONGEST_EXTENSION: Final = 20
ANSWERED: Final = "ANSWER"
# What is said of a call that was not answered.
_FAILURES: Final = {"BUSY": "s:busy", "NOANSWER": "s:no-answer"}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes on: a `Destination` as values.

    `circuit` is its number, `payer` the circuit that pays for an external `number`.
    """

    action: str = "hangup"
    circuit: str = ""
    queue: int | None = None
    menu: int | None = None
    prompt: Sound = ""
    number: str = ""
    payer: str = ""


@dataclass(frozen=True, slots=True)
class MenuCard:
    """An IVR menu. `options` by key: digits, *, #, `timeout`, `invalid`, `closed`."""

    id: int
    name: str = ""
    greeting: Sound = ""
    invalid: Sound = ""
    timeout: Sound = ""
    first_digit_s: int = 5
    next_digit_s: int = 2
    max_tries: int = 3
    dials_extensions: bool = True
    schedule: ScheduleCard | None = None
    options: Mapping[str, Target] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QueueCard:
    """A group. `overflow` is where a caller goes whom nobody answered."""

    id: int
    name: str = ""
    welcome: Sound = ""
    max_wait_s: int = 300
    schedule: ScheduleCard | None = None
    overflow: Target = field(default_factory=Target)


@dataclass(frozen=True, slots=True)
class Book:
    """The menus and queues that can be reached from where a walk begins."""

    menus: Mapping[int, MenuCard] = field(default_factory=dict)
    queues: Mapping[int, QueueCard] = field(default_factory=dict)


# -- moves ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ask:
    """Play, and collect keys, which interrupt: at most `digits`, or until # or a pause."""

    sounds: tuple[Sound, ...]
    digits: int
    first_s: int
    next_s: int


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring a line, with what it does when it does not answer."""

    circuit: str


@dataclass(frozen=True, slots=True)
class Out:
    """Call an external number, which that circuit pays for."""

    number: str
    payer: str


@dataclass(frozen=True, slots=True)
class Queue:
    """Wait until a member answers."""

    queue: int
    sounds: tuple[Sound, ...]
    max_wait_s: int


@dataclass(frozen=True, slots=True)
class Record:
    """Take a message for a line."""

    circuit: str


@dataclass(frozen=True, slots=True)
class End:
    """Play, and hang up."""

    sounds: tuple[Sound, ...] = ()


Move = Ask | Ring | Out | Queue | Record | End


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a caller stands.

    menus   those he went through, the present one last
    doing   what he was told to do last: `ask`, `ring` (also out), `queue`; empty: nothing yet
    queue   the queue he waits in
    tries   fruitless ones in the present menu
    steps   taken in this call
    """

    menus: tuple[int, ...] = ()
    doing: str = ""
    queue: int = 0
    tries: int = 0
    steps: int = 0


# -- steps ----------------------------------------------------------------------------------------


def enter(book: Book, target: Target, *, at: datetime) -> tuple[Walk, Move]:
    """Begin at a target: a menu, a queue, or any other."""
    return _follow(book, Walk(steps=1), target, at, sounds=())


def step(
    book: Book, walk: Walk, heard: str, *, at: datetime, extension: Target | None = None
) -> tuple[Walk, Move]:
    """Go on after a move. `extension` is what the keys mean as an extension, if anything."""
    if walk.steps >= MOST_STEPS:
        return walk, End(("s:goodbye",))
    walk = replace(walk, steps=walk.steps + 1)
    if walk.doing == "ask":
        return _take_keys(book, walk, heard, extension, at)
    if walk.doing == "queue":
        return _leave_queue(book, walk, heard, at)
    if heard == ANSWERED:
        return walk, End()
    return _fail(book, walk, _FAILURES.get(heard, "s:unavailable"), at)


def _take_keys(
    book: Book, walk: Walk, keys: str, extension: Target | None, at: datetime
) -> tuple[Walk, Move]:
    menu = book.menus.get(walk.menus[-1]) if walk.menus else None
    if menu is None:
        return walk, End(("s:error",))
    if keys in menu.options and len(keys) == 1:
        return _follow(book, walk, menu.options[keys], at)
    if keys and extension is not None and menu.dials_extensions:
        return _follow(book, walk, extension, at)
    walk = replace(walk, tries=walk.tries + 1)
    key = "invalid" if keys else "timeout"
    if walk.tries >= menu.max_tries:
        return _follow(book, walk, menu.options.get(key, Target()), at)
    own, usual = (menu.invalid, "s:invalid-option") if keys else (menu.timeout, "s:no-option")
    return walk, _ask(menu, (own or usual,))


def _leave_queue(book: Book, walk: Walk, status: str, at: datetime) -> tuple[Walk, Move]:
    """An empty status, or the member's hanging up, is the end of an answered call."""
    queue = book.queues.get(walk.queue)
    if status in ("", "CONTINUE") or queue is None:
        return walk, End()
    return _follow(book, walk, queue.overflow, at, sounds=("s:nobody-there",))


def _fail(book: Book, walk: Walk, sound: Sound, at: datetime) -> tuple[Walk, Move]:
    """Nobody answered: say so, and let the caller choose again where he came from a menu."""
    if not walk.menus:
        return walk, End((sound,))
    return _follow(book, walk, Target("repeat"), at, sounds=(sound,))


def _follow(
    book: Book, walk: Walk, target: Target, at: datetime, *, sounds: tuple[Sound, ...] = ()
) -> tuple[Walk, Move]:
    """Go where a target leads; `sounds` are played before a menu, or before the end."""
    for _ in range(MOST_DETOURS):
        if target.action in ("repeat", "back"):
            target, walk = _turn_back(walk, target)
        if target.action == "menu":
            menu = book.menus.get(target.menu or 0)
            if menu is None:
                return walk, End(("s:error",))
            if menu.schedule is None or is_open(menu.schedule, at):
                return _arrive(walk, menu), _ask(menu, sounds)
            target = menu.options.get("closed") or Target("prompt", prompt="s:closed")
        elif target.action == "queue":
            queue = book.queues.get(target.queue or 0)
            if queue is None:
                return walk, End(("s:error",))
            if queue.schedule is None or is_open(queue.schedule, at):
                welcome = (queue.welcome,) if queue.welcome else ()
                walk = replace(walk, doing="queue", queue=queue.id)
                return walk, Queue(queue.id, welcome, queue.max_wait_s)
            target, sounds = queue.overflow, ("s:closed",)
        else:
            return _end_of(walk, target, sounds)
    return walk, End(("s:error",))


def _end_of(walk: Walk, target: Target, sounds: tuple[Sound, ...]) -> tuple[Walk, Move]:
    """The moves that no card has a say in."""
    if target.action == "circuit" and target.circuit:
        return replace(walk, doing="ring"), Ring(target.circuit)
    if target.action == "number" and target.number and target.payer:
        return replace(walk, doing="ring"), Out(target.number, target.payer)
    if target.action == "voicemail" and target.circuit:
        return walk, Record(target.circuit)
    if target.action == "prompt" and target.prompt:
        return walk, End((target.prompt,))
    if target.action == "hangup":
        return walk, End(sounds or ("s:goodbye",))
    # What it led to is gone, or nobody pays for it.
    return walk, End(("s:unavailable",))


def _turn_back(walk: Walk, target: Target) -> tuple[Target, Walk]:
    """The menu once more, or the one before it."""
    menus = walk.menus[:-1] if target.action == "back" and len(walk.menus) > 1 else walk.menus
    if not menus:
        return Target(), walk
    return Target("menu", menu=menus[-1]), replace(walk, menus=menus[:-1])


def _arrive(walk: Walk, menu: MenuCard) -> Walk:
    return replace(walk, menus=(*walk.menus, menu.id)[-MOST_BEHIND:], doing="ask", tries=0)


def _ask(menu: MenuCard, before: tuple[Sound, ...]) -> Ask:
    return Ask(
        sounds=(*before, menu.greeting) if menu.greeting else before,
        digits=LONGEST_EXTENSION if menu.dials_extensions else 1,
        first_s=menu.first_digit_s,
        next_s=menu.next_digit_s,
    )
