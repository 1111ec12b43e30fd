"""Plans, allowances and price lists as such."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import ProgrammingError, connection, transaction

from tests.catalog.conftest import make_draft
from tests.support.world import World
from tronco.catalog.imports import rates_import
from tronco.catalog.models import Allowance, Plan, Rate, Tariff, TariffVersion
from tronco.catalog.selectors import get_plan, list_plans, list_tariffs
from tronco.catalog.services import (
    allowance_remove,
    allowance_set,
    plan_change,
    plan_create,
    plan_delete,
    plan_retire,
    tariff_create,
    tariff_delete,
    tariff_rename,
)
from tronco.catalog.version_services import version_publish
from tronco.core.errors import Conflict, InvalidInput, NotAllowed, NotFound, TroncoError
from tronco.core.money import MICRO
from tronco.identity.roles import Role
from tronco.tenancy.access import Actor, bind_scope

HOUR = 3600


def make_plan(actor: Actor, tariff: Tariff, **fields: Any) -> Plan:
    facts = {"tenant_id": tariff.tenant_id, "tariff_id": tariff.pk, "name": "P", "kind": "control"}
    return plan_create(actor=actor, **{**facts, **fields})


def test_a_plan_from_birth_to_retirement(actor: Actor, tariff: Tariff) -> None:
    plan = make_plan(actor, tariff, monthly_fee_u=30 * MICRO)
    assert (plan.rounding, plan.decimals, plan.sell_below_cost) == ("down", 2, False)
    plan_change(actor=actor, plan_id=plan.pk, name="Q", rounding="half_up", decimals=4)
    plan_retire(actor=actor, plan_id=plan.pk)
    plan = get_plan(actor=actor, plan_id=plan.pk)
    assert (plan.name, plan.decimals, plan.monthly_fee_u) == ("Q", 4, 30 * MICRO)
    assert plan.kind == "control"
    assert not plan.is_active
    plan_delete(actor=actor, plan_id=plan.pk)
    assert not Plan.objects.filter(pk=plan.pk).exists()


# fields | error, field
BAD_PLANS: list[tuple[dict[str, Any], type[TroncoError], str | None]] = [
    ({"kind": "free"}, InvalidInput, "kind"),
    ({"name": ""}, InvalidInput, "name"),
    ({"rounding": "sideways"}, InvalidInput, "rounding"),
    ({"decimals": 7}, InvalidInput, "decimals"),
    ({"monthly_fee_u": -1}, InvalidInput, "monthly_fee_u"),
    ({"tariff_id": 0}, NotFound, None),
    ({"tenant_id": 0}, NotFound, None),
    ({"name": "Varejo prepaid"}, Conflict, None),
]


@pytest.mark.parametrize(("fields", "error", "field"), BAD_PLANS)
def test_a_plan_that_cannot_be_is_refused(
    actor: Actor,
    tariff: Tariff,
    fields: dict[str, Any],
    error: type[TroncoError],
    field: str | None,
) -> None:
    with pytest.raises(error) as refused:
        make_plan(actor, tariff, **fields)
    assert getattr(refused.value, "field", None) == field


def test_a_plan_sells_by_a_sale_list_of_its_own_seller(world: World, actor: Actor) -> None:
    cost = world.carrier.cost_tariff
    assert cost is not None
    of_reseller = world.plan(world.reseller_a).tariff
    for tariff in (cost, of_reseller):
        with pytest.raises(InvalidInput) as refused:
            plan_create(
                actor=actor,
                tenant_id=world.master.pk,
                tariff_id=tariff.pk,
                name="X",
                kind="prepaid",
            )
        assert refused.value.field == "tariff"


def test_a_customer_does_not_sell(world: World, actor: Actor) -> None:
    with pytest.raises(InvalidInput) as refused:
        tariff_create(actor=actor, tenant_id=world.customer.pk, name="X")
    assert refused.value.field == "tenant"


def test_a_plan_in_use_is_retired_not_deleted(world: World, actor: Actor) -> None:
    plan = world.plan(world.master)
    world.circuit()
    with pytest.raises(Conflict) as refused:
        plan_delete(actor=actor, plan_id=plan.pk)
    assert refused.value.code == "plan-in-use"
    with pytest.raises(Conflict) as refused:
        tariff_delete(actor=actor, tariff_id=tariff_create_used(actor, world).pk)
    assert refused.value.code == "tariff-in-use"


def tariff_create_used(actor: Actor, world: World) -> Tariff:
    tariff = tariff_create(actor=actor, tenant_id=world.master.pk, name="Usada")
    make_plan(actor, tariff)
    return tariff


def test_allowances_of_a_plan(actor: Actor, tariff: Tariff) -> None:
    plan = make_plan(actor, tariff)
    local = allowance_set(
        actor=actor,
        plan_id=plan.pk,
        name="100 minutos",
        classes=["local_mobile", "local_fixed", "local_mobile"],
        unit="seconds",
        amount=100 * 60,
    )
    assert local.classes == ["local_fixed", "local_mobile"]
    allowance_set(
        actor=actor,
        plan_id=plan.pk,
        allowance_id=local.pk,
        name="1 hora",
        classes=["local_fixed"],
        unit="seconds",
        amount=HOUR,
    )
    money = allowance_set(
        actor=actor,
        plan_id=plan.pk,
        name="R$ 10",
        classes=["ldi"],
        unit="money",
        amount=10 * MICRO,
        position=2,
    )
    assert [(a.name, a.amount) for a in plan.allowances.all()] == [
        ("1 hora", HOUR),
        ("R$ 10", 10 * MICRO),
    ]
    allowance_remove(actor=actor, allowance_id=money.pk)
    assert plan.allowances.count() == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"classes": []}, "classes"),
        ({"classes": ["moon"]}, "classes"),
        ({"amount": 0}, "amount"),
        ({"unit": "pounds"}, "unit"),
        ({"name": ""}, "name"),
    ],
)
def test_an_allowance_that_cannot_be_is_refused(
    actor: Actor, tariff: Tariff, fields: dict[str, Any], field: str
) -> None:
    plan = make_plan(actor, tariff)
    good: dict[str, Any] = {"name": "A", "classes": ["ldi"], "unit": "seconds", "amount": 1}
    with pytest.raises(InvalidInput) as refused:
        allowance_set(actor=actor, plan_id=plan.pk, **{**good, **fields})
    assert refused.value.field == field


def test_an_allowance_of_another_plan_is_not_found(actor: Actor, tariff: Tariff) -> None:
    one, other = make_plan(actor, tariff), make_plan(actor, tariff, name="Other")
    facts: dict[str, Any] = {"name": "A", "classes": ["ldi"], "unit": "seconds", "amount": 1}
    allowance = allowance_set(actor=actor, plan_id=one.pk, **facts)
    with pytest.raises(NotFound):
        allowance_set(actor=actor, plan_id=other.pk, allowance_id=allowance.pk, **facts)


def test_a_price_list_is_renamed_and_keeps_its_zone(actor: Actor, world: World) -> None:
    tariff = tariff_create(
        actor=actor, tenant_id=world.master.pk, name="Norte", timezone_name="America/Manaus"
    )
    tariff = tariff_rename(actor=actor, tariff_id=tariff.pk, name="Amazonas")
    assert (str(tariff), tariff.timezone) == ("Amazonas", "America/Manaus")
    with pytest.raises(InvalidInput) as refused:
        tariff_create(actor=actor, tenant_id=world.master.pk, name="X", timezone_name="Brasília")
    assert refused.value.field == "timezone"


def test_each_sees_what_he_and_those_below_him_sell(world: World) -> None:
    def names(actor: Actor) -> set[tuple[str, str]]:
        return {(str(plan.tenant), plan.name) for plan in list_plans(actor=actor)}

    assert {tenant for tenant, _ in names(world.actor(world.master))} == {
        "Operadora", "Revenda A", "Revenda A1", "Revenda B",
    }  # fmt: skip
    assert {tenant for tenant, _ in names(world.actor(world.reseller_a))} == {
        "Revenda A", "Revenda A1",
    }  # fmt: skip
    assert names(world.actor(world.customer)) == set()


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.READ_ONLY])
def test_who_may_only_look_changes_nothing(world: World, tariff: Tariff, role: Role) -> None:
    actor = world.actor(world.master, role)
    plan = world.plan(world.master)
    attempts: list[Callable[[], object]] = [
        lambda: make_plan(actor, tariff),
        lambda: plan_change(actor=actor, plan_id=plan.pk, name="X"),
        lambda: plan_retire(actor=actor, plan_id=plan.pk),
        lambda: plan_delete(actor=actor, plan_id=plan.pk),
        lambda: tariff_create(actor=actor, tenant_id=world.master.pk, name="X"),
        lambda: tariff_rename(actor=actor, tariff_id=tariff.pk, name="X"),
        lambda: tariff_delete(actor=actor, tariff_id=tariff.pk),
        lambda: rates_import(actor=actor, tariff_id=tariff.pk, file_name="x", data=b"x"),
    ]
    for attempt in attempts:
        with pytest.raises(NotAllowed):
            attempt()


class TestWebRole:
    """The same through PostgreSQL's own eyes: what a web process may read and write."""

    @pytest.fixture(autouse=True)
    def _as_owner_again(self, db: None) -> Any:
        yield
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")

    def become(self, actor: Actor) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET ROLE tronco_web")
        bind_scope(actor.scopes)

    def test_a_reseller_reads_what_he_buys_by_but_no_drafts(
        self, world: World, actor: Actor
    ) -> None:
        bought = world.plan(world.master, "wholesale").tariff
        draft = make_draft(actor, bought, ldi="9")
        buyer = world.actor(world.reseller_a)
        self.become(buyer)
        assert Tariff.objects.filter(pk=bought.pk).exists()
        published = Rate.objects.filter(version__tariff=bought)
        assert published.count() == 8
        assert not Rate.objects.filter(version=draft.pk).exists()
        assert [v.number for v in TariffVersion.objects.filter(tariff=bought)] == [1]
        # On his screens not even the published one is listed: it is not his.
        assert not TariffVersion.objects.visible_to(buyer).filter(tariff=bought).exists()
        # Its seller sees both.
        self.become(actor)
        assert TariffVersion.objects.filter(tariff=bought).count() == 2
        self.become(buyer)
        # Nor what only others buy by.
        retail = Tariff.objects.filter(tenant=world.master, name="Varejo")
        assert not retail.exists()

    def test_a_reseller_writes_no_prices_of_what_he_buys_by(
        self, world: World, actor: Actor
    ) -> None:
        bought = world.plan(world.master, "wholesale").tariff
        draft = make_draft(actor, bought, ldi="9")
        self.become(world.actor(world.reseller_a))
        assert Rate.objects.filter(version=draft.pk).update(price_per_min=0) == 0
        assert Rate.objects.filter(version=draft.pk).delete()[0] == 0
        with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
            Rate.objects.create(version_id=draft.pk, prefix="1", price_per_min=0)

    def test_a_reseller_makes_and_publishes_his_own(self, world: World) -> None:
        actor = world.actor(world.reseller_a)
        self.become(actor)
        tariff = tariff_create(actor=actor, tenant_id=world.reseller_a.pk, name="Nova")
        made = rates_import(
            actor=actor,
            tariff_id=tariff.pk,
            file_name="precos.csv",
            data=b"5511;X;F;0,10;30;6;3;1\n55119;X;C;0,30;30;6;3;1\n",
        )
        version_publish(actor=actor, version_id=made.version_id)
        assert TariffVersion.objects.get(pk=made.version_id).rates.count() == 2
        with pytest.raises(Exception, match="is published"), transaction.atomic():
            Rate.objects.filter(version=made.version_id).update(price_per_min=0)

    def test_allowances_of_others_do_not_exist(self, world: World, actor: Actor) -> None:
        plan = world.plan(world.reseller_b)
        allowance_set(
            actor=actor, plan_id=plan.pk, name="A", classes=["ldi"], unit="seconds", amount=1
        )
        self.become(world.actor(world.reseller_a))
        assert not Allowance.objects.exists()


def test_lists_show_only_what_is_visible(world: World) -> None:
    rows = list_tariffs(actor=world.actor(world.reseller_b))
    row = rows.get()
    assert (row.name, row.plan_count) == ("Varejo", 3)  # type: ignore[attr-defined]
