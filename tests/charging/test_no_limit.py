"""A postpaid account without a limit calls on, whatever it owes."""

from __future__ import annotations

import pytest

from tests.charging.calls import request, with_gateway
from tests.support.world import make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("balance_u", [0, -5_000_000_000])
def test_no_limit_is_no_limit(balance_u: int) -> None:
    circuit = make_world().circuit(plan="postpaid", balance_u=balance_u, limit_u=None)
    grant = with_gateway(lambda gateway: gateway.authorise(request(circuit)))
    assert (grant.deadline_s, grant.is_final) == (60, False)
