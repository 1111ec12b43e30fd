"""What all screens do, for those of the catalogue."""

from __future__ import annotations

from typing import Any

from tests.catalog.conftest import make_draft
from tests.support.world import World
from tests.ui.cases import ResourceCase
from tronco.catalog.models import Allowance, Plan, Rate, Tariff, TariffVersion
from tronco.catalog.services import allowance_set, plan_create, tariff_create
from tronco.catalog.tariff_views import Rates, Tariffs, Versions
from tronco.catalog.version_services import version_create
from tronco.catalog.views import Allowances, Plans
from tronco.core.money import MICRO


def make_tariff(world: World, name: str) -> Tariff:
    actor = world.actor(world.master)
    return tariff_create(actor=actor, tenant_id=world.master.pk, name=name)


def make_plan(world: World, name: str) -> Plan:
    return plan_create(
        actor=world.actor(world.master),
        tenant_id=world.master.pk,
        tariff_id=world.plan(world.master).tariff_id,
        name=name,
        kind="control",
        monthly_fee_u=30 * MICRO,
    )


class TestPlans(ResourceCase):
    resource = Plans
    changes = {"name": "Outro", "monthly_fee_u": "12,34"}
    bulk = {"is_active": ""}

    def make(self, world: World, name: str = "Primeiro") -> Plan:
        return make_plan(world, name)

    def typed(self, world: World) -> dict[str, Any]:
        return {
            "tenant": world.master.pk,
            "name": "Novo",
            "kind": "prepaid",
            "is_active": "on",
            "tariff": world.plan(world.master).tariff_id,
            "monthly_fee_u": "0,00",
            "rounding": "down",
            "decimals": "2",
        }


class TestAllowances(ResourceCase):
    resource = Allowances
    changes = {"name": "Outra", "minutes": "200"}

    def make(self, world: World, name: str = "Primeira") -> Allowance:
        return allowance_set(
            actor=world.actor(world.master),
            plan_id=world.plan(world.master, "control").pk,
            name=name,
            classes=["local_fixed", "local_mobile"],
            unit="seconds",
            amount=6000,
        )

    def typed(self, world: World) -> dict[str, Any]:
        return {
            "plan": world.plan(world.master, "control").pk,
            "name": "Nova",
            "classes": ["ldi"],
            "unit": "money",
            "value_u": "10,00",
            "position": "1",
        }


class TestTariffs(ResourceCase):
    resource = Tariffs
    changes = {"name": "Outra"}

    def make(self, world: World, name: str = "Primeira") -> Tariff:
        return make_tariff(world, name)

    def typed(self, world: World) -> dict[str, Any]:
        return {
            "tenant": world.master.pk,
            "name": "Nova",
            "kind": "sale",
            "timezone": "America/Manaus",
        }


class TestVersions(ResourceCase):
    resource = Versions

    def make(self, world: World, name: str = "Primeira") -> TariffVersion:
        return version_create(
            actor=world.actor(world.master), tariff_id=make_tariff(world, name).pk
        )


class TestRates(ResourceCase):
    resource = Rates
    changes = {
        "price_per_min": "0,55",
        "description": "Outra",
        "row-TOTAL_FORMS": "0",
        "row-INITIAL_FORMS": "0",
    }

    def make(self, world: World, name: str = "Primeira") -> Rate:
        draft = make_draft(world.actor(world.master), make_tariff(world, name), p5511="0.10")
        return draft.rates.get()

    def typed(self, world: World) -> dict[str, Any]:
        tariff = make_tariff(world, "Nova")
        draft = version_create(actor=world.actor(world.master), tariff_id=tariff.pk)
        return {
            "version": draft.pk,
            "prefix": "5521",
            "price_per_min": "0,10",
            "minimum_s": "30",
            "step_s": "6",
            "free_under_s": "3",
            "pricing": "usual",
            "row-TOTAL_FORMS": "0",
            "row-INITIAL_FORMS": "0",
        }
