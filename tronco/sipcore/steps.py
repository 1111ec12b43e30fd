"""One step of a call that we answer: what was heard goes in, what to do next comes out.

What to do is decided by `pbx.flow` and `pbx.desk`; here are the questions that they may not ask
(PINs, balances, who is who) and the variables in which the dialplan is told (`voice_dialplan.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from django.conf import settings

from tronco.callingcards.services import card_enter
from tronco.core.errors import TroncoError, Unavailable
from tronco.core.pins import check_pin
from tronco.pbx import desk as desks
from tronco.pbx import flow
from tronco.pbx.desk import Check, Desk, Spend
from tronco.pbx.flow import Ask, Book, End, Out, Queue, Record, Ring, Sound, Target
from tronco.pbx.speech import say_money
from tronco.sipcore import lockouts
from tronco.sipcore.cards import LineCard
from tronco.sipcore.directory import Directory, PortalLine
from tronco.sipcore.mailbox import open_box, step_box
from tronco.sipcore.means import Means, Outlook
from tronco.sipcore.scene import Scene, format_scene, parse_scene
from tronco.sipcore.spool import format_facts
from tronco.sipcore.verdicts import dialable

Variables = Mapping[str, str]
Move = flow.Move | desks.Move


async def first_move(means: Means, scene: Scene, target: Target) -> Variables:
    """Begin where a target leads: a menu, a queue, a line, …"""
    walk, move = flow.enter(await _book(means, scene), target, at=datetime.now(UTC))
    return await _told(means, replace(scene, walk=walk), move)


async def first_question(means: Means, scene: Scene, asks: str, *, payer: str = "") -> Variables:
    """Begin at a desk: ask for a `pin`, a `card` or a `number`."""
    desk, move = desks.begin(asks, payer=payer)
    return await _told(means, replace(scene, desk=desk), move)


async def echo(means: Means, scene: Scene) -> Variables:
    """Let the caller hear himself."""
    return {"SOUND": await _sounds(means, scene, ("s:audio-test", "s:beep")), "DO": "echo"}


async def own_messages(means: Means, outlook: Outlook, scene: Scene) -> Variables:
    """Begin with the messages of the line that calls."""
    box, move = await open_box(means, outlook, _id_of(scene.root))
    return await _told(means, replace(scene, box=box), move)


async def step(means: Means, outlook: Outlook, state: str, heard: str) -> Variables:
    """Go on with what was heard; a call that was placed by us begins here."""
    scene = parse_scene(state)
    if scene.box is not None:
        box, answer = await step_box(means, outlook, _id_of(scene.root), scene.box, heard)
        return await _told(means, replace(scene, box=box), answer)
    if scene.desk is None and scene.walk is None:
        return await _begin(means, scene)
    if scene.desk is not None:
        desk, move = desks.step(scene.desk, heard)
        if isinstance(move, Check):
            desk, move = await _check(means, scene, desk, move)
        return await _told(means, replace(scene, desk=desk), move)
    walk, next_move = flow.step(
        await _book(means, scene),
        scene.walk or flow.Walk(),
        heard,
        at=datetime.now(UTC),
        extension=await _extension(means.directory, scene.tenant, heard),
    )
    return await _told(means, replace(scene, walk=walk), next_move)


async def _begin(means: Means, scene: Scene) -> Variables:
    """The caller has been called back, and has answered."""
    did = await means.directory.find_did_by_id(scene.did)
    if did is None or not did.is_in_use:
        return {"SOUND": await _sounds(means, scene, ("s:unavailable",)), "DO": "end"}
    if did.mode == "reverse_menu":
        scene = replace(scene, root=f"menu:{did.menu}")
        return await first_move(means, scene, Target("menu", menu=did.menu))
    if did.mode == "callback_auth":
        return await first_question(means, scene, "pin")
    return await first_question(means, scene, "number", payer=f"line:{did.pays}")


# -- what the pure part may not ask ---------------------------------------------------------------


async def _book(means: Means, scene: Scene) -> Book:
    if scene.root.startswith("menu:"):
        return await means.books.from_menu(_id_of(scene.root))
    if scene.root.startswith("queue:"):
        return await means.books.from_queue(_id_of(scene.root))
    return Book()


def _id_of(root: str) -> int:
    return int(root.partition(":")[2])


async def _extension(directory: Directory, tenant_id: int, keys: str) -> Target | None:
    """What somebody within the customer would reach by these keys."""
    if len(keys) < 2:
        return None
    named = await directory.find_extension(tenant_id, keys)
    if named is not None:
        return named
    line = await directory.find_line(keys)
    if line is not None and line.tenant_id == tenant_id:
        return Target("circuit", circuit=line.number)
    return None


async def _check(means: Means, scene: Scene, desk: Desk, check: Check) -> tuple[Desk, desks.Move]:
    """Is the PIN right? Whoever tried too often is not asked for one any more."""
    at = datetime.now(UTC)
    keys = [lockouts.caller_key(scene.did, scene.caller)]
    if check.card:
        keys.append(lockouts.card_key(check.card))
    run = means.checks.run
    if await run(lockouts.is_locked, keys=keys, at=at):
        return desks.checked(desk, sounds=("s:locked-out",), is_final=True)
    if check.card:
        payer, problem = await _check_card(means, check, at)
    else:
        payer, problem = await _check_line(means, scene, check.pin)
    if payer:
        await run(lockouts.forgive, keys=keys)
        return desks.checked(desk, payer=payer, sounds=await _balance(means, payer))
    if problem not in ("wrong-pin", "card-unknown"):
        # The PIN was right, but it is of no use.
        return desks.checked(desk, sounds=(f"s:{problem}",), is_final=True)
    if await run(lockouts.note_wrong, keys=keys, at=at):
        return desks.checked(desk, sounds=("s:locked-out",), is_final=True)
    said = "s:wrong-card" if check.card else "s:wrong-pin"
    return desks.checked(desk, sounds=(said,))


async def _check_card(means: Means, check: Check, at: datetime) -> tuple[str, str]:
    try:
        card = await means.checks.run(card_enter, number=check.card, pin=check.pin, at=at)
    except Unavailable:
        raise
    except TroncoError as problem:
        return "", problem.code
    return f"card:{card.pk}", ""


async def _check_line(means: Means, scene: Scene, pin: str) -> tuple[str, str]:
    lines = await means.directory.list_portal_lines(scene.tenant, scene.caller)
    found = _find_line(lines, pin)
    return (f"line:{found}", "") if found else ("", "wrong-pin")


def _find_line(lines: list[PortalLine], pin: str) -> str:
    """The line whose PIN it is; empty for none."""
    key = settings.SECRET_KEY
    return next((line.number for line in lines if check_pin(pin, line.pin_hash, key=key)), "")


async def _balance(means: Means, payer: str) -> tuple[Sound, ...]:
    """What is left, in words; nothing of an account without a limit."""
    line = await find_payer(means.directory, payer)
    available_u = await means.gateway.available(line.account_id) if line else None
    if available_u is None:
        return ()
    return ("s:balance-is", *(f"s:{key}" for key in say_money(max(0, available_u))))


async def find_payer(
    directory: Directory, payer: str, classes: frozenset[str] = frozenset()
) -> LineCard | None:
    """Who `line:1001`, `follow:1001`, `card:7` … is; a card may call numbers of `classes`."""
    kind, _, name = payer.partition(":")
    if kind == "card":
        return await directory.find_card(int(name), classes)
    return await directory.find_line(name) if name else None


# -- telling the dialplan -------------------------------------------------------------------------


async def _told(means: Means, scene: Scene, move: Move) -> Variables:
    state = {"STATE": format_scene(scene)}
    if isinstance(move, Ask):
        return {
            "SOUND": await _sounds(means, scene, move.sounds),
            "DIGITS": str(move.digits),
            "FIRST_S": str(move.first_s),
            "NEXT_S": str(move.next_s),
            **state,
            "DO": "ask",
        }
    if isinstance(move, Queue):
        return {
            "SOUND": await _sounds(means, scene, move.sounds),
            "QUEUE": f"queue~{move.queue}",
            "WAIT_S": str(move.max_wait_s),
            "__QUEUED": str(await means.tapings.find("queue", move.queue)),
            **state,
            "DO": "queue",
        }
    if isinstance(move, Ring):
        return {**await _leg(means, scene, move.circuit, f"ring:{move.circuit}"), **state}
    if isinstance(move, Out):
        return {**await _leg(means, scene, move.number, f"own:{move.payer}"), **state}
    if isinstance(move, Spend):
        payer = scene.desk.payer if scene.desk else ""
        return {**await _leg(means, scene, move.number, payer), **state}
    if isinstance(move, Record):
        return await _record(means, scene, move.circuit)
    sounds = move.sounds if isinstance(move, End) else ("s:error",)
    return {"SOUND": await _sounds(means, scene, sounds), "DO": "end"}


async def _leg(means: Means, scene: Scene, number: str, payer: str) -> Variables:
    """A call of its own on behalf of this one: `legs.py` is asked about it."""
    line = await find_payer(means.directory, payer)
    facts = {"tenant": str(scene.tenant), "did": str(scene.did or "")}
    if line is not None:
        facts |= line.facts
    return {
        "NEXT": dialable(number),
        "__PAYER": payer,
        "__VIA": str(scene.did or ""),
        "__SHOWN": line.shown.lstrip("+") if line else "",
        "__LEG_FACTS": format_facts(facts),
        # Where a group leads to when nobody takes the call is not the group's any more.
        "__QUEUED": "",
        "DO": "leg",
    }


async def _record(means: Means, scene: Scene, circuit: str) -> Variables:
    line = await means.directory.find_line(circuit)
    if line is None or line.id is None:
        return {"SOUND": await _sounds(means, scene, ("s:unavailable",)), "DO": "end"}
    sounds = await mailbox_sounds(means, line)
    return {"BOX": str(line.id), **sounds, "DO": "record"}


async def mailbox_sounds(means: Means, line: LineCard) -> Variables:
    """What a caller hears before and after he leaves a message for a line."""
    greeting = line.follow.greeting or "s:leave-message"
    *before, after = await means.sounds.paths(
        (greeting, "s:record-after-tone", "s:beep", "s:message-saved"), tenant_id=line.tenant_id
    )
    return {"SOUND": "&".join(before), "SAVED": after}


async def _sounds(means: Means, scene: Scene, refs: tuple[Sound, ...]) -> str:
    return "&".join(await means.sounds.paths(refs, tenant_id=scene.tenant))
