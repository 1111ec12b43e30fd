"""The world that other tests stand on is what its docstring says."""

from __future__ import annotations

import pytest

from tests.support.world import make_world
from tronco.charging.models import Account

pytestmark = pytest.mark.django_db


def test_world_has_accounts_at_every_level_of_its_chains() -> None:
    world = make_world(reseller_balance_u=7)
    circuit = world.circuit(tenant=world.customer_a1, balance_u=5)
    chain = [
        circuit.account,
        world.reseller_account(world.reseller_a1),
        world.reseller_account(world.reseller_a),
    ]
    assert [(account.balance_u, account.plan.tenant) for account in chain] == [
        (5, world.reseller_a1),
        (7, world.reseller_a),
        (7, world.master),
    ]
    assert Account.objects.visible_to(world.actor(world.reseller_b)).count() == 1
