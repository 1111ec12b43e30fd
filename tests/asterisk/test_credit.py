"""Money ends calls: to the second, with a tone before, and not a millionth below zero."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.asterisk.conftest import Town
from tests.support.asterisk import wait_until
from tests.support.invariants import assert_invariants, open_calls
from tests.support.stage import Stage, answer_without_audio
from tests.support.world import World, make_tariff
from tronco.calls.models import Cdr
from tronco.catalog.models import Allowance, CallClass, Plan, Rate, Tariff, TariffVersion
from tronco.charging.models import Account, LedgerEntry
from tronco.charging.services import ledger_post
from tronco.circuits.models import Circuit
from tronco.core.money import MICRO
from tronco.demo.agent import Agent
from tronco.demo.call import Call
from tronco.tenancy.access import SYSTEM

pytestmark = pytest.mark.asterisk
# R$ 0,60 a minute by the second: a second is a cent.
SECOND_U = 10_000


@pytest.fixture(scope="module")
def by_the_second(town: Town, django_db_blocker: pytest.FixtureRequest) -> Plan:
    """A prepaid plan whose calls cost a cent for every second begun."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        return second_plan(town.world, "Por segundo")


def second_plan(world: World, name: str) -> Plan:
    tariff = make_tariff(world.master, name, "0.60", minimum_s=1, step_s=1, free_under_s=0)
    return Plan.objects.create(
        tenant=world.master,
        name=name,
        kind=Plan.Kind.PREPAID,
        tariff=tariff,
        rounding=Plan.Rounding.NONE,
    )


def balance_u(circuit: Circuit) -> int:
    return Account.objects.get(pk=circuit.account_id).balance_u


def spent_of(account: Account | int) -> int:
    entries = LedgerEntry.objects.filter(account=account, kind="call")
    return -sum(entries.values_list("amount_u", flat=True))


def spent_u(circuit: Circuit) -> int:
    return spent_of(circuit.account_id)


def wait_until_settled(calls: int, **found: object) -> None:
    records = Cdr.objects.filter(**found)
    wait_until(lambda: records.count() >= calls, f"{calls} records", timeout_s=20)
    wait_until(lambda: not open_calls(), "no call is open", timeout_s=20)


def seconds_of(circuit: Circuit) -> float:
    wait_until(Cdr.objects.filter(circuit=circuit).exists, "the record")
    return Cdr.objects.get(circuit=circuit).duration_ms / 1000


def start(stage: Stage, phone: Agent, number: str = "1133334444") -> Call:
    """An answered call; nobody hangs up."""

    async def scene() -> Call:
        call = await phone.call(number)
        assert await call.wait_answered(), call.status
        return call

    return stage.play(scene())


def test_credit_for_eight_seconds_is_eight_seconds_and_a_tone(
    town: Town, by_the_second: Plan
) -> None:
    circuit = town.world.circuit(plan=by_the_second, balance_u=8 * SECOND_U)
    phone = town.stage.phone(circuit)

    call = start(town.stage, phone)
    town.stage.play(call.wait_ended(15))

    assert abs(call.seconds - 8) < 1
    assert call.hung_up_by == "them"
    assert abs(seconds_of(circuit) - 8) < 1
    assert (balance_u(circuit), spent_u(circuit)) == (0, 8 * SECOND_U)
    assert call.audio is not None and call.answered_at is not None and call.ended_at is not None
    heard = [sound.at - call.answered_at for sound in call.audio.sounds]
    assert heard, "the caller heard no tone"
    assert 3 < min(heard) < 8
    far = town.carrier.called("551133334444")[0]
    assert far.audio is not None
    assert far.audio.packets_in > 100
    assert far.audio.sounds == [], "the called party heard the tone"


def test_a_top_up_during_the_call_prolongs_it(town: Town, by_the_second: Plan) -> None:
    circuit = town.world.circuit(plan=by_the_second, balance_u=6 * SECOND_U)
    phone = town.stage.phone(circuit)

    call = start(town.stage, phone)
    town.stage.play(asyncio.sleep(4.5))  # refused a slice, and warned
    ledger_post(
        actor=SYSTEM, account_id=circuit.account_id, kind="credit", amount_u=6 * SECOND_U, key="+"
    )
    town.stage.play(call.wait_ended(20))

    assert abs(call.seconds - 12) < 1
    assert abs(seconds_of(circuit) - 12) < 1
    assert (balance_u(circuit), spent_u(circuit)) == (0, 12 * SECOND_U)


def test_a_line_suspended_during_the_call_is_not_prolonged(town: Town) -> None:
    """It ends with the slice that was held before, ten seconds here, credit or not."""
    circuit = town.world.circuit(plan=second_plan(town.world, "Suspensa"), balance_u=MICRO)
    phone = town.stage.phone(circuit)

    call = start(town.stage, phone)
    circuit.status = Circuit.Status.SUSPENDED
    circuit.save()
    town.stage.play(call.wait_ended(20))

    assert call.hung_up_by == "them"
    assert abs(call.seconds - 10) < 1
    wait_until_settled(1, circuit=circuit)
    assert abs(spent_u(circuit) - 10 * SECOND_U) <= SECOND_U


