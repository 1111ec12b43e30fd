"""Calls as their parties see them, and what the books say afterwards."""

from __future__ import annotations

import pytest

from tests.asterisk.conftest import Town
from tests.support.asterisk import wait_until
from tests.support.invariants import assert_invariants, open_calls
from tests.support.stage import dial, refuse, ring
from tronco.calls.models import Cdr
from tronco.calls.selectors import list_live_calls
from tronco.calls.services import call_hang_up
from tronco.charging.models import Account, LedgerEntry
from tronco.circuits.models import Circuit
from tronco.demo.call import Call
from tronco.tenancy.access import SYSTEM

pytestmark = pytest.mark.asterisk


def record_of(circuit: Circuit) -> Cdr:
    """The one call of a circuit, once it is on record."""
    records = Cdr.objects.filter(circuit=circuit)
    wait_until(records.exists, f"a record of {circuit}'s call")
    return records.get()


def test_an_answered_call_is_charged_to_the_millionth(town: Town) -> None:
    circuit = town.world.circuit()
    phone = town.stage.phone(circuit)

    call = town.stage.play(dial(phone, "1133334444", talk_s=3.2))

    record = record_of(circuit)
    assert call.status == 200
    assert (record.outcome, record.called, record.trunk_id) == (
        "answered",
        "+551133334444",
        town.world.trunk.pk,
    )
    assert abs(record.duration_ms - call.seconds * 1000) < 150
    # 30 s at R$ 0,10 a minute, and at the carrier's 0,03.
    assert (record.price_u, record.cost_u, record.billed_ms) == (50_000, 15_000, 30_000)
    entry = LedgerEntry.objects.get(account=circuit.account, kind="call")
    assert (entry.amount_u, entry.key) == (-50_000, f"call:{record.call_id}")
    account = Account.objects.get(pk=circuit.account_id)
    assert (account.balance_u, account.held_u) == (10_000_000 - 50_000, 0)


def test_calls_that_nobody_answers_cost_nothing(town: Town) -> None:
    """Busy, unanswered, given up, refused by the carrier: on record, free, nothing held."""
    numbers = {
        "1133330001": ("busy", refuse(486, ring_first=True), 486, 17),
        "1133330002": ("no_answer", refuse(480, ring_first=True), 480, None),
        "1133330003": ("failed", refuse(404), 404, 1),
        "1133330004": ("cancelled", ring, 487, None),
        "1133330005": ("failed", refuse(503), 503, 34),
    }
    circuit = town.world.circuit(max_calls=None)
    phone = town.stage.phone(circuit)
    for number, (_, behaviour, _, _) in numbers.items():
        town.carrier.by_number[f"55{number}"] = behaviour

    async def scene() -> dict[str, int]:
        calls = {number: await phone.call(number) for number in numbers}
        await calls["1133330004"].wait_ringing()
        await calls["1133330004"].hang_up()
        for call in calls.values():
            await call.wait_ended()
        return {number: call.status for number, call in calls.items()}

    statuses = town.stage.play(scene())

    records = Cdr.objects.filter(circuit=circuit)
    wait_until(lambda: records.count() == len(numbers), "every call is on record")
    for number, (outcome, _, status, cause) in numbers.items():
        record = records.get(called=f"+55{number}")
        assert (number, record.outcome, statuses[number]) == (number, outcome, status)
        assert (record.price_u, record.duration_ms, record.answered_at) == (0, 0, None)
        assert cause is None or record.hangup_cause == cause
    wait_until(lambda: not open_calls(), "no call is open")
    assert not LedgerEntry.objects.filter(account=circuit.account, kind="call").exists()
    assert Account.objects.get(pk=circuit.account_id).held_u == 0
    assert_invariants(town.exchange.settings.spool)


def test_a_call_rings_another_line_of_the_customer_for_free(town: Town) -> None:
    caller, called = town.world.circuit(), town.world.circuit()
    heard: list[str] = []

    async def pick_up(call: Call) -> None:
        heard.append(call.caller)
        await call.accept()

    phone = town.stage.phone(caller)
    town.stage.phone(called, on_call=pick_up)

    call = town.stage.play(dial(phone, called.number, talk_s=0.3))

    record = record_of(caller)
    assert (call.status, heard) == (200, [caller.number])
    assert (record.direction, record.outcome, record.price_u) == ("internal", "answered", 0)


def test_a_running_call_is_seen_and_may_be_ended_by_the_operator(town: Town) -> None:
    circuit = town.world.circuit()
    phone = town.stage.phone(circuit)

    async def begin() -> Call:
        call = await phone.call("1133334444")
        assert await call.wait_answered()
        return call

    call = town.stage.play(begin())
    running = list_live_calls(actor=SYSTEM).filter(circuit_id=circuit.pk)
    assert running.get().called == "+551133334444"
    wait_until(running.filter(answered_at__isnull=False).exists, "its answer is seen", timeout_s=5)

    call_hang_up(actor=SYSTEM, call_id=running.get().call_id)

    town.stage.play(call.wait_ended(5))
    assert call.hung_up_by == "them"
    assert record_of(circuit).outcome == "answered"
    assert not running.exists()
