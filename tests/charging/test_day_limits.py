"""Limits of what the calls of a day may cost the customer: never exceeded, and given back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.charging.calls import (
    ANSWER,
    FIXED,
    MOBILE,
    account_of,
    attempt,
    authorise,
    authorise_at_once,
    charge,
    granted,
    request,
    settle,
    with_gateway,
)
from tests.support.world import World
from tronco.catalog.models import Allowance
from tronco.charging.gateway import Gateway, Grant
from tronco.charging.models import MeterDay
from tronco.charging.requests import CallRequest, Limit
from tronco.charging.services import EndedCall, calls_purge, calls_settle
from tronco.circuits.models import Circuit
from tronco.core.money import MICRO

KEY = "did:7"
# 22:30 of 1 March in São Paulo, and two hours later.
LATE = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
AFTER_MIDNIGHT = LATE + timedelta(hours=2)


def limited(circuit: Circuit, max_day_u: int, *keys: str, **fields: Any) -> CallRequest:
    limits = tuple(Limit(key, None, None, max_day_u) for key in keys or (KEY,))
    return request(circuit, limits=limits, **fields)


def spent() -> dict[str, int]:
    return {f"{row.key} {row.day}": row.spent_u for row in MeterDay.objects.all()}


def spent_u() -> int:
    return sum(spent().values())


@pytest.mark.parametrize(
    ("max_day_u", "calls", "expected"),
    [
        (0, 1, ["too-much-today"]),
        (49_999, 1, ["too-much-today"]),
        (50_000, 2, [30, "too-much-today"]),
        (100_000, 2, [60, "too-much-today"]),
        (250_000, 4, [60, 60, 30, "too-much-today"]),
    ],
)
def test_limit_cuts_and_refuses(
    world: World, max_day_u: int, calls: int, expected: list[int | str]
) -> None:
    circuit = world.circuit()
    results = authorise(*(limited(circuit, max_day_u) for _ in range(calls)))
    assert [one.deadline_s if isinstance(one, Grant) else one for one in results] == expected
    assert spent_u() == sum(100_000 * one // 60 for one in expected if isinstance(one, int))


def test_worse_of_limit_and_credit_is_said(world: World) -> None:
    """Whatever cuts a call names itself; the limit is told first where both do."""
    cases = [(60_000, MICRO, "no-credit"), (MICRO, 60_000, "too-much-today")]
    for balance_u, max_day_u, reason in cases:
        circuit = world.circuit(balance_u=balance_u)
        (grant,) = granted(authorise(limited(circuit, max_day_u, f"circuit:{circuit.pk}")))
        assert (grant.deadline_s, grant.is_final, grant.reason) == (36, True, reason)
    poor = world.circuit(balance_u=0)
    assert authorise(limited(poor, 0, "circuit:0")) == ["too-much-today"]


@pytest.mark.parametrize(
    ("dialled", "minute_u", "total_u"), [(FIXED, 100_000, MICRO), (MOBILE, 300_000, 900_000)]
)
def test_thirty_at_once_never_exceed_it(
    world: World, dialled: str, minute_u: int, total_u: int
) -> None:
    circuit = world.circuit(tenant=world.customer_a1, balance_u=100 * MICRO)
    asked = [limited(circuit, MICRO, dialled=dialled) for _ in range(30)]
    results = authorise_at_once(*asked)
    grants = granted(results)
    assert spent_u() == total_u
    assert {one for one in results if isinstance(one, str)} == {"too-much-today"}
    assert sum((grant.deadline_s or 0) * minute_u // 60 for grant in grants) == total_u
    calls_settle(
        [
            EndedCall(
                call_id=grant.call_id,
                answered_at=ANSWER,
                duration_ms=(grant.deadline_s or 0) * 1000,
            )
            for grant in grants
        ]
    )
    assert spent_u() == total_u
    assert account_of(circuit).balance_u == 100 * MICRO - total_u


def test_running_call_is_prolonged_as_far_as_the_day_goes(world: World) -> None:
    circuit = world.circuit()
    first, second = (limited(circuit, 260_000) for _ in range(2))

    async def work(gateway: Gateway) -> list[tuple[int | None, str]]:
        seen = [await gateway.authorise(first), await gateway.authorise(second)]
        seen += [await gateway.extend(one.call_id, answered_at=ANSWER) for one in (first, second)]
        await gateway.release([second.call_id])
        seen.append(await gateway.extend(first.call_id))
        return [(grant.deadline_s, grant.reason) for grant in seen]

    full = "too-much-today"
    assert with_gateway(work) == [(60, ""), (60, ""), (96, full), (60, full), (156, "")]
    assert spent_u() == 260_000


def test_what_is_not_spent_is_given_back(world: World) -> None:
    circuit = world.circuit()
    calls = [limited(circuit, 300_000) for _ in range(4)]
    first, second, third, fourth = (one.call_id for one in calls)
    assert authorise(*calls)[3] == "too-much-today"
    settle(first, None)
    assert spent_u() == 200_000
    assert charge(second, 30).price_u == 50_000
    assert spent_u() == 150_000
    settle(second, 30)
    settle(first, None)
    assert spent_u() == 150_000
    assert len(granted(authorise(calls[3]))) == 1
    settle(third, 60)
    settle(fourth, 2)
    assert spent_u() == 150_000


def test_swept_call_gives_its_part_back_and_a_late_record_takes_it(world: World) -> None:
    circuit = world.circuit()
    asked = limited(circuit, 100_000)

    async def work(gateway: Gateway) -> list[str]:
        await gateway.authorise(asked)
        return await gateway.sweep("node1", [], grace_s=-1)

    assert with_gateway(work) == [asked.call_id]
    assert spent_u() == 0
    settle(asked.call_id, 60)
    assert spent_u() == 100_000


def test_call_belongs_to_the_day_it_came_in_on(world: World) -> None:
    """Midnight is São Paulo's. A call of the evening before takes nothing of the new day."""
    circuit = world.circuit()
    evening = limited(circuit, 100_000, at=LATE)
    morning = [limited(circuit, 100_000, at=AFTER_MIDNIGHT) for _ in range(2)]
    assert authorise(evening, *morning)[2] == "too-much-today"

    async def work(gateway: Gateway) -> str:
        return (await gateway.extend(evening.call_id)).reason

    assert with_gateway(work) == "too-much-today"
    settle(evening.call_id, 30)
    settle(morning[0].call_id, 60)
    assert spent() == {
        f"{KEY} {date(2026, 3, 1)}": 50_000,
        f"{KEY} {date(2026, 3, 2)}": 100_000,
    }


