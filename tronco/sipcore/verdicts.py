"""What a call is told: where to, for how long, or why not; as variables of the dialplan. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tronco.charging.reasons import get_reason
from tronco.sipcore.cards import FollowMe, Peer
from tronco.sipcore.endpoints import (
    DIRECT_ENDPOINT,
    FORWARD_ENDPOINT,
    emergency_endpoint,
    trunk_endpoint,
)
from tronco.sipcore.spool import format_facts

Facts = Mapping[str, str]
Variables = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Route:
    """One try: the trunk, the digits it wants, and the caller's number as it wants that."""

    trunk_id: int
    dialled: str
    caller: str
    is_emergency: bool = False

    def __str__(self) -> str:
        endpoint = emergency_endpoint if self.is_emergency else trunk_endpoint
        return f"{self.caller}>PJSIP/{self.dialled}@{endpoint(self.trunk_id)}"


@dataclass(frozen=True, slots=True)
class Dial:
    """Out by trunks, in this order, for at most `limit_s` from the answer (None: no limit)."""

    routes: tuple[Route, ...]
    limit_s: int | None = None
    facts: Facts = field(default_factory=dict)
    tape: Variables = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        facts = {**self.facts, "trunks": ".".join(str(route.trunk_id) for route in self.routes)}
        return {
            "LIMIT": _limit(self.limit_s),
            "ROUTES": "|".join(map(str, self.routes)),
            "FACTS": format_facts(facts),
            **self.tape,
            "VERDICT": "dial",
        }


@dataclass(frozen=True, slots=True)
class Forward:
    """To another's switch, by address; the second is tried where the first fails."""

    number: str
    caller: str
    peers: tuple[Peer, ...]
    limit_s: int | None = None
    facts: Facts = field(default_factory=dict)
    tape: Variables = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        routes = (
            f"{self.caller}>PJSIP/{FORWARD_ENDPOINT}/sip:{peer.tech_prefix}{self.number}"
            f"@{peer.host}:{peer.port}"
            for peer in self.peers
        )
        return {
            "LIMIT": _limit(self.limit_s),
            "ROUTES": "|".join(routes),
            "FACTS": format_facts(dict(self.facts)),
            **self.tape,
            "VERDICT": "dial",
        }


@dataclass(frozen=True, slots=True)
class Ring:
    """To a circuit of ours, and on to where it follows to, or to its voicemail.

    `leg_facts` are for the record of the call that it follows with; `mailbox` are the variables of
    its voicemail, if it has one. `is_direct`: the audio shall not pass through the platform.
    """

    line: str
    caller: str
    limit_s: int | None = None
    facts: Facts = field(default_factory=dict)
    tag: str = ""
    follow: FollowMe = field(default_factory=FollowMe)
    leg_facts: Facts = field(default_factory=dict)
    shown: str = ""
    mailbox: Mapping[str, str] = field(default_factory=dict)
    is_direct: bool = False
    pages: tuple[str, ...] = ()  # its telephones in open pages ring too
    tape: Variables = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        follow = self.follow
        told = {
            "LIMIT": _limit(self.limit_s),
            "LINE": self.line,
            "PHONES": "&".join((self.line, *self.pages)),
            "CLI": self.caller,
            "RING_S": str(follow.ring_s),
            "FACTS": format_facts(dict(self.facts)),
            **self.tape,
        }
        if self.tag:
            told["TAG"] = self.tag
        if self.is_direct:
            told["ENDPOINT"] = DIRECT_ENDPOINT
        if follow.always or follow.by_status:
            told |= {f"NEXT_{status}": dialable(to) for status, to in follow.by_status.items()}
            told["__LEG_FACTS"] = format_facts(dict(self.leg_facts))
            told["__SHOWN"] = self.shown
        told |= self.mailbox
        if follow.always:
            return {**told, "NEXT": dialable(follow.always), "VERDICT": "follow"}
        return {**told, "VERDICT": "line"}


@dataclass(frozen=True, slots=True)
class Own:
    """To a number of ours that does more than ring, by a call of its own."""

    number: str
    caller: str
    limit_s: int | None = None
    facts: Facts = field(default_factory=dict)
    tape: Variables = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        return {
            "LIMIT": _limit(self.limit_s),
            "NEXT": dialable(self.number),
            "CLI": self.caller,
            "FACTS": format_facts(dict(self.facts)),
            **self.tape,
            "VERDICT": "own",
        }


@dataclass(frozen=True, slots=True)
class Voice:
    """We answer: `move` are the variables of the first step (`steps.py`)."""

    caller: str
    move: Mapping[str, str]
    limit_s: int | None = None
    facts: Facts = field(default_factory=dict)
    tag: str = ""
    tape: Variables = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        return {
            "LIMIT": _limit(self.limit_s),
            "CLI": self.caller,
            **({"TAG": self.tag} if self.tag else {}),
            "FACTS": format_facts(dict(self.facts)),
            **self.tape,
            **self.move,
            "VERDICT": "voice",
        }


@dataclass(frozen=True, slots=True)
class HangUpFirst:
    """No answer, but a call back when this one is over; what for is in the facts."""

    sound: str
    facts: Facts

    def variables(self) -> dict[str, str]:
        return {
            "SOUND": self.sound,
            "FACTS": format_facts(dict(self.facts)),
            "VERDICT": "callback",
        }


@dataclass(frozen=True, slots=True)
class PickUp:
    """Take a call that rings at another phone of the same group."""

    facts: Facts

    def variables(self) -> dict[str, str]:
        return {"FACTS": format_facts(dict(self.facts)), "VERDICT": "pickup"}


@dataclass(frozen=True, slots=True)
class Refuse:
    """No, and why: one of `charging.reasons`. `sound` is a path, or empty."""

    reason: str
    facts: Facts = field(default_factory=dict)
    sound: str = ""

    def variables(self) -> dict[str, str]:
        reason = get_reason(self.reason)
        return {
            "SIP": str(reason.sip),
            "CAUSE": str(reason.cause),
            "SOUND": self.sound,
            "FACTS": format_facts({**self.facts, "reason": self.reason}),
            "VERDICT": "refuse",
        }


@dataclass(frozen=True, slots=True)
class Alone:
    """Nothing: the dialplan's own way of emergency calls."""

    def variables(self) -> dict[str, str]:
        return {}


@dataclass(frozen=True, slots=True)
class Told:
    """A verdict before which the caller is told something; `sound` is what is played."""

    verdict: Dial | Ring | Own
    sound: str

    def variables(self) -> dict[str, str]:
        return {"SAID": self.sound, **self.verdict.variables()}


Verdict = Dial | Forward | Ring | Own | Voice | HangUpFirst | PickUp | Refuse | Alone | Told


def _limit(seconds: int | None) -> str:
    return "" if seconds is None else f"S({seconds})"


def dialable(number: str) -> str:
    """What may stand in a dialled string of the dialplan."""
    return "".join(c for c in number if c.isascii() and (c.isalnum() or c in "+*#._-"))
