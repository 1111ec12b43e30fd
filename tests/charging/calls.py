"""Calls for the tests of charging: requests as call control would make them, and a gateway."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db import connection

from tronco.charging.gateway import Gateway, Grant
from tronco.charging.models import Account, Authorization
from tronco.charging.pricing import CallPrice
from tronco.charging.requests import CallRequest, Line
from tronco.charging.services import EndedCall, SettledCall, calls_settle, ledger_post
from tronco.circuits.models import Circuit
from tronco.core.errors import TroncoError
from tronco.numbering.classify import classify
from tronco.tenancy.access import SYSTEM

T = TypeVar("T")
FIXED = "1133334444"
MOBILE = "11987654321"
TOLL_FREE = "08007261234"
# The answer of a call whose time of day does not matter.
ANSWER = datetime(2026, 3, 2, 13, tzinfo=UTC)
_ids = itertools.count(1)


def line_of(circuit: Circuit) -> Line:
    return Line(
        account_id=circuit.account_id,
        tenant_id=circuit.tenant_id,
        circuit_id=circuit.pk,
        status=circuit.status,
        allowed_classes=frozenset(circuit.allowed_classes),
    )


def request(circuit: Circuit, dialled: str = FIXED, **fields: Any) -> CallRequest:
    return CallRequest(
        **{
            "call_id": f"node1-{next(_ids)}",
            "central": "node1",
            "direction": "out",
            "caller": circuit.number,
            "dialled": dialled,
            "number": classify(dialled, own_ddd=circuit.own_ddd),
            "line": line_of(circuit),
            "at": datetime.now(UTC),
            **fields,
        }
    )


def with_gateway(work: Callable[[Gateway], Awaitable[T]], **options: Any) -> T:
    """Run `work` with a gateway whose gate is open."""

    async def run() -> T:
        async with Gateway(**options) as gateway:
            await gateway.open_gate("node1")
            return await work(gateway)

    return asyncio.run(run())


def authorise(*requests: CallRequest) -> list[Grant | str]:
    """Ask for these calls one after the other: grants, or the codes of what was raised."""

    async def work(gateway: Gateway) -> list[Grant | str]:
        return [await attempt(gateway.authorise(one)) for one in requests]

    return with_gateway(work)


def authorise_at_once(*requests: CallRequest, connections: int = 8) -> list[Grant | str]:
    async def work(gateway: Gateway) -> list[Grant | str]:
        return await asyncio.gather(*(attempt(gateway.authorise(one)) for one in requests))

    return with_gateway(work, connections=connections)


async def attempt(asked: Awaitable[T]) -> T | str:
    """Return what is awaited, or the code of the error of ours that it raises."""
    try:
        return await asked
    except TroncoError as error:
        return error.code


def granted(results: Sequence[Grant | str]) -> list[Grant]:
    return [one for one in results if isinstance(one, Grant)]


def settle(call_id: str, seconds: float | None, **fields: Any) -> SettledCall:
    """End one call, answered or (None) not."""
    answered = {} if seconds is None else {"answered_at": ANSWER}
    ended = EndedCall(
        **{
            "call_id": call_id,
            "duration_ms": round((seconds or 0) * 1000),
            **answered,
            **fields,
        }
    )
    (settled,) = calls_settle([ended])
    return settled


def charge(call_id: str, seconds: float, **fields: Any) -> CallPrice:
    """End one answered call and return what it was charged."""
    price = settle(call_id, seconds, **fields).price
    assert price is not None
    return price


def post(account: Account, amount_u: int, *, key: str = "") -> None:
    """Credit or debit an account by hand."""
    ledger_post(
        actor=SYSTEM,
        account_id=account.pk,
        kind="credit" if amount_u > 0 else "debit",
        amount_u=amount_u,
        key=key or f"test {next(_ids)}",
    )


def post_and_close(account: Account, amount_u: int) -> None:
    """The same from another thread, which must not leave its connection behind."""
    try:
        post(account, amount_u)
    finally:
        connection.close()


def account_of(circuit: Circuit) -> Account:
    return Account.objects.get(pk=circuit.account_id)


def state_of(call_id: str) -> str:
    return Authorization.objects.get(pk=call_id).state
