"""What a call is told: where to, for how long, or why not; as variables of the dialplan. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tronco.charging.reasons import get_reason
from tronco.sipcore.config import emergency_endpoint, trunk_endpoint
from tronco.sipcore.sounds import sound_path
from tronco.sipcore.spool import format_facts

Facts = Mapping[str, str]


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

    def variables(self) -> dict[str, str]:
        facts = {**self.facts, "trunks": ".".join(str(route.trunk_id) for route in self.routes)}
        return {
            "LIMIT": _limit(self.limit_s),
            "ROUTES": "|".join(map(str, self.routes)),
            "FACTS": format_facts(facts),
            "VERDICT": "dial",
        }


@dataclass(frozen=True, slots=True)
class Ring:
    """To a circuit of ours."""

    line: str
    caller: str
    limit_s: int | None = None
    facts: Facts = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        return {
            "LIMIT": _limit(self.limit_s),
            "LINE": self.line,
            "CLI": self.caller,
            "FACTS": format_facts(dict(self.facts)),
            "VERDICT": "line",
        }


@dataclass(frozen=True, slots=True)
class Refuse:
    """No, and why: one of `charging.reasons`."""

    reason: str
    facts: Facts = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        reason = get_reason(self.reason)
        return {
            "SIP": str(reason.sip),
            "SOUND": sound_path(f"s:{reason.sound}") if reason.sound else "",
            "FACTS": format_facts({**self.facts, "reason": self.reason}),
            "VERDICT": "refuse",
        }


@dataclass(frozen=True, slots=True)
class Alone:
    """Nothing: the dialplan's own way of emergency calls."""

    def variables(self) -> dict[str, str]:
        return {}


Verdict = Dial | Ring | Refuse | Alone


def _limit(seconds: int | None) -> str:
    return "" if seconds is None else f"S({seconds})"
