"""The tree: who may create whom where, and the papers of companies and people."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.world import World, make_world
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tronco.identity.roles import Role
from tronco.tenancy import services
from tronco.tenancy.documents import format_document, parse_document
from tronco.tenancy.models import Tenant
from tronco.tenancy.selectors import Branch, list_tree


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def test_a_path_holds_the_ids_from_the_root(world: World) -> None:
    made = services.tenant_create(
        actor=world.actor(world.reseller_a),
        parent_id=world.reseller_a1.pk,
        kind="customer",
        name=" Padaria ",
    )
    assert made.path == f"{world.reseller_a1.path}{made.pk}/"
    assert made.ancestor_ids == [
        world.master.pk,
        world.reseller_a.pk,
        world.reseller_a1.pk,
        made.pk,
    ]
    assert made.name == "Padaria"


@pytest.mark.parametrize(
    ("who", "role", "below", "kind", "refusal"),
    [
        ("reseller_a", Role.ADMINISTRATOR, "reseller_b", "customer", NotFound),
        ("reseller_a", Role.ADMINISTRATOR, "master", "customer", NotFound),
        ("reseller_a1", Role.ADMINISTRATOR, "reseller_a", "reseller", NotFound),
        ("master", Role.ADMINISTRATOR, "customer", "customer", InvalidInput),
        ("master", Role.ADMINISTRATOR, "reseller_a", "master", InvalidInput),
        ("master", Role.READ_ONLY, "master", "customer", NotAllowed),
        ("customer", Role.CUSTOMER_ADMINISTRATOR, "customer", "customer", NotAllowed),
    ],
)
def test_nobody_creates_where_he_may_not(
    world: World, who: str, role: Role, below: str, kind: str, refusal: type[Exception]
) -> None:
    before = Tenant.objects.count()
    with pytest.raises(refusal):
        services.tenant_create(
            actor=world.actor(getattr(world, who), role),
            parent_id=getattr(world, below).pk,
            kind=kind,
            name="Novo",
        )
    assert Tenant.objects.count() == before


def test_removing_marks_and_needs_an_empty_branch(world: World) -> None:
    actor = world.actor(world.master)
    with pytest.raises(Conflict, match="2"):
        services.tenant_remove(actor=actor, tenant_id=world.reseller_a.pk)
    for tenant in (world.customer_a1, world.reseller_a1, world.customer_a, world.reseller_a):
        services.tenant_remove(actor=actor, tenant_id=tenant.pk)
    assert Tenant.objects.get(pk=world.reseller_a.pk).status == Tenant.Status.REMOVED
    with pytest.raises(InvalidInput):
        services.tenant_create(
            actor=actor, parent_id=world.reseller_a.pk, kind="customer", name="Novo"
        )


def test_nobody_closes_what_he_stands_on(world: World) -> None:
    actor = world.actor(world.reseller_a)
    with pytest.raises(Conflict):
        services.tenant_change(
            actor=actor, tenant_id=world.reseller_a.pk, name="Revenda A", status="inactive"
        )
    with pytest.raises(Conflict):
        services.tenant_remove(actor=actor, tenant_id=world.reseller_a.pk)
    with pytest.raises(InvalidInput):
        services.tenant_change(
            actor=world.actor(world.master),
            tenant_id=world.reseller_a.pk,
            name="Revenda A",
            status="feliz",
        )


def test_the_tree_as_each_sees_it(world: World) -> None:
    def names(branches: list[Branch]) -> list[Any]:
        return [(b.tenant.name, b.customers, names(b.children)) for b in branches]

    of_a: Any = ("Revenda A", 1, [("Revenda A1", 1, [])])
    assert names(list_tree(actor=world.actor(world.master))) == [
        ("Operadora", 1, [of_a, ("Revenda B", 1, [])])
    ]
    assert names(list_tree(actor=world.actor(world.reseller_a))) == [of_a]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("529.982.247-25", "52998224725"),
        ("11.222.333/0001-81", "11222333000181"),
        ("12.ABC.345/01DE-35", "12ABC34501DE35"),
        ("12abc34501de35", "12ABC34501DE35"),
        ("00000000000191", "00000000000191"),
    ],
)
def test_documents_are_kept_without_punctuation(typed: str, kept: str) -> None:
    assert parse_document(typed) == kept
    assert parse_document(format_document(kept)) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("529.982.247-26", "document-digits"),
        ("11.222.333/0001-80", "document-digits"),
        ("12.ABC.345/01DE-36", "document-digits"),
        ("111.111.111-11", "document-digits"),
        ("00.000.000/0000-00", "document-digits"),
        ("12ABC34501DEAB", "document-invalid"),
        ("5299822472", "document-invalid"),
        ("ABC", "document-invalid"),
        ("", "document-invalid"),
    ],
)
def test_wrong_documents_are_told_apart(typed: str, code: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_document(typed)
    assert refusal.value.code == code
    assert refusal.value.field == "document"


def test_a_company_has_no_cpf(world: World) -> None:
    with pytest.raises(InvalidInput) as refusal:
        services.tenant_create(
            actor=world.actor(world.master),
            parent_id=world.master.pk,
            kind="customer",
            name="Novo",
            document="529.982.247-25",
        )
    assert refusal.value.field == "document"
