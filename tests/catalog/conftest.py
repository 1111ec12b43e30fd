from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.world import World, make_world
from tronco.catalog.models import Tariff, TariffVersion
from tronco.catalog.rates import RateValues
from tronco.catalog.services import tariff_create
from tronco.catalog.version_services import rate_set, version_create
from tronco.tenancy.access import Actor


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def actor(world: World) -> Actor:
    """The master's administrator."""
    return world.actor(world.master)


@pytest.fixture
def tariff(world: World, actor: Actor) -> Tariff:
    """A price list of the master's, without any version."""
    return tariff_create(actor=actor, tenant_id=world.master.pk, name="Nova")


def make_draft(actor: Actor, tariff: Tariff, **prices: str) -> TariffVersion:
    """A draft with a price per minute for each target: `p5511="0.10"`, `ldi="1.00"`."""
    version = version_create(actor=actor, tariff_id=tariff.pk)
    for target, price in prices.items():
        is_prefix = target[0] == "p" and target[1:].isdigit()
        values = RateValues(
            prefix=target[1:] if is_prefix else "",
            call_class="" if is_prefix else target,
            price_per_min=Decimal(price),
        )
        rate_set(actor=actor, version_id=version.pk, values=values)
    return version
