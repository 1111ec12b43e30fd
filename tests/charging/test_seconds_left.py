"""What a caller is told he may talk is how long his call is then let last."""

from __future__ import annotations

import pytest

from tests.charging.calls import TOLL_FREE, post, request, with_gateway
from tests.support.world import World
from tronco.catalog.models import Allowance
from tronco.charging.gateway import Gateway, Grant
from tronco.charging.requests import CallRequest, Limit
from tronco.core.money import MICRO


async def told_and_let(gateway: Gateway, asked: CallRequest) -> tuple[int | None, int | None]:
    """The seconds that are told, and the last deadline, slice by slice."""
    grant: Grant = await gateway.authorise(asked)
    told = await gateway.seconds_left(grant)
    while grant.deadline_s is not None and not grant.is_final and grant.deadline_s < 2000:
        grant = await gateway.extend(grant.call_id)
    return told, grant.deadline_s


def told_and_lasts(asked: CallRequest) -> tuple[int | None, int | None]:
    return with_gateway(lambda gateway: told_and_let(gateway, asked))


@pytest.mark.parametrize(
    ("balance_u", "seconds"), [(50_000, 30), (59_999, 30), (160_000, 96), (2 * MICRO, 1200)]
)
def test_it_is_what_the_balance_pays(world: World, balance_u: int, seconds: int) -> None:
    """R$ 0,10 a minute, 30 s and then each 6 s."""
    circuit = world.circuit(balance_u=balance_u)
    assert told_and_lasts(request(circuit)) == (seconds, seconds)


def test_the_credit_of_the_reseller_counts_too(world: World) -> None:
    circuit = world.circuit(tenant=world.customer_a)
    reseller = world.reseller_account(world.reseller_a)
    post(reseller, 100_000 - reseller.balance_u)
    assert told_and_lasts(request(circuit)) == (120, 120)


def test_what_other_calls_hold_is_not_to_be_had(world: World) -> None:
    circuit = world.circuit(balance_u=200_000)

    async def work(gateway: Gateway) -> tuple[int | None, int | None]:
        await gateway.authorise(request(circuit))
        return await told_and_let(gateway, request(circuit))

    assert with_gateway(work) == (60, 60)


def test_the_limit_of_the_day_counts(world: World) -> None:
    circuit = world.circuit()
    limit = Limit("did:7", None, None, 150_000)
    assert told_and_lasts(request(circuit, limits=(limit,))) == (90, 90)


def test_an_allowance_counts(world: World) -> None:
    circuit = world.circuit(balance_u=100_000)
    Allowance.objects.create(
        tenant=world.master,
        plan=circuit.account.plan,
        unit="seconds",
        amount=300,
        classes=["ldn_fixed", "local_fixed"],
    )
    assert told_and_lasts(request(circuit)) == (360, 360)


def test_there_is_nothing_to_tell_without_a_limit_or_a_price(world: World) -> None:
    postpaid = world.circuit(plan="postpaid", limit_u=None)
    assert told_and_lasts(request(postpaid))[0] is None
    inside = request(world.circuit(), is_charged=False)
    assert told_and_lasts(inside) == (None, None)
    assert told_and_lasts(request(world.circuit(), TOLL_FREE))[0] is None
