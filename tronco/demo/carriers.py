"""The demonstration's carriers: one that answers, and one that is down, so that calls fail over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tronco.catalog.models import CallClass, Tariff
from tronco.demo import CARRIER_ADDRESS
from tronco.routing.models import Route, Trunk
from tronco.routing.services import carrier_create, route_create, trunk_change, trunk_create
from tronco.tenancy.access import SYSTEM

ANSWERING_CARRIER, ANSWERING = "Carnaúba Telecom", "carnauba-sp"
DOWN_CARRIER, DOWN = "Jatobá Interconexão", "jatoba-rj"
# Nobody listens there.
DOWN_ADDRESS, DOWN_PORT = "127.0.0.3", 9
# In these classes the carrier that is down is tried first, as the cheaper one.
DOWN_FIRST = frozenset({CallClass.LDN_FIXED, CallClass.LDN_MOBILE, CallClass.LDI})
DOWN_TOO = frozenset({CallClass.LOCAL_FIXED, CallClass.LOCAL_MOBILE})


@dataclass(frozen=True, slots=True)
class Carriers:
    """The trunks by name, and the route by which everybody calls."""

    answering: Trunk
    down: Trunk
    route: Route


def carriers_load(tariffs: Mapping[str, Tariff], *, carrier_port: int) -> Carriers:
    """Make both carriers with a trunk each, and the default route over all classes."""
    carnauba = carrier_create(
        actor=SYSTEM, name=ANSWERING_CARRIER, cost_tariff_id=tariffs["carnauba"].pk
    )
    jatoba = carrier_create(actor=SYSTEM, name=DOWN_CARRIER, cost_tariff_id=tariffs["jatoba"].pk)
    answering = trunk_create(
        actor=SYSTEM,
        carrier_id=carnauba.pk,
        name=ANSWERING,
        host=CARRIER_ADDRESS,
        port=carrier_port,
        carries_emergency=True,
    )
    down = trunk_create(
        actor=SYSTEM,
        carrier_id=jatoba.pk,
        name=DOWN,
        host=DOWN_ADDRESS,
        port=DOWN_PORT,
        number_format=Trunk.NumberFormat.NATIONAL,
        max_calls=30,
    )
    steps = {call_class.value: [answering.pk] for call_class in CallClass}
    steps |= {call_class.value: [answering.pk, down.pk] for call_class in DOWN_TOO}
    steps |= {call_class.value: [down.pk, answering.pk] for call_class in DOWN_FIRST}
    route = route_create(actor=SYSTEM, name="Padrão", steps=steps, is_default=True)
    return Carriers(answering, down, route)


def carrier_move(*, carrier_port: int) -> None:
    """Point the trunk at the port on which the carrier listens now."""
    trunk = Trunk.objects.filter(name=ANSWERING).exclude(port=carrier_port).first()
    if trunk is not None:
        trunk_change(actor=SYSTEM, trunk_id=trunk.pk, port=carrier_port)
