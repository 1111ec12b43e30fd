"""Where a caller stands, as the word that Asterisk keeps for us between two steps. Pure.

Nothing of it is secret and nothing comes from the caller: the switch's own variables hold it.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from tronco.core.errors import InvalidInput
from tronco.pbx.desk import Desk
from tronco.pbx.flow import Walk
from tronco.pbx.mailbox import Box


@dataclass(frozen=True, slots=True)
class Scene:
    """A call that we answer.

    root    the menu or queue where it began (`menu:3`, `queue:7`), the line whose messages are
            heard (`mailbox:5`), or `portal`, `card`, `callback`
    tenant  whose service it is
    caller  E.164 with +, or the number of a line, or empty
    did     the number that was called; 0: an extension was
    """

    tenant: int
    caller: str
    root: str = ""
    did: int = 0
    walk: Walk | None = None
    desk: Desk | None = None
    box: Box | None = None


def format_scene(scene: Scene) -> str:
    """Write it as one word of a dialplan."""
    said = {
        "root": scene.root,
        "tenant": str(scene.tenant),
        "caller": scene.caller,
        "did": str(scene.did),
    }
    if walk := scene.walk:
        menus = ".".join(map(str, walk.menus))
        said["walk"] = f"{walk.doing};{walk.queue};{walk.tries};{walk.steps};{menus}"
    if desk := scene.desk:
        said["desk"] = ";".join(
            map(str, (desk.asks, desk.card, desk.payer, desk.wrong, desk.silent, desk.steps))
        )
    if box := scene.box:
        messages = ".".join(map(str, box.messages))
        said["box"] = f"{box.asks};{box.wrong};{box.silent};{box.steps};{messages}"
    return urlencode({name: value for name, value in said.items() if value})


def parse_scene(word: str) -> Scene:
    """Read what `format_scene` wrote."""
    said = dict(parse_qsl(word))
    try:
        return Scene(
            root=said.get("root", ""),
            tenant=int(said["tenant"]),
            caller=said.get("caller", ""),
            did=int(said.get("did", "0")),
            walk=_walk(said["walk"]) if "walk" in said else None,
            desk=_desk(said["desk"]) if "desk" in said else None,
            box=_box(said["box"]) if "box" in said else None,
        )
    except (KeyError, ValueError) as problem:
        raise InvalidInput(f"not a state of ours: {word!r}", code="state-malformed") from problem


def _walk(text: str) -> Walk:
    doing, queue, tries, steps, menus = text.split(";")
    return Walk(
        menus=tuple(int(menu) for menu in menus.split(".") if menu),
        doing=doing,
        queue=int(queue),
        tries=int(tries),
        steps=int(steps),
    )


def _desk(text: str) -> Desk:
    asks, card, payer, wrong, silent, steps = text.split(";")
    return Desk(asks, card, payer, int(wrong), int(silent), int(steps))


def _box(text: str) -> Box:
    asks, wrong, silent, steps, messages = text.split(";")
    return Box(
        asks,
        tuple(int(message) for message in messages.split(".") if message),
        int(wrong),
        int(silent),
        int(steps),
    )
