"""Walks a menu without a call: what would be heard and where it goes, from a list of inputs.

Every question begins anew with `flow.enter` and repeats all inputs, so that nothing is kept between
them; moves are those of the very functions that real calls take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _

from tronco.circuits.models import Circuit
from tronco.numbering.classify import classify
from tronco.pbx import flow
from tronco.pbx.cards import load_book
from tronco.pbx.models import Menu, Prompt, Queue
from tronco.pbx.selectors import find_extension
from tronco.pbx.speech import SYSTEM_PROMPTS
from tronco.ui.urls import url_or_none

# How a call to somebody may end, in the switch's words.
RING_ENDS: Final = ("ANSWER", "BUSY", "NOANSWER", "CHANUNAVAIL")
QUEUE_ENDS: Final = ("CONTINUE", "TIMEOUT", "FULL", "JOINEMPTY")


@dataclass(frozen=True, slots=True)
class Heard:
    """A sound: its words, and where it can be played if it can."""

    name: str
    text: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Scene:
    """One move: what is heard, where the caller stands or goes, and what he did about it."""

    kind: str
    title: str
    icon: str
    sounds: tuple[Heard, ...] = ()
    answer: str | None = None


@dataclass(slots=True)
class Simulation:
    """All scenes so far; the last one waits for an answer unless the call is over."""

    scenes: list[Scene] = field(default_factory=list)
    move: flow.Move = field(default_factory=flow.End)
    answers: list[tuple[str, str]] = field(default_factory=list)  # what may follow, in words

    @property
    def asks_keys(self) -> bool:
        return isinstance(self.move, flow.Ask)


def simulate(*, menu: Menu, inputs: Sequence[str], at: datetime) -> Simulation:
    """Return what happens to a caller of the menu who does this."""
    book = load_book(menus=[menu.pk])
    walk, move = flow.enter(book, flow.Target("menu", menu=menu.pk), at=at)
    made = Simulation()
    for heard in inputs:
        made.scenes.append(_scene(menu, book, walk, move, answer=_answer_text(move, heard)))
        extension = find_extension(tenant_id=menu.tenant_id, keys=heard)
        walk, move = flow.step(book, walk, heard, at=at, extension=extension)
        if isinstance(move, flow.End | flow.Record):
            break
    made.scenes.append(_scene(menu, book, walk, move, answer=None))
    made.move, made.answers = move, _answers(move)
    return made


def _answers(move: flow.Move) -> list[tuple[str, str]]:
    """How what happens now may end."""
    if isinstance(move, flow.Ring | flow.Out):
        return [(word, ending_text(word)) for word in RING_ENDS]
    if isinstance(move, flow.Queue):
        return [(word, ending_text(word)) for word in QUEUE_ENDS]
    return []


def ending_text(word: str) -> str:
    """Say how a call ended."""
    words = {
        "ANSWER": _("It is answered"),
        "BUSY": _("It is busy"),
        "NOANSWER": _("Nobody answers"),
        "CHANUNAVAIL": _("It is offline"),
        "CONTINUE": _("A member answers"),
        "TIMEOUT": _("Waited too long"),
        "FULL": _("Too many are waiting"),
        "JOINEMPTY": _("Nobody is there"),
    }
    return words.get(word, word)


def _answer_text(move: flow.Move, heard: str) -> str:
    if isinstance(move, flow.Ask):
        return _("Types %(keys)s") % {"keys": heard} if heard else _("Types nothing")
    return ending_text(heard)


def _scene(
    menu: Menu, book: flow.Book, walk: flow.Walk, move: flow.Move, *, answer: str | None
) -> Scene:
    title, icon = _place(book, walk, move)
    refs = () if isinstance(move, flow.Ring | flow.Out | flow.Record) else move.sounds
    sounds = tuple(_heard(menu, ref) for ref in refs)
    return Scene(type(move).__name__.lower(), title, icon, sounds, answer)


def _place(book: flow.Book, walk: flow.Walk, move: flow.Move) -> tuple[str, str]:
    """Say where the caller stands, or where he goes."""
    if isinstance(move, flow.Ask):
        card = book.menus.get(walk.menus[-1]) if walk.menus else None
        return _("Menu %(name)s") % {"name": card.name if card else "?"}, "sitemap"
    if isinstance(move, flow.Ring):
        return _("Rings line %(line)s") % {"line": _line(move.circuit)}, "phone-ringing"
    if isinstance(move, flow.Out):
        number = classify(move.number).display
        said = {"number": number, "line": move.payer}
        return _("Calls %(number)s; line %(line)s pays") % said, "phone-outgoing"
    if isinstance(move, flow.Queue):
        queue = Queue.objects.filter(pk=move.queue).first()
        return _("Waits in group %(name)s") % {"name": queue or "?"}, "users-group"
    if isinstance(move, flow.Record):
        return _("Leaves a message for line %(line)s") % {"line": _line(move.circuit)}, "message-2"
    return _("The call ends"), "phone-off"


def _line(number: str) -> str:
    circuit = Circuit.objects.filter(number=number).first()
    return f"{number} ({circuit.description})" if circuit and circuit.description else number


def _heard(menu: Menu, ref: str) -> Heard:
    kind, _colon, name = ref.partition(":")
    if kind == "s":
        return Heard(name, SYSTEM_PROMPTS.get(name, ""), url_or_none("pbx:system_sound", name))
    rows: Any = Prompt.objects.filter(sha256=name, tenant__path__startswith=menu.tenant.path)
    prompt = rows.defer("sound").first()
    if prompt is None:
        return Heard(_("a prompt"), "", None)
    return Heard(prompt.name, prompt.text, url_or_none("pbx:prompt_sound", prompt.pk))
