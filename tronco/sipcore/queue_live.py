"""What happens in a node's queues now, as screens show it: who waits, what each member does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import connection, transaction

from tronco.pbx.models import MemberState, Queue, QueueCaller, QueueMember
from tronco.pbx.speech import Keys
from tronco.sipcore.ami import Fields
from tronco.sipcore.queues import MemberSettings, QueueSettings, find_queue_id, member_number
from tronco.sipcore.sounds import sound_path

_SOUNDS: Final[Keys] = ("music", "queue-next", "queue-position", "thank-you")
_State = MemberState.State
# Asterisk's states of a device; all others are: not there.
_STATES: Final = {
    "1": _State.IDLE,
    "2": _State.TALKING,
    "3": _State.TALKING,
    "6": _State.RINGING,
    "7": _State.TALKING,
    "8": _State.TALKING,
}
_MOST_CHARACTERS: Final = 40


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits in a queue."""

    queue_id: int
    caller: str
    since: datetime


@dataclass(frozen=True, slots=True)
class MemberLive:
    """What a member of a queue does."""

    state: str
    caller: str
    answered: int


@dataclass
class LiveQueues:
    """What is known of a node's queues, which of them to ask about, and what was stored."""

    dirty: set[str] = field(default_factory=set)
    callers: dict[str, Waiting] = field(default_factory=dict)
    members: dict[tuple[int, str], MemberLive] = field(default_factory=dict)
    _talks_with: dict[tuple[int, str], str] = field(default_factory=dict)

    def take_event(self, event: Fields) -> None:
        """Take one of EVENTS; its queue must be asked about."""
        name = event.get("Queue", "")
        queue_id = find_queue_id(name)
        if queue_id is None:
            return
        self.dirty.add(name)
        place = queue_id, member_number(event.get("Interface", ""))
        if event["Event"] in ("AgentCalled", "AgentConnect"):
            self._talks_with[place] = _said(event.get("CallerIDNum", ""))
        elif event["Event"] in ("AgentComplete", "AgentRingNoAnswer"):
            self._talks_with.pop(place, None)

    def take_status(self, name: str, rows: Iterable[Fields], *, now: datetime) -> None:
        """Take what QueueStatus tells of one queue."""
        queue_id = find_queue_id(name)
        if queue_id is None:
            return
        self._forget(queue_id)
        for row in rows:
            if row["Event"] == "QueueEntry":
                wait = timedelta(seconds=int(row.get("Wait", "0")))
                caller = _said(row.get("CallerIDNum", ""))
                self.callers[row["Uniqueid"]] = Waiting(queue_id, caller, now - wait)
            elif row["Event"] == "QueueMember":
                place = queue_id, member_number(row.get("Location", ""))
                state = _STATES.get(row.get("Status", ""), _State.OFFLINE)
                busy = state in (_State.RINGING, _State.TALKING)
                caller = self._talks_with.get(place, "") if busy else ""
                self.members[place] = MemberLive(state, caller, int(row.get("CallsTaken", "0")))

    def forget_all(self) -> None:
        """The switch is away: nobody waits, nobody rings."""
        self.callers.clear()
        self.members.clear()
        self._talks_with.clear()

    def _forget(self, queue_id: int) -> None:
        for call_id in [id_ for id_, one in self.callers.items() if one.queue_id == queue_id]:
            del self.callers[call_id]
        for place in [place for place in self.members if place[0] == queue_id]:
            del self.members[place]


def load_queues(*, central: str) -> list[QueueSettings]:
    """Return every queue, with those members whose lines are on this central."""
    members: dict[int, list[MemberSettings]] = {}
    rows = QueueMember.objects.filter(circuit__central__name=central).order_by("penalty", "id")
    for queue_id, number, penalty, is_paused in rows.values_list(
        "queue_id", "circuit__number", "penalty", "is_paused"
    ):
        members.setdefault(queue_id, []).append(MemberSettings(number, penalty, is_paused))
    replaced = _replaced_sounds()
    queues = Queue.objects.order_by("id").select_related("music").defer("music__sound")
    return [_settings(queue, replaced, tuple(members.get(queue.pk, ()))) for queue in queues]


