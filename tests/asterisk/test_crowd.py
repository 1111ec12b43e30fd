"""Forty callers at once, half pressing keys in a menu, half waiting in a group: none is lost."""

from __future__ import annotations

import pytest

from tests.asterisk.conftest import FIRST, Town
from tests.asterisk.numbers import assert_settled, balance_u
from tests.support.asterisk import wait_until
from tests.support.crowd import Plan, Told, crowds
from tests.support.stage import ring
from tests.support.voice import make_did, make_menu, wait_for_configuration
from tronco.calls.models import Cdr
from tronco.core.money import MICRO
from tronco.dids.models import Did
from tronco.pbx.models import Queue, QueueMember
from tronco.sipcore.queues import queue_name

pytestmark = pytest.mark.asterisk
EACH, EVERY_S, TALK_S = 20, 0.1, 8.0
# What a telephone hears in a second.
PACKETS = 50


def test_forty_callers_are_all_served(town: Town) -> None:
    payer = town.world.circuit(tenant=town.world.customer_a)
    member = town.world.circuit(tenant=payer.tenant)
    menu = make_menu(payer.tenant, {"1": {"action": "repeat"}})
    queue = Queue.objects.create(
        tenant=payer.tenant, name="Espera", announces_position=False, max_callers=EACH
    )
    QueueMember.objects.create(queue=queue, tenant=payer.tenant, circuit=member)
    numbers = [
        make_did("menu", tenant=payer.tenant, menu=menu, payer=payer, reverse_charging=True),
        make_did("queue", tenant=payer.tenant, queue=queue, payer=payer, reverse_charging=True),
    ]
    town.stage.phone(member, on_call=ring)
    wait_for_configuration(town.exchange)
    wait_until(
        lambda: "(Not in use)" in town.exchange.node.rx(f"queue show {queue_name(queue.pk)}"),
        "the switch sees the member's telephone",
    )

    plans = [
        Plan(
            server=town.exchange.server,
            address=FIRST,
            number=did.raw,
            first_caller=1133000000 + 1000 * place,
            callers=EACH,
            every_s=EVERY_S,
            talk_s=TALK_S,
            key_every_s=2 if did.mode == "menu" else 0,
        )
        for place, did in enumerate(numbers)
    ]
    with crowds(*plans) as calling:
        told = calling.wait()

    for did, plan, calls in zip(numbers, plans, told, strict=True):
        assert_served(calls)
        assert_recorded(did, plan, calls)
    assert balance_u(payer.account) == 10 * MICRO - 2 * EACH * 50_000
    assert_settled(town)


def assert_served(calls: list[Told]) -> None:
    """All were answered, stayed until they hung up, and heard something all the while."""
    assert {(call.answered, call.status, call.hung_up_by) for call in calls} == {(True, 200, "us")}
    assert all(call.seconds > TALK_S - 3 for call in calls)
    assert all(call.packets > call.seconds * PACKETS / 2 for call in calls)


def assert_recorded(did: Did, plan: Plan, calls: list[Told]) -> None:
    """Each once, as long as it was."""
    records = Cdr.objects.filter(did=did, direction="in")
    wait_until(lambda: records.count() == len(calls), "all calls are on record", timeout_s=15)
    by_caller = {record.caller.removeprefix("+55"): record for record in records}
    for place, call in enumerate(calls):
        record = by_caller[str(plan.first_caller + place)]
        assert (record.outcome, record.price_u) == ("answered", 50_000)
        assert abs(record.duration_ms / 1000 - call.seconds) < 1
