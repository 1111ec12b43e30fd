"""Circuits: what is kept of a password, whose plan it has, what is refused, who may."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from tests.support.world import World, make_world
from tronco.charging import services as charging
from tronco.charging.models import Account, Authorization
from tronco.circuits import services
from tronco.circuits.digest import digests_of
from tronco.circuits.models import Circuit
from tronco.circuits.selectors import list_allowances, list_circuits
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound, TroncoError
from tronco.core.money import MICRO
from tronco.identity.roles import Role
from tronco.tenancy.access import SYSTEM, Actor
from tronco.tenancy.models import Tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def create(world: World, actor: Actor = SYSTEM, **fields: Any) -> services.NewCircuit:
    owner = fields.pop("tenant", world.customer)
    plan = fields.pop("plan", "prepaid")
    facts = {
        "tenant_id": owner.pk,
        "plan_id": world.plan(owner.parent, plan).pk if isinstance(plan, str) else plan.pk,
        "central_id": world.central.pk,
        "number": "5511001",
        **fields,
    }
    return services.circuit_create(actor=actor, **facts)


def test_digests_are_those_of_rfc_7616() -> None:
    # RFC 7616 3.9.1: user Mufasa, its realm and password.
    digests = digests_of("Mufasa", "Circle of Life", realm="http-auth@example.org")
    secret = b"Mufasa:http-auth@example.org:Circle of Life"
    assert digests == (hashlib.md5(secret).hexdigest(), hashlib.sha256(secret).hexdigest())


def test_a_password_is_told_once_and_kept_as_digests(world: World) -> None:
    made = create(world)
    circuit = Circuit.objects.get()
    secret = f"5511001:{settings.TRONCO_SIP_REALM}:{made.password}".encode()
    assert circuit.ha1_md5 == hashlib.md5(secret).hexdigest()
    assert circuit.ha1_sha256 == hashlib.sha256(secret).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(c::text, '') FROM circuits_circuit c")
        assert made.password not in cursor.fetchone()[0]

    again = services.circuit_new_password(actor=SYSTEM, circuit_id=circuit.pk)
    assert again.password != made.password
    assert len(again.password) == 16
    given = services.circuit_new_password(
        actor=SYSTEM, circuit_id=circuit.pk, password="do-telefone-1"
    )
    expected = digests_of("5511001", "do-telefone-1", realm=settings.TRONCO_SIP_REALM)
    assert (given.circuit.ha1_md5, given.circuit.ha1_sha256) == expected


def test_a_circuit_has_an_account_with_its_opening_credit(world: World) -> None:
    circuit = create(world, opening_u=7 * MICRO, max_calls=3).circuit
    account = Account.objects.get(pk=circuit.account_id)
    assert (account.balance_u, account.plan, account.limit_u) == (
        7 * MICRO,
        world.plan(world.master),
        0,
    )
    entry = account.entries.get()
    assert (entry.kind, entry.amount_u, entry.actor) == ("opening", 7 * MICRO, "sistema")
    assert circuit.max_calls == 3


REFUSALS: list[tuple[dict[str, Any], type[TroncoError], str]] = [
    ({"number": "a b"}, InvalidInput, "invalid-input"),
    ({"number": "12"}, InvalidInput, "invalid-input"),
    ({"number": "1001\n"}, InvalidInput, "invalid-input"),
    ({"own_ddd": 5}, InvalidInput, "invalid-input"),
    ({"max_contacts": 0}, InvalidInput, "invalid-input"),
    ({"allowed_classes": ["moon"]}, InvalidInput, "invalid-input"),
    ({"codecs": "mp3"}, InvalidInput, "codec-unknown"),
    ({"password": "curta"}, InvalidInput, "invalid-password"),
    ({"password": "com espaço 123"}, InvalidInput, "invalid-password"),
    ({"central_id": 0}, InvalidInput, "central-unknown"),
    ({"plan_id": 0}, InvalidInput, "plan-not-sold"),
    ({"plan": "control"}, InvalidInput, "limit-missing"),
    ({"limit_u": 5}, InvalidInput, "limit-on-prepaid"),
    ({"cycle_day": 26}, InvalidInput, "invalid-input"),
    ({"tenant_id": 0}, NotFound, "not-found"),
]


@pytest.mark.parametrize(("fields", "error", "code"), REFUSALS)
def test_a_circuit_that_cannot_be(
    world: World, fields: dict[str, Any], error: type[TroncoError], code: str
) -> None:
    with pytest.raises(error) as refused:
        create(world, **fields)
    assert refused.value.code == code
    assert not Circuit.objects.exists()
    assert not Account.objects.filter(role="circuit").exists()


def test_a_number_is_one_circuit_in_the_whole_system(world: World) -> None:
    create(world)
    with pytest.raises(Conflict):
        create(world, tenant=world.customer_b)


def test_the_plan_is_that_of_the_customers_own_seller(world: World) -> None:
    with pytest.raises(InvalidInput) as refused:
        create(world, tenant=world.customer_a, plan=world.plan(world.master))
    assert (refused.value.field, refused.value.code) == ("plan", "plan-not-sold")
    circuit = create(world, tenant=world.customer_a).circuit
    assert circuit.account.plan == world.plan(world.reseller_a)
    plan = world.plan(world.reseller_a, "control")
    services.circuit_change_plan(
        actor=SYSTEM, circuit_id=circuit.pk, plan_id=plan.pk, limit_u=50 * MICRO, cycle_day=10
    )
    account = Account.objects.get(pk=circuit.account_id)
    assert (account.plan, account.limit_u, account.cycle_day) == (plan, 50 * MICRO, 10)


def test_circuits_are_customers(world: World) -> None:
    with pytest.raises(InvalidInput) as refused:
        create(world, tenant=world.reseller_a, plan=world.plan(world.master))
    assert refused.value.code == "not-a-customer"
    Tenant.objects.filter(pk=world.customer.pk).update(status=Tenant.Status.INACTIVE)
    with pytest.raises(InvalidInput) as refused:
        create(world)
    assert refused.value.code == "customer-inactive"


def test_suspend_resume_disable(world: World) -> None:
    circuit = world.circuit()
    for change, status in (
        (services.circuit_suspend, "suspended"),
        (services.circuit_suspend, "suspended"),
        (services.circuit_disable, "disabled"),
        (services.circuit_resume, "active"),
    ):
        assert change(actor=SYSTEM, circuit_id=circuit.pk).status == status
        circuit.refresh_from_db()
        assert circuit.status == status


def test_a_circuit_with_postings_stays(world: World) -> None:
    used, fresh = world.circuit(balance_u=1), world.circuit(balance_u=0)
    with pytest.raises(Conflict) as refused:
        services.circuit_delete(actor=SYSTEM, circuit_id=used.pk)
    assert refused.value.code == "circuit-in-use"
    services.circuit_delete(actor=SYSTEM, circuit_id=fresh.pk)
    assert list(Circuit.objects.all()) == [used]
    assert not Account.objects.filter(pk=fresh.account_id).exists()


def test_a_circuit_that_calls_stays(world: World) -> None:
    circuit = world.circuit(balance_u=0)
    now = datetime.now(UTC)
    call = Authorization.objects.create(
        call_id="node1-1.1", tenant=circuit.tenant, account=circuit.account, circuit_id=circuit.pk,
        central="node1", direction="internal", caller="1", dialled="2", called="2", call_class="",
        started_at=now, seen_at=now,
    )  # fmt: skip
    with pytest.raises(Conflict) as refused:
        services.circuit_delete(actor=SYSTEM, circuit_id=circuit.pk)
    assert refused.value.code == "calls-running"
    call.delete()
    services.circuit_delete(actor=SYSTEM, circuit_id=circuit.pk)


def test_change_says_only_what_is_given(world: World) -> None:
    circuit = world.circuit(description="recepção", max_calls=5)
    services.circuit_change(actor=SYSTEM, circuit_id=circuit.pk, max_cps=2, codecs="ulaw, alaw")
    circuit.refresh_from_db()
    assert (circuit.description, circuit.max_calls, circuit.max_cps, circuit.codecs) == (
        "recepção",
        5,
        2,
        "ulaw,alaw",
    )


def test_who_may(world: World) -> None:
    circuit = world.circuit(tenant=world.customer_a)
    reseller, other = world.actor(world.reseller_a), world.actor(world.reseller_b)
    assert services.circuit_suspend(actor=reseller, circuit_id=circuit.pk).status == "suspended"
    with pytest.raises(NotFound):
        services.circuit_suspend(actor=other, circuit_id=circuit.pk)
    with pytest.raises(NotFound):
        create(world, actor=other, tenant=world.customer_a)
    with pytest.raises(NotAllowed):
        customer = world.actor(world.customer_a, Role.CUSTOMER_ADMINISTRATOR)
        services.circuit_suspend(actor=customer, circuit_id=circuit.pk)
    with pytest.raises(NotAllowed):
        support = world.actor(world.master, Role.SUPPORT)
        create(world, actor=support, opening_u=1)


def test_the_list_shows_what_is_left_or_what_was_used(world: World) -> None:
    prepaid = world.circuit(balance_u=9 * MICRO)
    postpaid = world.circuit(plan="postpaid", balance_u=0, limit_u=None)
    Account.objects.filter(pk=prepaid.account_id).update(held_u=2 * MICRO)
    Account.objects.filter(pk=postpaid.account_id).update(used_u=3 * MICRO)
    shown = dict(list_circuits(actor=SYSTEM).values_list("number", "balance_shown_u"))
    assert shown == {prepaid.number: 7 * MICRO, postpaid.number: 3 * MICRO}


def test_an_allowance_untouched_is_wholly_left(world: World) -> None:
    circuit = world.circuit(plan="control", limit_u=MICRO)
    circuit.account.plan.allowances.create(
        tenant=world.master, name="Locais", classes=["local_fixed"], amount=600
    )
    circuit.account.plan.allowances.create(
        tenant=world.master, name="Celular", classes=["ldi"], unit="money", amount=MICRO
    )
    seen = [
        (use.name, use.in_money, use.granted, use.left, use.used_percent)
        for use in list_allowances(circuit=circuit)
    ]
    assert sorted(seen) == [
        ("Celular", True, MICRO, MICRO, 0),
        ("Locais", False, 600, 600, 0),
    ]


def test_a_posting_twice_is_one(world: World) -> None:
    circuit = world.circuit(balance_u=0)
    for _ in range(2):
        charging.ledger_post(
            actor=SYSTEM, account_id=circuit.account_id, kind="debit", amount_u=-MICRO, key="x"
        )
    circuit.account.refresh_from_db()
    assert circuit.account.balance_u == -MICRO
