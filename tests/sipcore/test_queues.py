"""Queues as Asterisk's files, and what it says of them as rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.world import World, make_world
from tronco.pbx.models import MemberState, Prompt, Queue, QueueCaller, QueueMember
from tronco.sipcore.queue_live import LiveQueues, load_queues, store_live
from tronco.sipcore.queues import (
    MUSIC_FILE,
    QUEUES_FILE,
    RULES_FILE,
    MemberSettings,
    QueueSettings,
    find_queue_id,
    member_interface,
    member_number,
    queue_files,
)

SOUNDS = Path("/x/sounds/pt_BR")
NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
SETTINGS = QueueSettings(
    id=7,
    strategy="ringall",
    ring_s=20,
    wrapup_s=5,
    max_callers=9,
    music="tronco/music",
    next="tronco/queue-next",
    position="tronco/queue-position",
    thanks="tronco/thank-you",
    announce_every_s=45,
    members=(MemberSettings("1001"), MemberSettings("1002", 3, is_paused=True)),
)


def lines(queue: QueueSettings, name: str = QUEUES_FILE) -> list[str]:
    return queue_files([queue], sounds=SOUNDS)[name].splitlines()


def test_a_queue_is_told_with_its_members() -> None:
    told = lines(SETTINGS)
    assert told[told.index("[queue~7]") + 1] == "strategy = ringall"
    assert "maxlen = 9" in told and "wrapuptime = 5" in told and "timeout = 20" in told
    assert "queue-thereare = tronco/queue-position" in told
    members = [line for line in told if line.startswith("member")]
    assert members == [
        "member => Local/1001@member/n,0,1001,PJSIP/1001,no,5,no",
        "member => Local/1002@member/n,3,1002,PJSIP/1002,no,5,yes",
    ]


def test_places_are_not_announced_where_nobody_wants_it() -> None:
    told = lines(replace(SETTINGS, position=None))
    assert "announce-position = no" in told
    assert not any("announce-frequency" in line for line in told)


def test_who_lets_it_ring_in_vain_is_joined_by_the_next_in_order() -> None:
    members = (*SETTINGS.members, MemberSettings("1003", 1), MemberSettings("1004", 3))
    queue = replace(SETTINGS, members=members)
    assert "defaultrule = queue~7" in lines(queue)
    told = lines(queue, RULES_FILE)
    changes = told[told.index("[queue~7]") + 1 :]
    assert changes[:2] == ["penaltychange => 20,,,1", "penaltychange => 40,,,3"]


def test_in_order_needs_no_penalties() -> None:
    queue = replace(SETTINGS, strategy="linear")
    assert [line.split(",")[1] for line in lines(queue) if line.startswith("member")] == ["0", "0"]
    assert not any("penaltychange" in line for line in lines(queue, RULES_FILE))


def test_every_music_is_a_class() -> None:
    other = replace(SETTINGS, id=8, music="prompts/abc")
    told = queue_files([SETTINGS, other, replace(other, id=9)], sounds=SOUNDS)[MUSIC_FILE]
    assert told.count("[prompts~abc]") == told.count("[tronco~music]") == 1
    assert "entry = /x/sounds/pt_BR/prompts/abc" in told
    assert "musicclass = prompts~abc" in lines(other)


def test_names_come_back() -> None:
    assert find_queue_id("queue~12") == 12
    assert find_queue_id("queue~x") is find_queue_id("12") is None
    assert member_number(member_interface("loja-1")) == "loja-1"


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def make_queue(world: World, name: str = "Vendas", **fields: object) -> Queue:
    return Queue.objects.create(tenant=world.customer, name=name, **fields)


def add_member(queue: Queue, world: World, **fields: object) -> QueueMember:
    return QueueMember.objects.create(
        queue=queue, tenant=queue.tenant, circuit=world.circuit(), **fields
    )


def test_queues_are_loaded_with_the_members_of_this_central(world: World) -> None:
    sound = {"sound": b"x", "duration_ms": 1}
    music = Prompt.objects.create(tenant=world.customer, name="m", sha256="a" * 64, **sound)
    Prompt.objects.create(
        tenant=world.master, name="p", sha256="b" * 64, system_key="queue-position", **sound
    )
    Prompt.objects.create(
        tenant=world.customer, name="q", sha256="c" * 64, system_key="queue-position", **sound
    )
    queue = make_queue(world, music=music)
    later = add_member(queue, world, penalty=2)
    first = add_member(queue, world)
    [loaded] = load_queues(central="node1")
    assert [member.number for member in loaded.members] == [
        first.circuit.number,
        later.circuit.number,
    ]
    assert loaded.music == f"prompts/{'a' * 64}"
    assert loaded.position == f"prompts/{'c' * 64}", "the nearest owner's"
    assert loaded.next == "tronco/queue-next"
    [elsewhere] = load_queues(central="node2")
    assert elsewhere.members == ()


def status(
    name: str, *, waiting: dict[str, int], members: dict[str, tuple[str, int]]
) -> list[dict[str, str]]:
    return [
        {"Event": "QueueParams", "Queue": name},
        *(
            {
                "Event": "QueueMember",
                "Location": member_interface(number),
                "Status": state,
                "CallsTaken": str(calls),
            }
            for number, (state, calls) in members.items()
        ),
        *(
            {
                "Event": "QueueEntry",
                "Uniqueid": call_id,
                "CallerIDNum": "1133334444",
                "Wait": str(s),
            }
            for call_id, s in waiting.items()
        ),
    ]


def test_what_happens_in_a_queue_is_followed() -> None:
    live = LiveQueues()
    live.take_event({"Event": "QueueCallerJoin", "Queue": "queue~7"})
    live.take_event(
        {
            "Event": "AgentCalled",
            "Queue": "queue~7",
            "Interface": member_interface("1001"),
            "CallerIDNum": "1133334444",
        }
    )
    assert live.dirty == {"queue~7"}
    members = {"1001": ("6", 0), "1002": ("5", 2), "1003": ("1", 0)}
    live.take_status("queue~7", status("queue~7", waiting={"a.1": 30}, members=members), now=NOW)
    assert live.callers["a.1"].since == NOW - timedelta(seconds=30)
    said = {number: (one.state, one.caller) for (_, number), one in live.members.items()}
    assert said == {
        "1001": ("ringing", "1133334444"),
        "1002": ("offline", ""),
        "1003": ("idle", ""),
    }
    live.take_status("queue~7", status("queue~7", waiting={}, members={}), now=NOW)
    assert not live.callers and not live.members


def test_rows_say_what_the_switch_says(world: World) -> None:
    queue = make_queue(world)
    member = add_member(queue, world)
    live = LiveQueues()

    def store(state: str, waiting: dict[str, int]) -> MemberState:
        name = f"queue~{queue.pk}"
        rows = status(name, waiting=waiting, members={member.circuit.number: (state, 4)})
        live.take_status(name, rows, now=datetime.now(UTC))
        store_live(central="node1", callers=live.callers, members=live.members)
        return MemberState.objects.get(member=member)

    free = store("1", {"node1-1.1": 5, "node1-1.2": 1})
    assert (free.state, free.answered) == ("idle", 4)
    assert [one.call_id for one in QueueCaller.objects.all()] == ["node1-1.1", "node1-1.2"]
    assert store("1", {"node1-1.2": 2}).since == free.since, "still the same"
    assert [one.call_id for one in QueueCaller.objects.all()] == ["node1-1.2"]
    talking = store("2", {})
    assert talking.state == "talking" and talking.since > free.since
    live.forget_all()
    store_live(central="node1", callers=live.callers, members=live.members)
    assert MemberState.objects.get(member=member).state == "offline"


def test_another_central_s_callers_stay(world: World) -> None:
    queue = make_queue(world)
    QueueCaller.objects.create(
        call_id="node2-1.1", tenant=queue.tenant, queue=queue, central="node2", since=NOW
    )
    store_live(central="node1", callers={}, members={})
    assert QueueCaller.objects.get().central == "node2"
