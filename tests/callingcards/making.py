"""Series and cards for tests."""

from __future__ import annotations

import itertools
from typing import Any

from tests.support.world import World
from tronco.callingcards.models import Card, CardSeries
from tronco.callingcards.services import NewCard, cards_generate, series_create
from tronco.core.money import MICRO
from tronco.tenancy.access import SYSTEM
from tronco.tenancy.models import Tenant

_names = itertools.count(1)


def make_series(world: World, seller: Tenant | None = None, **fields: Any) -> CardSeries:
    """A series of cards of R$ 10,00 on the seller's prepaid plan."""
    owner = seller or world.master
    values = {"name": f"Série {next(_names)}", "face_value_u": 10 * MICRO, "valid_days": None}
    return series_create(
        actor=SYSTEM,
        tenant_id=owner.pk,
        plan_id=world.plan(owner).pk,
        **{**values, **fields},
    )


def make_cards(series: CardSeries, count: int = 1, *, activate: bool = True) -> list[NewCard]:
    return cards_generate(actor=SYSTEM, series_id=series.pk, count=count, activate=activate)


def make_card(world: World, seller: Tenant | None = None, **fields: Any) -> Card:
    """An active card in a series of its own."""
    (new,) = make_cards(make_series(world, seller, **fields))
    return Card.objects.get(number=new.number)
