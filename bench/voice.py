"""Two hundred callers at once, half pressing keys in a menu, half waiting in a group, with audio.

Callers are user agents in processes of their own on the same machine. Shares of the processor are
of one core, taken while all of them are there.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.calls import cpu_s, processes_in
from tests.support.crowd import Plan, Told, crowds

CROWDS, EACH = 4, 50
EVERY_S, TALK_S, SETTLE_S, WEIGH_S = 0.2, 30.0, 5.0, 20.0
KEY_EVERY_S = 5.0
CARRIER = "127.0.0.2"
PACKETS = 50


@dataclass
class Lab:
    """The exchange, and two numbers: of a menu, and of a group whose member never answers."""

    exchange: Any
    menu: str
    queue: str

    def weigh(self) -> list[dict[str, Any]]:
        """Let everybody call, and weigh the processes while they do."""
        plans = [
            Plan(
                server=self.exchange.server,
                address=CARRIER,
                number=self.menu if place % 2 else self.queue,
                first_caller=1133000000 + 1000 * place,
                callers=EACH,
                every_s=EVERY_S,
                talk_s=TALK_S,
                key_every_s=KEY_EVERY_S if place % 2 else 0,
            )
            for place in range(CROWDS)
        ]
        with crowds(*plans) as calling:
            time.sleep(EACH * EVERY_S + SETTLE_S)
            load = os.getloadavg()[0]
            shares = self._shares()
            by_crowd = calling.wait()
        told = [one for calls in by_crowd for one in calls]
        waited = [one for calls in by_crowd[::2] for one in calls]
        return [
            _row("callers", len(told), ""),
            _row("answered, and there until they hung up", _served(told), ""),
            _row("audio heard by those who wait, of what is due", _heard(waited), "%"),
            *(_row(f"share of a core, {name}", share, "%") for name, share in shares.items()),
            _row("load of the machine while it was weighed", load, ""),
        ]

    def _shares(self) -> dict[str, float]:
        exchange = self.exchange
        pids = {
            "Asterisk": [exchange.node.pid],
            "sipcore": [exchange.sipcore_pid],
            "PostgreSQL": processes_in(exchange.cluster.data),
        }
        before = {name: sum(map(cpu_s, found)) for name, found in pids.items()}
        began = time.monotonic()
        time.sleep(WEIGH_S)
        elapsed = time.monotonic() - began
        return {
            name: 100 * (sum(map(cpu_s, found)) - before[name]) / elapsed
            for name, found in pids.items()
        }


def run() -> list[dict[str, Any]]:
    """Measure once: everything is there at the same time."""
    with bench() as lab:
        return lab.weigh()


def _row(name: str, value: float, unit: str) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit}


def _served(told: list[Told]) -> int:
    return sum(one.answered and one.hung_up_by == "us" for one in told)


def _heard(told: list[Told]) -> float:
    due = sum(one.seconds for one in told) * PACKETS
    return 100 * sum(one.packets for one in told) / due if due else 0.0


@contextlib.contextmanager
def bench() -> Iterator[Lab]:
    """An exchange with a menu, a group, and sipcore at work."""
    os.environ.setdefault("DATABASE_URL", "postgresql://nobody@127.0.0.1/nothing")
    os.environ.setdefault("TRONCO_SECRET_KEY", "only-for-benchmarks")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from tests.support.asterisk import open_exchange, wait_until
    from tests.support.stage import Stage, ring
    from tests.support.voice import make_did, make_menu, wait_for_configuration
    from tests.support.world import make_world
    from tronco.pbx.models import Queue, QueueMember
    from tronco.routing.models import Trunk

    with open_exchange(slice_s=60) as exchange:
        world = make_world()
        Trunk.objects.update(host=CARRIER, port=exchange.trunk_port)
        payer = world.circuit(tenant=world.customer_a, balance_u=10**12)
        member = world.circuit(tenant=payer.tenant)
        menu = make_menu(payer.tenant, {"1": {"action": "repeat"}}, max_tries=10)
        queue = Queue.objects.create(
            tenant=payer.tenant, name="Espera", max_callers=CROWDS * EACH, max_wait_s=600
        )
        QueueMember.objects.create(queue=queue, tenant=payer.tenant, circuit=member)
        options: dict[str, Any] = {"tenant": payer.tenant, "payer": payer, "reverse_charging": True}
        numbers = make_did("menu", menu=menu, **options), make_did("queue", queue=queue, **options)
        stage = Stage(exchange.server)
        try:
            stage.carrier(CARRIER, exchange.trunk_port)
            exchange.start_sipcore()
            exchange.start_asterisk()
            wait_until(
                Trunk.objects.filter(reachable=True).exists, "the carrier answers", timeout_s=30
            )
            stage.phone(member, on_call=ring)
            wait_for_configuration(exchange)
            yield Lab(exchange, *(did.raw for did in numbers))
        finally:
            stage.close()
