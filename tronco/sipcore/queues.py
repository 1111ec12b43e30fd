"""Queues as Asterisk is told of them: its files. Pure: values in, text out.

A member rings through the context `member`, so that all telephones of his line ring, the line's
limits hold, and the call is recorded as his. What state he is in, Asterisk sees from the telephones
themselves, whatever kind of call they are in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tronco.sipcore.sounds import sound_path

QUEUES_FILE: Final = "queues.conf"
RULES_FILE: Final = "queuerules.conf"
MUSIC_FILE: Final = "musiconhold.conf"
FILES: Final = (QUEUES_FILE, RULES_FILE, MUSIC_FILE)
# Asterisk looks this often for a member who became free.
RETRY_S: Final = 2
LEAST_BETWEEN_ANNOUNCEMENTS_S: Final = 15
# What tells that something has changed in a queue.
EVENTS: Final = (
    "QueueCallerJoin",
    "QueueCallerLeave",
    "QueueMemberStatus",
    "AgentCalled",
    "AgentConnect",
    "AgentComplete",
    "AgentRingNoAnswer",
)
_PREFIX: Final = "queue~"
# None of these can take a call: nobody is there.
_ABSENT: Final = "paused,invalid,unavailable"
_LINEAR: Final = "linear"
# The system's own.
_MUSIC: Final = sound_path("s:music")


@dataclass(frozen=True, slots=True)
class MemberSettings:
    """A line that takes calls of a queue, by its number."""

    number: str
    penalty: int = 0
    is_paused: bool = False


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """A queue with its members in their order; the sounds are paths as Playback takes them.

    `position` is None when places are not announced.
    """

    id: int
    strategy: str
    ring_s: int
    wrapup_s: int
    max_callers: int
    music: str
    next: str
    position: str | None
    thanks: str
    announce_every_s: int
    members: tuple[MemberSettings, ...] = ()


def queue_name(queue_id: int) -> str:
    """What Asterisk calls a queue."""
    return f"{_PREFIX}{queue_id}"


def find_queue_id(name: str) -> int | None:
    """The queue that Asterisk calls so."""
    number = name.removeprefix(_PREFIX)
    return int(number) if name.startswith(_PREFIX) and number.isdigit() else None


def member_interface(number: str) -> str:
    """What a queue dials to ring a line."""
    return f"Local/{number}@member/n"


def member_number(interface: str) -> str:
    """The line that a queue rings so."""
    return interface.removeprefix("Local/").partition("@")[0]


def queue_files(queues: Sequence[QueueSettings], *, sounds: Path) -> dict[str, str]:
    """Return the files of a node; `sounds` is where the paths of sounds begin."""
    return {
        QUEUES_FILE: "\n".join([_GENERAL, *map(_queue, queues)]),
        RULES_FILE: "\n".join(["[general]\n", *filter(None, map(_rule, queues))]),
        MUSIC_FILE: "\n".join(
            [
                "[general]\n",
                *(_music(path, sounds) for path in sorted({_MUSIC, *(q.music for q in queues)})),
            ]
        ),
    }


def is_in_order(queues: Sequence[QueueSettings]) -> frozenset[int]:
    """The queues whose members ring in order: Asterisk makes such a queue anew or not at all."""
    return frozenset(queue.id for queue in queues if queue.strategy == _LINEAR)


_GENERAL = """[general]
persistentmembers = no
autofill = yes
shared_lastcall = yes
"""


def _queue(queue: QueueSettings) -> str:
    announcements = (
        [
            f"announce-frequency = {queue.announce_every_s}",
            f"min-announce-frequency = {LEAST_BETWEEN_ANNOUNCEMENTS_S}",
            "announce-position = yes",
            "announce-to-first-user = yes",
            f"queue-youarenext = {queue.next}",
            f"queue-thereare = {queue.position}",
            # The number is the last word of the sentence.
            "queue-callswaiting = ",
            f"queue-thankyou = {queue.thanks}",
        ]
        if queue.position
        else ["announce-position = no"]
    )
    lines = [
        f"[{queue_name(queue.id)}]",
        f"strategy = {queue.strategy}",
        f"timeout = {queue.ring_s}",
        f"retry = {RETRY_S}",
        f"wrapuptime = {queue.wrapup_s}",
        f"maxlen = {queue.max_callers}",
        f"musicclass = {music_class(queue.music)}",
        f"joinempty = {_ABSENT}",
        f"leavewhenempty = {_ABSENT}",
        "ringinuse = no",
        "announce-holdtime = no",
        *announcements,
        *([f"defaultrule = {queue_name(queue.id)}"] if _rule(queue) else []),
        *(_member(queue, member) for member in queue.members),
        "",
    ]
    return "\n".join(lines)


def _member(queue: QueueSettings, member: MemberSettings) -> str:
    # In order means as they are written here: a penalty would keep the next from ever ringing.
    penalty = 0 if queue.strategy == _LINEAR else member.penalty
    return (
        f"member => {member_interface(member.number)},{penalty},{member.number},"
        f"PJSIP/{member.number},no,{queue.wrapup_s},{'yes' if member.is_paused else 'no'}"
    )


def _rule(queue: QueueSettings) -> str:
    """Let the next in order ring too when the first have let it ring in vain."""
    later = sorted({member.penalty for member in queue.members})[1:]
    if not later or queue.strategy == _LINEAR:
        return ""
    changes = [
        f"penaltychange => {queue.ring_s * turn},,,{penalty}"
        for turn, penalty in enumerate(later, start=1)
    ]
    return "\n".join([f"[{queue_name(queue.id)}]", *changes, ""])


def music_class(path: str) -> str:
    """The name of the class of music that plays one sound."""
    return path.replace("/", "~")


def _music(path: str, sounds: Path) -> str:
    return f"[{music_class(path)}]\nmode = playlist\nentry = {sounds / path}\n"
