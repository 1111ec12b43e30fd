"""The gateway has connections of its own, so these tests commit what they do.

Every test leaves every invariant standing.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.world import World, make_world
from tronco.charging.invariants import check_all


@pytest.fixture
def world(transactional_db: None) -> Iterator[World]:
    yield make_world()
    assert check_all() == []
