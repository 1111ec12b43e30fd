"""The ledger against a model of it: a page of plain arithmetic, one thing after the other.

Up to four things are done at the same time, over several connections. What came out must be what
the model says for *some* order of them, all the answers and all the money of it.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import hypothesis.strategies as st
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.charging.calls import ANSWER, attempt, post, request
from tests.support.world import World, make_account, make_tenant
from tronco.catalog.models import Allowance, Plan
from tronco.charging.gateway import Gateway, Grant
from tronco.charging.models import Account, Authorization, Bucket, Hold, MeterDay
from tronco.charging.requests import Limit
from tronco.charging.services import EndedCall, calls_settle
from tronco.circuits.models import Circuit

FRANCHISE_MS = 90_000
SLOTS = 4
# For each 6 s a cent of the customer, half a cent of the reseller (`tests.support.world`).
STEP_U = {"customer": 10_000, "reseller": 5_000}
# What the customer's calls of the day may cost.
DAY_U = 350_000


class Op(NamedTuple):
    """start, extend, settle (seconds), release of the call in a slot; post (µR$) to an account."""

    verb: str
    slot: int = 0
    amount: int = 0
    account: str = "customer"


@dataclass
class Purse:
    balance: int
    held: int = 0
    used: int = 0

    @property
    def available(self) -> int:
        return self.balance - self.held


@dataclass
class Call:
    state: str = "none"  # none, open, settled, released
    deadline: int = 0
    money: dict[str, int] = field(default_factory=dict)
    franchise: int = 0


@dataclass
class Model:
    """What should be. All costs are of 30 s at first, then of steps of 6 s."""

    purses: dict[str, Purse]
    calls: dict[int, Call] = field(default_factory=dict)
    franchise_used: int = 0
    franchise_held: int = 0
    day: int = 0

    def do(self, op: Op) -> Any:
        answer: Callable[[Op], Any] = getattr(self, op.verb)
        return answer(op)

    def start(self, op: Op) -> int | str:
        call = self.calls[op.slot]
        if call.state == "open":
            return call.deadline
        if call.state != "none":
            return "call-ended"
        return self._climb(call, range(30, 61, 6))

    def extend(self, op: Op) -> int | str:
        call = self.calls[op.slot]
        if call.state == "none":
            return "call-unknown"
        if call.state != "open":
            return "call-ended"
        grid = range(call.deadline + 6, call.deadline + 61, 6)
        granted = self._climb(call, grid)
        return call.deadline if isinstance(granted, str) else granted

    def settle(self, op: Op) -> str:
        call = self.calls[op.slot]
        if call.state == "none":
            return "unknown"
        if call.state != "settled":
            price, franchise = self._price(call, min(op.amount, call.deadline))
            self._unhold(call)
            for name, paid in price.items():
                self.purses[name].balance -= paid
                self.purses[name].used += paid
            self.day += price["customer"]
            self.franchise_used += franchise
            call.state = "settled"
        return "settled"

    def release(self, op: Op) -> str:
        call = self.calls[op.slot]
        if call.state == "open":
            self._unhold(call)
            call.franchise = 0
            call.state = "released"
        return {"none": "unknown", "settled": "settled"}.get(call.state, "released")

    def post(self, op: Op) -> None:
        self.purses[op.account].balance += op.amount

    def _climb(self, call: Call, grid: range) -> int | str:
        free = FRANCHISE_MS - self.franchise_used - self.franchise_held + call.franchise
        granted, reason = None, "too-much-today"
        for seconds in grid:  # the last that can be paid
            franchise = min(seconds * 1000, free)
            cost = {
                "customer": (seconds * 1000 - franchise) * 10_000 // 6_000 // 10_000 * 10_000,
                "reseller": seconds // 6 * STEP_U["reseller"],
            }
            if self._may_spend(call, cost["customer"], franchise):
                reason = "no-credit"
                if all(self._can_pay(call, name, cost[name], franchise) for name in cost):
                    granted = (seconds, cost, franchise)
        if granted is None:
            return reason
        self._unhold(call)
        call.state = "open"
        call.deadline, call.money, call.franchise = granted
        for name, amount in call.money.items():
            self.purses[name].held += amount
        self.day += call.money["customer"]
        self.franchise_held += call.franchise
        return call.deadline

    def _can_pay(self, call: Call, name: str, cost: int, franchise: int) -> bool:
        begins = 0 if name == "customer" and franchise else 1
        return self._reaches(call, name, cost, begins, self.purses[name].available)

    def _may_spend(self, call: Call, cost: int, franchise: int) -> bool:
        return self._reaches(call, "customer", cost, 0 if franchise else 1, DAY_U - self.day)

    def _reaches(self, call: Call, name: str, cost: int, begins: int, available: int) -> bool:
        if call.state == "none" and available < begins:
            return False
        return cost - call.money.get(name, 0) <= max(available, 0)

    def _price(self, call: Call, seconds: int) -> tuple[dict[str, int], int]:
        if seconds < 3:
            return {"customer": 0, "reseller": 0}, 0
        billed = max(30, -(-seconds // 6) * 6)
        franchise = min(billed * 1000, call.franchise)
        money = (billed * 1000 - franchise) * 10_000 // 6_000 // 10_000 * 10_000
        return {"customer": money, "reseller": billed // 6 * STEP_U["reseller"]}, franchise

    def _unhold(self, call: Call) -> None:
        if call.state == "open":
            for name, amount in call.money.items():
                self.purses[name].held -= amount
            self.day -= call.money["customer"]
            self.franchise_held -= call.franchise

    def facts(self) -> dict[str, Any]:
        return {
            "purses": {n: (p.balance, p.held, p.used) for n, p in self.purses.items()},
            "franchise": (self.franchise_used, self.franchise_held),
            "day": self.day,
            "calls": {
                slot: (call.state, call.deadline, call.money, call.franchise)
                for slot, call in self.calls.items()
                if call.state != "none"
            },
        }


def ops_of(verb: str, amount: st.SearchStrategy[int]) -> st.SearchStrategy[Op]:
    slot = st.integers(0, SLOTS - 1)
    account = st.sampled_from(["customer", "reseller"])
    return st.tuples(st.just(verb), slot, amount, account).map(Op._make)


ops = st.one_of(
    ops_of("start", st.just(0)),
    ops_of("extend", st.just(0)),
    ops_of("settle", st.integers(0, 200)),
    ops_of("release", st.just(0)),
    ops_of("post", st.integers(-60_000, 200_000).filter(bool)),
)


def ends_agree(batch: list[Op]) -> bool:
    """A call is not both released and answered: that a late record is charged is tested apart,
    for it may take a prepaid account below zero."""
    ended = {verb: {op.slot for op in batch if op.verb == verb} for verb in ("settle", "release")}
    return not ended["settle"] & ended["release"]


class LedgerMachine(RuleBasedStateMachine):
    world: World
    plan: Plan

    def __init__(self) -> None:
        super().__init__()
        self.circuit, self.accounts = self._make_chain()
        self.key = f"circuit:{self.circuit.pk}"
        self.model = Model({"customer": Purse(200_000), "reseller": Purse(300_000)})
        self.ids: dict[int, str] = {}
        self.begun = itertools.count()
        self.runner = asyncio.Runner()
        self.gateway = self.runner.run(self._open())

    def teardown(self) -> None:
        self.runner.run(self.gateway.__aexit__())
        self.runner.close()

    @rule(batch=st.lists(ops, min_size=1, max_size=4).filter(ends_agree))
    def do_at_once(self, batch: list[Op]) -> None:
        for slot in range(SLOTS):
            if slot not in self.ids or self.model.calls[slot].state in {"settled", "released"}:
                self.ids[slot] = f"node1-{self.circuit.pk}-{next(self.begun)}"
                self.model.calls[slot] = Call()
        answers = self.runner.run(self._do(batch))
        facts = self._facts()
        for order in itertools.permutations(range(len(batch))):
            model = copy.deepcopy(self.model)
            said = {place: model.do(batch[place]) for place in order}
            if [said[place] for place in range(len(batch))] == answers and model.facts() == facts:
                self.model = model
                return
        raise AssertionError(
            f"no order of {batch} gives {answers} and {facts} from {self.model.facts()}"
        )

    async def _do(self, batch: Sequence[Op]) -> list[Any]:
        return await asyncio.gather(*(self._one(op) for op in batch))

    async def _one(self, op: Op) -> Any:
        call_id = self.ids[op.slot]
        if op.verb == "post":
            return await asyncio.to_thread(self._post, op)
        if op.verb in {"settle", "release"}:
            return await asyncio.to_thread(self._settle, op, call_id)
        if op.verb == "start":
            limits = (Limit(self.key, None, None, DAY_U),)
            asked = request(self.circuit, call_id=call_id, at=datetime.now(UTC), limits=limits)
            result = await attempt(self.gateway.authorise(asked))
        else:
            result = await attempt(self.gateway.extend(call_id, answered_at=ANSWER))
        return result.deadline_s if isinstance(result, Grant) else result

    def _post(self, op: Op) -> None:
        try:
            post(self.accounts[op.account], op.amount)
        finally:
            connection.close()

    def _settle(self, op: Op, call_id: str) -> str:
        answered_at = ANSWER if op.verb == "settle" else None
        ended = EndedCall(call_id=call_id, answered_at=answered_at, duration_ms=op.amount * 1000)
        try:
            return calls_settle([ended])[0].outcome
        finally:
            connection.close()

    def _facts(self) -> dict[str, Any]:
        rows = {name: Account.objects.get(pk=account.pk) for name, account in self.accounts.items()}
        bucket = Bucket.objects.filter(account=self.accounts["customer"]).first()
        calls = Authorization.objects.in_bulk(self.ids.values())
        return {
            "purses": {n: (a.balance_u, a.held_u, a.used_u) for n, a in rows.items()},
            "franchise": (bucket.used, bucket.held) if bucket else (0, 0),
            "day": sum(MeterDay.objects.filter(key=self.key).values_list("spent_u", flat=True)),
            "calls": {
                slot: (calls[call_id].state, calls[call_id].deadline_s, *self._held(call_id))
                for slot, call_id in self.ids.items()
                if call_id in calls
            },
        }

    def _held(self, call_id: str) -> tuple[dict[str, int], int]:
        """What a call holds, or held when it ended; who got the franchise matters later."""
        holds = {hold.account_id: hold for hold in Hold.objects.filter(authorization=call_id)}
        money = {name: holds[account.pk].amount_u for name, account in self.accounts.items()}
        return money, sum(holds[self.accounts["customer"].pk].bucket_amounts)

    def _make_chain(self) -> tuple[Circuit, dict[str, Account]]:
        """A reseller and his customer that no other example uses."""
        world = self.world
        reseller = make_tenant(world.master, "reseller", "Revenda do modelo")
        plan = copy.copy(self.plan)
        plan.pk, plan.tenant = None, reseller
        plan.save()
        Allowance.objects.create(
            tenant=reseller,
            plan=plan,
            name="F",
            classes=["local_fixed"],
            amount=FRANCHISE_MS // 1000,
        )
        wholesale = world.plan(world.master, "wholesale")
        purse = make_account(reseller, wholesale, balance_u=300_000, role="reseller")
        customer = make_tenant(reseller, "customer", "Cliente do modelo")
        circuit = world.circuit(tenant=customer, plan=plan, balance_u=200_000)
        return circuit, {"customer": circuit.account, "reseller": purse}

    async def _open(self) -> Gateway:
        gateway = await Gateway(connections=4).__aenter__()
        await gateway.open_gate("node1")
        return gateway


def test_ledger_does_what_the_model_does(world: World) -> None:
    LedgerMachine.world = world
    LedgerMachine.plan = world.plan(world.reseller_b, "prepaid")
    run_state_machine_as_test(
        LedgerMachine,
        settings=settings(
            max_examples=20,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