def test_a_price_change_during_the_call_does_not_touch_it(town: Town) -> None:
    plan = second_plan(town.world, "Reajuste")
    circuit = town.world.circuit(plan=plan, balance_u=100 * SECOND_U)
    phone = town.stage.phone(circuit)

    call = start(town.stage, phone)
    dearer = TariffVersion.objects.create(
        tenant=town.world.master,
        tariff=plan.tariff,
        number=2,
        effective_at=datetime.now(UTC),
        created_by="tests",
    )
    Rate.objects.bulk_create(
        Rate(version=dearer, call_class=one, price_per_min=Decimal(60), minimum_s=1, step_s=1)
        for one in CallClass.values
    )
    dearer.status = TariffVersion.Status.PUBLISHED
    dearer.save()
    town.stage.play(asyncio.sleep(6))  # prolonged at least once
    town.stage.play(call.hang_up())

    seconds = seconds_of(circuit)
    assert 5.9 < seconds < 7
    assert spent_u(circuit) == (int(seconds) + 1) * SECOND_U


@dataclass
class Rush:
    """What became of many calls at once."""

    answered: int
    refused: dict[int, int]


def rush(town: Town, circuit: Circuit, *, calls: int = 30, talk_s: float = 4) -> Rush:
    """Place them all at once, and hang up those that were answered."""
    phone = town.stage.phone(circuit)
    town.carrier.otherwise = answer_without_audio

    async def scene() -> list[Call]:
        placed = [await phone.call("1133335555", media=False) for _ in range(calls)]
        for call in placed:
            await call.wait_answered(20)
        await asyncio.sleep(talk_s)
        for call in placed:
            await call.hang_up()
        return placed

    placed = town.stage.play(scene())
    refused = [call.status for call in placed if call.answered_at is None]
    return Rush(len(placed) - len(refused), {status: refused.count(status) for status in refused})


def test_thirty_calls_at_once_on_one_real(town: Town) -> None:
    """At R$ 0,10 a minute in steps of 30 s, R$ 1,00 is twenty half minutes."""
    circuit = town.world.circuit(balance_u=1_000_000, max_calls=None)

    result = rush(town, circuit)

    wait_until_settled(30, circuit=circuit)
    assert 10 <= result.answered <= 20
    assert result.refused == {402: 30 - result.answered}
    assert spent_u(circuit) == result.answered * 50_000 <= 1_000_000
    assert balance_u(circuit) == 1_000_000 - spent_u(circuit) >= 0
    assert_invariants(town.exchange.settings.spool)


def test_thirty_calls_at_once_on_an_allowance(town: Town) -> None:
    """Ten half minutes of allowance and R$ 0,25: fifteen calls, of which five are paid."""
    seller = town.world.master
    plan = Plan.objects.create(
        tenant=seller,
        name="Com franquia",
        kind=Plan.Kind.PREPAID,
        tariff=Tariff.objects.get(tenant=seller, name="Varejo"),
    )
    Allowance.objects.create(
        tenant=seller, plan=plan, name="Fixo", classes=["local_fixed"], amount=300
    )
    circuit = town.world.circuit(plan=plan, balance_u=250_000, max_calls=None)

    result = rush(town, circuit)

    wait_until_settled(30, circuit=circuit)
    assert result.refused == {402: 30 - result.answered}
    bucket = Account.objects.get(pk=circuit.account_id).buckets.get()
    assert bucket.held == 0
    assert bucket.used // 30_000 + spent_u(circuit) // 50_000 == result.answered
    assert bucket.used <= 300_000
    assert balance_u(circuit) >= 0
    assert_invariants(town.exchange.settings.spool)


@pytest.fixture
def short_of_credit(town: Town) -> Iterator[Account]:
    """Reseller A with R$ 0,25; he gets back what was taken from him."""
    account = town.world.reseller_account(town.world.reseller_a)
    taken_u = account.balance_u - 250_000
    ledger_post(actor=SYSTEM, account_id=account.pk, kind="debit", amount_u=-taken_u, key="less")
    yield account
    ledger_post(actor=SYSTEM, account_id=account.pk, kind="credit", amount_u=taken_u, key="back")


def test_thirty_calls_at_once_on_a_short_reseller(town: Town, short_of_credit: Account) -> None:
    """The customer has plenty; his reseller's reseller has R$ 0,25 at 0,05 a minute."""
    world = town.world
    circuit = world.circuit(tenant=world.customer_a1, balance_u=100_000_000, max_calls=None)
    chain = [short_of_credit, world.reseller_account(world.reseller_a1)]
    before_u = [spent_of(account) for account in chain]

    result = rush(town, circuit)

    wait_until_settled(30, circuit=circuit)
    assert 0 < result.answered <= 10
    assert result.refused == {402: 30 - result.answered}
    spent = [spent_of(account) - before for account, before in zip(chain, before_u, strict=True)]
    assert spent == [result.answered * 25_000, result.answered * 35_000]
    assert spent[0] <= 250_000
    assert spent_u(circuit) == result.answered * 50_000
    assert_invariants(town.exchange.settings.spool)
