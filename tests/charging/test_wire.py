"""Round trips, counted on the wire between the gateway and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from django.conf import settings
from psycopg.conninfo import make_conninfo

from tests.charging.calls import request
from tests.support.world import World
from tronco.catalog.models import Allowance
from tronco.charging.gateway import Gateway
from tronco.charging.models import Account
from tronco.charging.requests import CarrierOption, Limit

# psycopg prepares a statement at its sixth use, in an exchange of its own.
WARM_UP = 8


class Wire:
    """Passes bytes between clients and PostgreSQL, and counts the exchanges.

    An exchange is whatever a client sends until the server answers.
    """

    def __init__(self) -> None:
        self.exchanges = 0
        self.conninfo = ""
        self._passing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Wire:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        database = settings.DATABASES["default"]
        self.conninfo = make_conninfo(
            host="127.0.0.1",
            port=self._server.sockets[0].getsockname()[1],
            user=str(database["USER"]),
            password=str(database["PASSWORD"]),
            dbname=str(database["NAME"]),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await asyncio.gather(*self._passing)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._passing.add(asyncio.create_task(self._pass(reader, writer)))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        database = settings.DATABASES["default"]
        above = await asyncio.open_connection(str(database["HOST"]), int(str(database["PORT"])))
        answered = True

        def sent() -> None:
            nonlocal answered
            self.exchanges += answered
            answered = False

        def received() -> None:
            nonlocal answered
            answered = True

        await asyncio.gather(pump(reader, above[1], sent), pump(above[0], writer, received))


async def pump(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, note: Callable[[], None]
) -> None:
    while data := await source.read(65536):
        note()
        sink.write(data)
        await sink.drain()
    sink.close()
    await sink.wait_closed()


def exchanges_of(work: Callable[[Gateway], Awaitable[object]]) -> int:
    """How many exchanges `work` takes of a gateway that has been in use."""

    async def run() -> int:
        async with Wire() as wire, Gateway(wire.conninfo, connections=1) as gateway:
            await gateway.open_gate("node1")
            for _ in range(WARM_UP):
                await work(gateway)
            before = wire.exchanges
            await work(gateway)
            return wire.exchanges - before

    return asyncio.run(run())


def test_authorisation_is_one_exchange(world: World) -> None:
    """Two resellers, two limits, a carrier: still one."""
    circuit = world.circuit(tenant=world.customer_a1)
    limits = (Limit("circuit:1", 99, 99), Limit("tenant:1", 99, None))
    carriers = (CarrierOption(world.trunk.pk, world.carrier.cost_tariff_id),)
    assert (
        exchanges_of(lambda g: g.authorise(request(circuit, limits=limits, carriers=carriers))) == 1
    )


def test_authorisation_out_of_an_allowance_is_one_exchange(world: World) -> None:
    Allowance.objects.create(
        tenant=world.master,
        plan=world.plan(world.master),
        name="Franquia",
        classes=["local_fixed"],
        amount=6000,
    )
    circuit = world.circuit()
    assert exchanges_of(lambda g: g.authorise(request(circuit))) == 1


def test_refusal_is_one_exchange(world: World) -> None:
    circuit = world.circuit(balance_u=0)

    async def refused(gateway: Gateway) -> None:
        try:
            await gateway.authorise(request(circuit))
        except Exception as error:
            assert error.code == "no-credit"  # type: ignore[attr-defined]

    assert exchanges_of(refused) == 1


def test_changed_plan_is_noticed_before_anything_is_held(world: World) -> None:
    """The notice of a change may be slower than the next call; the database compares the plan."""
    circuit = world.circuit()
    other = world.plan(world.master, "control")

    async def run() -> int | None:
        async with Gateway() as gateway:
            await gateway.open_gate("node1")
            await gateway.authorise(request(circuit))
            await asyncio.to_thread(change_plan)
            asked = request(circuit)
            await gateway.authorise(asked)
            rows = await gateway.database.fetch(
                "SELECT facts -> 'levels' -> 0 -> 'plan' FROM charging_authorization "
                "WHERE call_id = %s",
                (asked.call_id,),
            )
            plan: int = rows[0][0]
            return plan

    def change_plan() -> None:
        from django.db import connection

        Account.objects.filter(pk=circuit.account_id).update(plan=other)
        connection.close()

    assert asyncio.run(run()) == other.pk