def _settings(
    queue: Queue, replaced: Mapping[tuple[int, str], str], members: tuple[MemberSettings, ...]
) -> QueueSettings:
    def sound(key: str) -> str:
        return sound_path(replaced.get((queue.pk, key), f"s:{key}"))

    return QueueSettings(
        id=queue.pk,
        strategy=queue.strategy,
        ring_s=queue.ring_s,
        wrapup_s=queue.wrapup_s,
        max_callers=queue.max_callers,
        music=sound_path(f"p:{queue.music.sha256}") if queue.music else sound("music"),
        next=sound("queue-next"),
        position=sound("queue-position") if queue.announces_position else None,
        thanks=sound("thank-you"),
        announce_every_s=queue.announce_every_s,
        members=members,
    )


def _replaced_sounds() -> dict[tuple[int, str], str]:
    """The references that replace the system's sounds, by queue; the nearest tenant's win."""
    with connection.cursor() as cursor:
        cursor.execute(_REPLACED, [list(_SOUNDS)])
        return {(queue_id, key): f"p:{sha256}" for queue_id, key, sha256 in cursor.fetchall()}


_REPLACED = """
SELECT q.id, p.system_key, p.sha256
  FROM pbx_queue q
  JOIN tenancy_tenant t ON t.id = q.tenant_id
  JOIN tenancy_tenant o ON t.path ^@ o.path
  JOIN pbx_prompt p ON p.tenant_id = o.id AND p.system_key = ANY(%s)
 ORDER BY length(o.path)
"""


@transaction.atomic
def store_live(
    *,
    central: str,
    callers: Mapping[str, Waiting],
    members: Mapping[tuple[int, str], MemberLive],
) -> None:
    """Make the tables say what the node says; rows that say it already are not written."""
    _store_callers(central, callers)
    known = {
        (member.queue_id, member.circuit.number): member
        for member in QueueMember.objects.filter(circuit__central__name=central).select_related(
            "circuit", "live"
        )
    }
    now = datetime.now(UTC)
    changed = []
    absent = MemberLive(_State.OFFLINE, "", 0)
    for place, member in known.items():
        live = members.get(place, absent)
        before: MemberState | None = getattr(member, "live", None)
        if before and (before.state, before.caller, before.answered) == (
            live.state,
            live.caller,
            live.answered,
        ):
            continue
        is_same = before is not None and before.state == live.state
        changed.append(
            MemberState(
                member=member,
                tenant_id=member.tenant_id,
                state=live.state,
                caller=live.caller,
                answered=live.answered,
                since=before.since if before and is_same else now,
            )
        )
    MemberState.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["member"],
        update_fields=["state", "caller", "answered", "since"],
    )


def _store_callers(central: str, callers: Mapping[str, Waiting]) -> None:
    stored = set(QueueCaller.objects.filter(central=central).values_list("call_id", flat=True))
    QueueCaller.objects.filter(central=central, call_id__in=stored - callers.keys()).delete()
    new = {call_id: one for call_id, one in callers.items() if call_id not in stored}
    tenants = dict(
        Queue.objects.filter(pk__in={one.queue_id for one in new.values()}).values_list(
            "pk", "tenant_id"
        )
    )
    QueueCaller.objects.bulk_create(
        [
            QueueCaller(
                call_id=call_id,
                tenant_id=tenants[one.queue_id],
                queue_id=one.queue_id,
                central=central,
                caller=one.caller,
                since=one.since,
            )
            for call_id, one in new.items()
            if one.queue_id in tenants
        ],
        ignore_conflicts=True,
    )


def _said(number: str) -> str:
    return "" if number in ("unknown", "<unknown>") else number[:_MOST_CHARACTERS]
