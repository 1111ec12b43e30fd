"""Calls for the tests of charging: requests as call control would make them, and a gateway."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from tronco.charging.gateway import Gateway
from tronco.charging.requests import CallRequest, Line
from tronco.circuits.models import Circuit
from tronco.numbering.classify import classify

T = TypeVar("T")
_ids = itertools.count(1)
FIXED = "1133334444"


def line_of(circuit: Circuit) -> Line:
    return Line(
        account_id=circuit.account_id,
        tenant_id=circuit.tenant_id,
        circuit_id=circuit.pk,
        status=circuit.status,
        allowed_classes=frozenset(circuit.allowed_classes),
    )


def request(
    circuit: Circuit, dialled: str = FIXED, *, call_id: str = "", **fields: Any
) -> CallRequest:
    return CallRequest(
        call_id=call_id or f"node1-{next(_ids)}",
        central="node1",
        direction="out",
        caller=circuit.number,
        dialled=dialled,
        number=classify(dialled, own_ddd=circuit.own_ddd),
        **{"line": line_of(circuit), "at": datetime.now(UTC), **fields},
    )


def with_gateway(work: Callable[[Gateway], Awaitable[T]], **options: Any) -> T:
    """Run `work` with a gateway whose gate is open."""

    async def run() -> T:
        async with Gateway(**options) as gateway:
            await gateway.open_gate("node1")
            return await work(gateway)

    return asyncio.run(run())
