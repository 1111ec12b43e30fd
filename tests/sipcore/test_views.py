"""What Asterisk may read of circuits, and that it hears of changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from tests.support.world import World, make_world
from tronco.centrals.models import Central
from tronco.circuits.models import Circuit
from tronco.dids.models import Did
from tronco.pbx.models import LineService
from tronco.routing.models import Trunk
from tronco.tenancy.models import Tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def rows(view: str, *, central: str = "node1") -> dict[str, dict[str, Any]]:
    """What a central sees."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL application_name = %s", [central])
        cursor.execute("SET LOCAL ROLE tronco_asterisk")
        cursor.execute(f"SELECT * FROM ast.{view}")
        names = [column.name for column in cursor.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        cursor.execute("RESET ROLE")
    return {row["id"]: row for row in found}


def test_a_circuit_is_an_endpoint_an_aor_and_an_auth(world: World) -> None:
    circuit = world.circuit(codecs="alaw", max_contacts=3)
    endpoint = rows("ps_endpoints")[circuit.number]
    assert (endpoint["aors"], endpoint["auth"]) == (circuit.number, circuit.number)
    assert (endpoint["context"], endpoint["allow"]) == ("from-line", "alaw")
    auth = rows("ps_auths")[circuit.number]
    assert auth["password_digest"] == f"MD5:{circuit.ha1_md5}"
    assert "password" not in auth
    assert rows("ps_aors")[circuit.number]["max_contacts"] == 3


def test_each_central_sees_its_own(world: World) -> None:
    other = Central.objects.create(tenant=world.master, name="node2", host="192.0.2.2")
    here, there = world.circuit(), world.circuit()
    Circuit.objects.filter(pk=there.pk).update(central=other)
    assert set(rows("ps_auths")) == {here.number}
    assert set(rows("ps_auths", central="node2")) == {there.number}
    assert rows("ps_auths", central="") == {}


def test_a_suspended_circuit_stays_for_emergencies_and_a_disabled_one_goes(world: World) -> None:
    suspended = world.circuit(status=Circuit.Status.SUSPENDED)
    world.circuit(status=Circuit.Status.DISABLED)
    removed = world.circuit(tenant=world.customer_b)
    Tenant.objects.filter(pk=removed.tenant_id).update(status=Tenant.Status.REMOVED)
    assert set(rows("ps_endpoints")) == {suspended.number}


def test_the_number_that_is_shown_alone(world: World) -> None:
    circuit = world.circuit(caller_number="+551140000002")
    number = circuit.number

    def shown() -> str:
        return str(rows("ps_endpoints")[number]["set_var"])

    assert shown() == f"CLI={number}", "it owns none"
    Did.objects.create(tenant=circuit.tenant, raw="1", e164="+551140000001", circuit=circuit)
    assert shown() == "CLI=551140000001"
    Did.objects.create(tenant=world.customer_b, raw="2", e164="+551140000002")
    assert shown() == "CLI=551140000001", "the chosen one is another's"
    Did.objects.create(tenant=circuit.tenant, raw="3", e164="+551140000002")
    assert shown() == "CLI=551140000002"


def test_an_extension_that_no_number_rings_shows_its_line_s(world: World) -> None:
    line, chosen = world.circuit(), "+551140000002"
    extension = world.circuit(line=line)
    for number in ("+551140000001", chosen):
        Did.objects.create(tenant=line.tenant, raw=number, e164=number)

    def shown() -> str:
        return str(rows("ps_endpoints")[extension.number]["set_var"])

    assert shown() == f"CLI={extension.number}", "neither has one"
    Did.objects.filter(raw="+551140000001").update(circuit=line)
    assert shown() == "CLI=551140000001"
    Circuit.objects.filter(pk=line.pk).update(caller_number=chosen)
    assert shown() == "CLI=551140000002"
    Did.objects.filter(raw=chosen).update(tenant=world.customer_b)
    assert shown() == "CLI=551140000001", "the chosen one is another's"
    Did.objects.create(tenant=line.tenant, raw="3", e164="+551140000003", circuit=extension)
    assert shown() == "CLI=551140000003", "its own goes first"


def test_a_pick_up_group_is_its_customer_s(world: World) -> None:
    here, there = world.circuit(), world.circuit(tenant=world.customer_a)
    alone = world.circuit()
    for circuit in (here, there):
        LineService.objects.create(circuit=circuit, tenant=circuit.tenant, pickup_group="vendas")
    found = rows("ps_endpoints")
    groups = {
        number: (row["named_call_group"], row["named_pickup_group"])
        for number, row in found.items()
    }
    assert groups[here.number] == (f"{here.tenant_id}-vendas",) * 2
    assert groups[there.number] == (f"{there.tenant_id}-vendas",) * 2
    assert groups[alone.number] == (None, None)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM circuits_circuit",
        "SELECT * FROM ast.line",
        "SELECT * FROM charging_account",
        "INSERT INTO circuits_registration VALUES (1)",
        "CREATE TABLE ast.x ()",
    ],
)
def test_asterisk_reads_nothing_else(world: World, statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|cannot delete"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SET LOCAL ROLE tronco_asterisk")
        cursor.execute(statement)


@pytest.fixture
def heard() -> Iterator[psycopg.Connection[Any]]:
    given = connection.settings_dict
    with psycopg.connect(
        host=given["HOST"],
        port=given["PORT"],
        user=given["USER"],
        password=given["PASSWORD"],
        dbname=given["NAME"],
        autocommit=True,
    ) as listener:
        for channel in ("tronco_line", "tronco_trunk", "tronco_ban"):
            listener.execute(f"LISTEN {channel}")
        yield listener


def notices(listener: psycopg.Connection[Any]) -> set[tuple[str, str]]:
    return {(n.channel, n.payload) for n in listener.notifies(timeout=0.3)}


@pytest.mark.django_db(transaction=True)
def test_what_call_control_hears(heard: psycopg.Connection[Any]) -> None:
    world = make_world()
    circuit = world.circuit()
    notices(heard)

    Circuit.objects.filter(pk=circuit.pk).update(number="novo")
    assert notices(heard) == {("tronco_line", circuit.number), ("tronco_line", "novo")}
    did = Did.objects.create(tenant=circuit.tenant, raw="1", e164="+551140000001", circuit=circuit)
    assert notices(heard) == {("tronco_line", "novo")}
    extension = world.circuit(line=circuit)
    notices(heard)
    did.delete()
    assert notices(heard) == {("tronco_line", "novo"), ("tronco_line", extension.number)}
    Circuit.objects.filter(pk=circuit.pk).update(caller_number="+551140000009")
    assert notices(heard) == {("tronco_line", "novo"), ("tronco_line", extension.number)}
    service = LineService.objects.create(circuit=circuit, tenant=circuit.tenant)
    assert notices(heard) == {("tronco_line", "novo")}
    LineService.objects.filter(pk=circuit.pk).update(pickup_group="vendas")
    assert notices(heard) == {("tronco_line", "novo")}
    service.delete()
    assert notices(heard) == {("tronco_line", "novo")}
    Tenant.objects.filter(pk=circuit.tenant_id).update(name="Outro")
    assert notices(heard) == set()
    Tenant.objects.filter(pk=circuit.tenant_id).update(status=Tenant.Status.REMOVED)
    assert notices(heard) == {("tronco_line", "*")}
    Trunk.objects.update(reachable=True, rtt_us=5)
    assert notices(heard) == set(), "what sipcore writes itself"
    Trunk.objects.update(host="192.0.2.9")
    assert notices(heard) == {("tronco_trunk", "")}
