"""Which trunks are tried for a call, in which order, and what is dialled on each. Pure.

`choose` takes what `routing.selectors` read and what sipcore measured. It never answers "none"
for an emergency call while any trunk is left: a trunk that looks dead is still worth trying.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tronco.numbering.number import NON_GEOGRAPHIC, SHORT, CallClass, Kind, Number


@dataclass(frozen=True, slots=True)
class TrunkChoice:
    """What choosing needs to know of a trunk. `max_calls` None means no limit."""

    id: int
    name: str
    carrier_id: int
    number_format: str
    tech_prefix: str = ""
    max_calls: int | None = None
    cost_tariff_id: int | None = None


@dataclass(frozen=True, slots=True)
class RouteSnapshot:
    """A route as it stands: the trunks of each class in their order, and those for emergencies."""

    id: int
    name: str
    least_cost: bool
    steps: Mapping[str, tuple[TrunkChoice, ...]]
    emergency: tuple[TrunkChoice, ...] = ()


@dataclass(frozen=True, slots=True)
class TrunkHealth:
    """What was last measured; `reachable` None means not known yet, and counts as reachable."""

    reachable: bool | None = None
    active_calls: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One trunk to try, with the digits it wants."""

    trunk: TrunkChoice
    dial_string: str


@dataclass(frozen=True, slots=True)
class Choice:
    """The attempts in order. `reason` tells why there is none."""

    attempts: tuple[Attempt, ...] = field(default=())
    reason: str = ""


_UNKNOWN = TrunkHealth()


def choose(
    route: RouteSnapshot,
    number: Number,
    *,
    health: Mapping[int, TrunkHealth],
    costs_u: Mapping[int, int] | None = None,
) -> Choice:
    """Order the trunks for a call to `number`.

    By class, then by position (by `costs_u` first where the route says least cost; a trunk whose
    cost is not known comes after those that are); the unreachable come last; the full drop out.
    """
    if number.call_class is CallClass.EMERGENCY:
        return Choice(_attempts(_emergency_order(route, health), number))
    steps = route.steps.get(number.call_class or "", ())
    if not steps:
        return Choice(reason="no-route")
    free = [trunk for trunk in steps if not _is_full(trunk, health)]
    if not free:
        return Choice(reason="trunks-full")
    if route.least_cost and costs_u is not None:
        free.sort(key=lambda trunk: costs_u.get(trunk.id, 1 << 62))
    return Choice(_attempts(_reachable_first(free, health), number))


def dial_string(number: Number, trunk: TrunkChoice) -> str:
    """Write the number as the trunk wants it; short codes are dialled as they are everywhere."""
    return trunk.tech_prefix + _format(number, trunk.number_format)


def _format(number: Number, number_format: str) -> str:
    digits = number.rating_digits
    if number.kind in SHORT:
        return digits
    if number_format == "e164":
        return "+" + digits
    if number_format == "digits":
        return digits
    if number.kind is Kind.INTERNATIONAL:
        return "00" + digits
    national = digits[2:]
    if number.kind in NON_GEOGRAPHIC:
        return "0" + national
    if number.kind is Kind.NATIONAL8:
        return national
    return national if number_format == "ddd" else "0" + national


def _attempts(trunks: Iterable[TrunkChoice], number: Number) -> tuple[Attempt, ...]:
    return tuple(Attempt(trunk, dial_string(number, trunk)) for trunk in trunks)


def _emergency_order(route: RouteSnapshot, health: Mapping[int, TrunkHealth]) -> list[TrunkChoice]:
    """Those meant for it first, then every other trunk of the route, each once."""
    every = [*route.emergency, *(t for steps in route.steps.values() for t in steps)]
    unique = {trunk.id: trunk for trunk in every}.values()
    roomy_first = sorted(unique, key=lambda trunk: _is_full(trunk, health))
    return _reachable_first(roomy_first, health)


def _reachable_first(
    trunks: Iterable[TrunkChoice], health: Mapping[int, TrunkHealth]
) -> list[TrunkChoice]:
    return sorted(trunks, key=lambda t: health.get(t.id, _UNKNOWN).reachable is False)


def _is_full(trunk: TrunkChoice, health: Mapping[int, TrunkHealth]) -> bool:
    if trunk.max_calls is None:
        return False
    return health.get(trunk.id, _UNKNOWN).active_calls >= trunk.max_calls