def test_tightest_of_several_limits_counts(world: World) -> None:
    circuit = world.circuit()
    wide, tight = Limit("a", None, None, MICRO), Limit("b", 9, 9, 60_000)
    without = Limit("c", 9, None)
    (grant,) = granted(authorise(request(circuit, limits=(without, tight, wide))))
    assert grant.deadline_s == 36
    assert {row.key: row.spent_u for row in MeterDay.objects.all()} == {"a": 60_000, "b": 60_000}


def test_only_what_the_customer_pays_counts(world: World) -> None:
    """Seconds of an allowance are none of it, though their call belongs to the day."""
    plan = world.plan(world.master)
    Allowance.objects.create(
        tenant=world.master, plan=plan, name="F", classes=["local_fixed"], amount=60
    )
    circuit = world.circuit(balance_u=0)
    free = limited(circuit, 0)

    async def work(gateway: Gateway) -> list[Any]:
        grant = await gateway.authorise(free)
        refused = await attempt(gateway.authorise(limited(circuit, 0, dialled=MOBILE)))
        more = await gateway.extend(free.call_id)
        return [grant.deadline_s, refused, more.deadline_s, more.reason]

    assert with_gateway(work) == [60, "too-much-today", 60, "too-much-today"]
    assert settle(free.call_id, 60).outcome == "settled"
    assert spent_u() == 0


def test_days_are_forgotten_with_their_calls(world: World) -> None:
    circuit = world.circuit()
    old, new = limited(circuit, MICRO, at=LATE), limited(circuit, MICRO)
    authorise(old, new)
    settle(old.call_id, 60)
    calls_purge(closed_before=LATE + timedelta(minutes=1))
    assert list(spent().values()) == [100_000]
