"""Saving an object as it was opened changes nothing, whoever opened it."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tests.support.web import WebClient, administrator, make_user, signed_in
from tests.support.world import World, make_world
from tronco.circuits.models import Circuit
from tronco.customers.models import Subscription
from tronco.customers.services import customer_create
from tronco.dids.models import Did, NumberRange
from tronco.dids.services import did_create
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant
from tronco.ui.bulk import as_typed


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def customer(world: World) -> Tenant:
    """With a plan, and no line that is charged by it."""
    facts: dict[str, Any] = {"parent_id": world.master.pk, "name": "Padaria Trigo"}
    return customer_create(actor=SYSTEM, plan_id=world.plan(world.master).pk, **facts)


@pytest.fixture
def limited(world: World, customer: Tenant) -> WebClient:
    """Sees one customer, and nothing of who sells to him."""
    user = make_user(world.master, username="vera")
    user.customers.add(customer)
    return signed_in(user)


def save_as_opened(client: WebClient, url: str, **typed: str) -> None:
    """What a browser sends: of what is chosen, only what the page offers."""
    form = client.get(url).context["form"]
    data: dict[str, Any] = {}
    for bound in form:
        value = bound.value()
        value = as_typed(getattr(value, "pk", value))
        offered: Any = getattr(bound.field, "queryset", None)
        if offered is not None:
            value = [one for one in value if offered.filter(pk=one).exists()]
        if value:
            data[bound.name] = value
    answer = client.post(url, {**data, **typed})
    assert answer.status_code == 302, answer.context["form"].errors


def retire_plans(world: World) -> None:
    for plan in world.plans.values():
        plan.is_active = False
        plan.save()


@pytest.mark.parametrize("who", ["limited", "master"])
def test_a_customer_keeps_his_plan(
    world: World, customer: Tenant, limited: WebClient, who: str
) -> None:
    retire_plans(world)
    client = limited if who == "limited" else administrator(world)
    url = reverse("tenancy:customer_edit", args=[customer.pk])
    save_as_opened(client, url, phone="1135550199")
    assert Tenant.objects.get(pk=customer.pk).phone == "1135550199"
    kept = Subscription.objects.get(tenant=customer)
    assert kept.plan_id == world.plan(world.master).pk


@pytest.mark.parametrize("who", ["limited", "master"])
def test_a_line_keeps_its_plan(
    world: World, customer: Tenant, limited: WebClient, who: str
) -> None:
    circuit = world.circuit(tenant=customer)
    retire_plans(world)
    client = limited if who == "limited" else administrator(world)
    url = reverse("circuits:circuit_edit", args=[circuit.pk])
    save_as_opened(client, url, description="Balcão")
    circuit.refresh_from_db()
    assert (circuit.description, circuit.account.plan) == ("Balcão", world.plan(world.master))


@pytest.mark.parametrize("who", ["limited", "master"])
def test_a_number_keeps_its_range_and_plan(
    world: World, customer: Tenant, limited: WebClient, who: str
) -> None:
    client = limited if who == "limited" else administrator(world)
    check_number(world, client, customer)


def test_a_resellers_number_keeps_the_masters_range(world: World) -> None:
    check_number(world, administrator(world, world.reseller_a), world.customer_a)


def check_number(world: World, client: WebClient, holder: Tenant) -> None:
    block = NumberRange.objects.create(
        tenant=world.master, name="Paulista", area="5511", first="33334000", last="33334099"
    )
    assert holder.parent is not None
    plan = world.plan(holder.parent)
    facts: dict[str, Any] = {"range_id": block.pk, "plan_id": plan.pk}
    did = did_create(actor=SYSTEM, tenant_id=holder.pk, raw="551133334000", **facts).did
    retire_plans(world)
    save_as_opened(client, reverse("dids:did_edit", args=[did.pk]), description="Balcão")
    kept = Did.objects.get(pk=did.pk)
    assert (kept.description, kept.range, kept.plan, kept.tenant) == (
        "Balcão",
        block,
        plan,
        holder,
    )


def test_who_sees_some_customers_makes_lines_on_the_plans_they_have(
    world: World, customer: Tenant, limited: WebClient
) -> None:
    bought = world.circuit(tenant=customer).account.plan
    url = reverse("circuits:circuit_add")
    page = limited.get(url)
    offered = [str(key) for key, _label in page.context["form"].fields["plan"].choices]
    assert offered == ["", str(bought.pk)]
    typed = {
        "tenant": customer.pk,
        "number": "1140010001",
        "central": world.central.pk,
        "cycle_day": "1",
        "own_ddd": "11",
        "allowed_classes": ["local_fixed"],
        "max_calls": "2",
        "max_contacts": "1",
        "codecs": "alaw",
    }
    other = world.plan(world.master, "postpaid")
    answer = limited.post(url, typed | {"plan": other.pk})
    assert "plan" in answer.context["form"].errors
    answer = limited.post(url, typed | {"plan": bought.pk})
    assert answer.status_code == 200, answer.context["form"].errors  # its password, once
    assert Circuit.objects.get(number="1140010001").account.plan == bought


def test_who_sees_some_customers_takes_no_number_away(
    world: World, customer: Tenant, limited: WebClient
) -> None:
    did = did_create(actor=SYSTEM, tenant_id=customer.pk, raw="551133334000").did
    url = reverse("dids:did_edit", args=[did.pk])
    answer = limited.post(url, {"raw": did.raw, "allowed_callers": ["fixed"]})
    assert "subscriber" in answer.context["form"].errors
    assert Did.objects.get(pk=did.pk).tenant == customer
