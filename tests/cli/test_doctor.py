"""`tronco doctor`: every fault is found, and nothing is called wrong that is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.calls.making import made
from tests.support.web import make_user
from tests.support.world import World, make_world
from tronco.calls.models import Cdr
from tronco.centrals.models import Central
from tronco.charging.models import Account
from tronco.cli import checks, main
from tronco.cli.checks import Finding
from tronco.core import secrets
from tronco.dids.models import Did
from tronco.dids.services import did_create
from tronco.identity.models import Authenticator
from tronco.mail.models import MailServer
from tronco.routing.models import Trunk
from tronco.runtime.paths import Home
from tronco.runtime.proc import machine
from tronco.tenancy.access import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(root=tmp_path)


def states(findings: Iterator[Finding]) -> list[str]:
    return [finding.state for finding in findings]


def faults(findings: Iterator[Finding]) -> str:
    """All faults and warnings in one text; each has a cure."""
    wrong = [finding for finding in findings if finding.state != "ok"]
    assert all(finding.cure for finding in wrong)
    return " ".join(finding.text for finding in wrong)


def test_a_sound_database(world: World, home: Home) -> None:
    assert states(checks.database(home)) == ["ok", "ok"]
    (latest,) = MigrationLoader(connection).graph.leaf_nodes("mail")
    MigrationRecorder(connection).record_unapplied(*latest)
    assert ".".join(latest) in faults(checks.database(home))


def test_the_gate(world: World, home: Home) -> None:
    assert "refused" in faults(checks.gate(home))
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO charging_gate VALUES ('*', pg_postmaster_start_time())")
    assert states(checks.gate(home)) == ["ok"]


def test_centrals(world: World, home: Home) -> None:
    assert "node1" in faults(checks.centrals(home))
    Central.objects.update(status="up", seen_at=timezone.now())
    assert states(checks.centrals(home)) == ["ok"]
    Central.objects.update(is_active=False)
    assert "none" in faults(checks.centrals(home))


def test_routes_and_trunks(world: World, home: Home) -> None:
    assert states(checks.routes(home)) == ["ok"]
    Trunk.objects.update(reachable=False, carries_emergency=False)
    told = faults(checks.routes(home))
    assert "vizinha does not answer" in told
    assert "emergency" in told
    world.route.steps.filter(call_class="ldi").delete()
    assert "ldi" in faults(checks.routes(home))
    world.route.is_default = False
    world.route.save()
    assert "no default route" in faults(checks.routes(home))


def test_secrets_of_another_key(world: World, home: Home) -> None:
    assert states(checks.secrets_open(home)) == ["ok"]
    Trunk.objects.update(password_encrypted=secrets.encrypt("x", key="another"))
    assert "vizinha" in faults(checks.secrets_open(home))
    Trunk.objects.update(password_encrypted="")
    other = secrets.encrypt("x", key="another")
    did = did_create(actor=SYSTEM, tenant_id=world.customer.pk, raw="1133334444").did
    Did.objects.filter(pk=did.pk).update(password_encrypted=other)
    assert "1133334444" in "".join(filter(str.isdigit, faults(checks.secrets_open(home))))
    Did.objects.update(password_encrypted="")
    MailServer.objects.create(
        tenant=world.reseller_a, host="smtp.a.example", sender="a@a.example",
        password_encrypted=other,
    )  # fmt: skip
    assert "smtp.a.example" in faults(checks.secrets_open(home))
    MailServer.objects.all().delete()
    user = make_user(world.master, username="ana")
    Authenticator.objects.create(user=user, secret_encrypted=secrets.encrypt("00", key="another"))
    assert "ana" in faults(checks.secrets_open(home))


def test_calls_that_are_not_on_record(world: World, home: Home) -> None:
    call = made(world, world.circuit())
    long_ago = (datetime.now(UTC) - timedelta(minutes=5)).strftime("%Y%m%dT%H%M%S.000000")
    path = home.directory("asterisk/node1/var/spool") / "calls.log"
    line = "E|{}|{}|61000|ANSWER|16|1|granted|PJSIP/x|1133334444|1001||\n"
    vain = f"E|node1-1700000000.8|{long_ago}||BUSY|17|1|line|Local/1001@member-0000001;2|1001|||\n"
    path.write_text(line.format(call.call_id, long_ago) + vain)
    with CaptureQueriesContext(connection) as asked:
        assert states(checks.spool(home)) == ["ok"]
    [records] = [query["sql"] for query in asked if "calls_cdr" in query["sql"]]
    assert '"started_at" BETWEEN' in records, "of all months but one nothing is read"
    path.write_text(path.read_text() + line.format("node1-1700000000.9", long_ago))
    assert "1 calls" in faults(checks.spool(home))


def test_prices_that_come_out_otherwise(world: World, home: Home) -> None:
    call = made(world, world.circuit(), talks_s=61)
    assert states(checks.prices(home)) == ["ok"]
    Cdr.objects.filter(call_id=call.call_id).update(charges=[{**call.charges[0], "price_u": 1}])
    assert call.call_id in faults(checks.prices(home))


def test_the_money(world: World, home: Home) -> None:
    circuits = [world.circuit(), world.circuit(tenant=world.customer_a)]
    calls = [made(world, circuit, at=timezone.now() - timedelta(hours=1)) for circuit in circuits]
    assert set(states(checks.ledger(home))) == {"ok"}
    Account.objects.filter(pk=circuits[0].account_id).update(balance_u=1)
    assert f"account {circuits[0].account_id}: " in faults(checks.ledger(home))
    assert "R$ 0,000001" in faults(checks.ledger(home))
    Cdr.objects.filter(call_id=calls[1].call_id).delete()
    assert f"call {calls[1].call_id}" in faults(checks.ledger(home))
    Cdr.objects.filter(call_id=calls[0].call_id).update(
        charges=[{**calls[0].charges[0], "price_u": 7}]
    )
    assert "its record says 7" in faults(checks.ledger(home))


def test_sums_that_do_not_equal_their_records(world: World, home: Home) -> None:
    call = made(world, world.circuit(), at=timezone.now() - timedelta(days=1))
    assert states(checks.rollups(home)) == ["ok"]
    Cdr.objects.filter(call_id=call.call_id).delete()
    assert "rows do not equal the records" in faults(checks.rollups(home))


def test_the_supervisors_word(home: Home) -> None:
    assert states(checks.processes(home)) == ["warning"]
    services = [
        {"name": "web", "title": "Screens", "state": "running", "detail": "", "restarts": 0},
        {"name": "sipcore", "title": "Call control", "state": "running", "detail": "",
         "restarts": 3},
        {"name": "worker", "title": "Tasks", "state": "failed", "detail": "x", "restarts": 0},
    ]  # fmt: skip
    facts = {"supervisor": 1, "machine": machine(), "services": services}
    home.write("run/status.json", json.dumps(facts))
    assert states(checks.processes(home)) == ["ok", "warning", "fault"]
    home.write("run/status.json", json.dumps({**facts, "supervisor": 2**31}))
    assert states(checks.processes(home)) == ["warning"]


def test_the_whole_examination(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    parts = {one["part"] for one in told}
    assert {"disk", "processes", "database", "charging", "centrals", "routes", "worker"} <= parts
    assert all(one["cure"] for one in told if one["state"] != "ok")
    assert "report this" not in {one["cure"] for one in told}
