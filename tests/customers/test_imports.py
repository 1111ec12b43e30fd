"""Customers with their lines and numbers from a file: looked at first, whole or not at all."""

from __future__ import annotations

import pytest

from tests.support.web import make_user, signed_in
from tests.support.world import World, make_world
from tronco.circuits.models import Circuit
from tronco.customers.views import CustomerImport
from tronco.dids.models import Did
from tronco.dids.services import did_create
from tronco.identity.roles import Role
from tronco.mail.models import Email
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant
from tronco.ui.imports import Importer, Row

HEADING = "name;parent;document;email;invite;plan;circuit;number;opening_u"
PADARIA = "Padaria;Revenda A;12.ABC.345/01DE-35;dona@padaria.example.com.br;{invite};Varejo prepaid"


@pytest.fixture
def world(db: None) -> World:
    world = make_world()
    # One plan of each name is told by its name; resellers sell under the same ones here.
    for plan in world.plans.values():
        if plan.tenant_id != world.reseller_a.pk:
            plan.name += f" {plan.tenant}"
            plan.save()
    return world


def run(world: World, *lines: str, keep: bool = True, role: Role = Role.ADMINISTRATOR) -> list[Row]:
    importer = Importer(CustomerImport(), world.actor(world.reseller_a, role))
    return importer.run("\n".join([HEADING, *lines]), keep=keep)[1]


def errors(rows: list[Row]) -> list[tuple[int, list[str]]]:
    return [(row.line, [column for column, _why in row.errors]) for row in rows if row.errors]


def test_a_customer_with_two_lines_and_numbers(world: World) -> None:
    stock = did_create(actor=SYSTEM, tenant_id=world.reseller_a.pk, raw="1133335555").did
    rows = run(
        world,
        PADARIA.format(invite="sim") + ";2001;1133334444;25,00",
        "Padaria;;;;;;2002;1133335555;",
    )
    assert errors(rows) == []
    assert [row.creates for row in rows] == [True, False]
    customer = Tenant.objects.get(name="Padaria")
    assert customer.email == "dona@padaria.example.com.br"  # what is empty is kept
    assert customer.document == "12ABC34501DE35"
    lines = Circuit.objects.filter(tenant=customer).order_by("number")
    assert [(line.number, line.account.balance_u) for line in lines] == [
        ("2001", 25_000_000),
        ("2002", 0),
    ]
    rings = {did.raw: did.circuit for did in Did.objects.filter(tenant=customer)}
    assert rings == {"1133334444": lines[0], "1133335555": lines[1]}
    stock.refresh_from_db()
    assert stock.state == Did.State.IN_USE
    assert Email.objects.filter(kind="invitation").count() == 1


def test_the_preview_keeps_and_sends_nothing(world: World) -> None:
    row = PADARIA.format(invite="sim") + ";2001;1133334444;25,00"
    assert errors(run(world, row, keep=False)) == []
    assert not Tenant.objects.filter(name="Padaria").exists()
    assert not Circuit.objects.exists()
    assert not Email.objects.exists()


def test_the_same_file_again_changes_nothing(world: World) -> None:
    row = PADARIA.format(invite="nao") + ";2001;1133334444;25,00"
    run(world, row)
    assert errors(run(world, row)) == []
    line = Circuit.objects.get()
    assert line.account.balance_u == 25_000_000
    assert Did.objects.get().circuit == line
    assert not Email.objects.exists()


def test_one_wrong_row_undoes_all_and_is_named(world: World) -> None:
    other = world.circuit(tenant=world.customer_a1, number="3001")
    rows = run(
        world,
        PADARIA.format(invite="sim") + ";2001;1133334444;25,00",
        f"Bar;Revenda A;;;;Varejo prepaid;{other.number};;",
        "Loja;Revenda A;;;;;2003;;",
        "Venda;Revenda B;;;;;;;",
        "Banca;Revenda A;11.222.333/0001-80;;;;;;",
        "Quitanda;Revenda A;;;;Varejo prepaid;2004;não é número;",
    )
    assert errors(rows) == [
        (3, [""]),  # the line is somebody else's
        (4, ["plan"]),
        (5, ["parent"]),
        (6, ["document"]),
        (7, ["e164"]),
    ]
    assert not Tenant.objects.filter(name="Padaria").exists()
    assert not Email.objects.exists()


def test_who_sees_only_some_customers_imports_none(world: World) -> None:
    ana = make_user(world.reseller_a, username="ana")
    ana.customers.set([world.customer_a])
    text = "name;person\nPadaria;company"
    answer = signed_in(ana).post("/tenancy/customers/import/", {"text": text})
    assert answer.status_code == 422
    assert "um a um" in answer.content.decode()
    assert not Tenant.objects.filter(name="Padaria").exists()
