"""Authorisations a second, against the least a database can do for one; and settlements.

The floor is a bare transaction that takes money from an account and records the call, an UPDATE and
an INSERT, through the same connection pool by the same number of clients: no price, no limits, no
chain, no key. The strictest floor, told beside it, is both in one statement, so one round trip.
They are measured in turns, on 20,000 accounts and on a single hot one, over a PostgreSQL server of
the benchmark's own. Commits do not wait for the disk, as with authorisations; settlements do.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from statistics import median
from typing import Any

from tests.support.private_database import private_database

ACCOUNTS = 20_000
CLIENTS = (1, 8, 32)
CONNECTIONS = 8
FIRST_CLIENTS = 8
AIM = 0.5
BATCH = 100
BARE = """
CREATE TABLE bare_account (id bigint PRIMARY KEY, balance bigint, held bigint)
    WITH (fillfactor = 50);
CREATE TABLE bare_call (id text PRIMARY KEY, account bigint, amount bigint, at timestamptz);
INSERT INTO bare_account SELECT id, 1e15, 0 FROM charging_account;
"""
UPDATE = "UPDATE bare_account SET held = held + %s WHERE id = %s AND balance - held >= %s"
INSERT = "INSERT INTO bare_call VALUES (%s, %s, %s, %s)"
BOTH = (
    "WITH taken AS (UPDATE bare_account SET held = held + %s WHERE id = %s "
    "AND balance - held >= %s RETURNING id) "
    "INSERT INTO bare_call SELECT %s, id, %s, %s FROM taken"
)
BARE_BATCH = """
WITH call AS (SELECT * FROM unnest(%s::bigint[], %s::text[]) AS call (account, id)),
     paid AS (UPDATE bare_account SET balance = balance - n FROM
              (SELECT account, count(*) AS n FROM call GROUP BY account) AS total
              WHERE bare_account.id = total.account)
INSERT INTO bare_call SELECT id, account, 1, now() FROM call
"""
Work = Callable[[], Awaitable[object]]
_ids = itertools.count(1)


def run(seconds: float = 2.0, rounds: int = 3) -> list[dict[str, Any]]:
    with private_database("bench"):
        lines = make_lines(ACCOUNTS)
        return [
            *asyncio.run(_authorisations(lines, seconds, rounds)),
            *_settlements(lines, batches=20),
        ]


def make_lines(count: int) -> list[Any]:
    """Prepaid accounts of a master's customers, each as the line of a circuit."""
    from django.db import connection

    from tests.support.world import make_tariff, make_tenant
    from tronco.catalog.models import Plan
    from tronco.charging.models import Account
    from tronco.charging.requests import Line

    master = make_tenant(None, "master", "Operadora")
    tariff = make_tariff(master, "Varejo", "0.10")
    plan = Plan.objects.create(tenant=master, name="Pré", kind="prepaid", tariff=tariff)
    customers = [make_tenant(master, "customer", f"Cliente {n}") for n in range(100)]
    rows = [Account(tenant=customers[n % 100], plan=plan, balance_u=10**15) for n in range(count)]
    Account.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute(BARE)
        cursor.execute("VACUUM ANALYZE")
    return [Line(account_id=row.pk, tenant_id=row.tenant_id, circuit_id=row.pk) for row in rows]


async def _authorisations(
    lines: Sequence[Any], seconds: float, rounds: int
) -> list[dict[str, Any]]:
    from tronco.charging.gateway import Gateway

    rows = []
    async with Gateway(connections=CONNECTIONS) as gateway:
        await gateway.open_gate("bench")
        rows.append(await _first_calls(gateway, lines))
        chance = random.Random(1)  # noqa: S311  the same every time
        choices = {
            f"{ACCOUNTS:,} accounts": lambda: chance.choice(lines),
            "one hot account": lambda: lines[0],
        }
        for name, choose in choices.items():
            works = {
                "ours": authorising(gateway, choose),
                "one statement": holding(gateway, choose),
                "transaction": holding_in_steps(gateway, choose),
            }
            for clients in CLIENTS:
                rates: dict[str, list[float]] = {key: [] for key in works}
                for _ in range(rounds):
                    for key, work in works.items():
                        rates[key].append(await rate_of(work, clients, seconds))
                rows += _figures(f"{clients} clients, {name}", rates)
    return rows


async def _first_calls(gateway: Any, lines: Sequence[Any]) -> dict[str, Any]:
    """The first call of an account also reads its configuration; afterwards all is in memory."""
    fresh = iter(lines)
    work = authorising(gateway, lambda: next(fresh))

    async def client() -> None:
        for _ in range(len(lines) // FIRST_CLIENTS):
            await work()

    begin = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(FIRST_CLIENTS)))
    rate = len(lines) / (time.perf_counter() - begin)
    return {"name": "authorise, 8 clients, first call of each", "value": rate, "unit": "1/s"}


def authorising(gateway: Any, choose: Callable[[], Any]) -> Work:
    from tronco.charging.requests import CallRequest, Limit
    from tronco.numbering.classify import classify

    number = classify("1133334444", own_ddd=11)

    def work() -> Awaitable[object]:
        line = choose()
        request = CallRequest(
            call_id=f"bench-{next(_ids)}",
            central="bench",
            direction="out",
            caller="1001",
            dialled="1133334444",
            number=number,
            line=line,
            at=datetime.now(UTC),
            limits=(Limit(f"circuit:{line.circuit_id}", 10**9, None),),
        )
        answer: Awaitable[object] = gateway.authorise(request)
        return answer

    return work


def holding(gateway: Any, choose: Callable[[], Any]) -> Work:
    async def work() -> None:
        account = choose().account_id
        values = (100_000, account, 100_000, f"bare-{next(_ids)}", 100_000, datetime.now(UTC))
        async with gateway.database.connection() as connection:
            await connection.execute(BOTH, values)

    return work


def holding_in_steps(gateway: Any, choose: Callable[[], Any]) -> Work:
    async def work() -> None:
        account = choose().account_id
        async with gateway.database.connection() as connection, connection.transaction():
            await connection.execute(UPDATE, (100_000, account, 100_000))
            call = (f"bare-{next(_ids)}", account, 100_000, datetime.now(UTC))
            await connection.execute(INSERT, call)

    return work


async def rate_of(work: Work, clients: int, seconds: float) -> float:
    """Calls of `work` a second, by so many clients that each wait for their answer."""
    done = 0
    until = time.perf_counter() + seconds

    async def client() -> None:
        nonlocal done
        while time.perf_counter() < until:
            await work()
            done += 1

    begin = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return done / (time.perf_counter() - begin)


def _figures(name: str, rates: dict[str, list[float]]) -> list[dict[str, Any]]:
    value = median(rates["ours"])
    transaction, one = median(rates["transaction"]), median(rates["one statement"])
    return [
        {
            "name": f"authorise, {name}",
            "value": value,
            "unit": "1/s",
            "floor": transaction,
            "ratio": value / transaction,
            "aim": AIM,
        },
        {
            "name": "  the same against UPDATE and INSERT in one statement",
            "value": value,
            "unit": "1/s",
            "floor": one,
            "ratio": value / one,
        },
    ]


def _settlements(lines: Sequence[Any], batches: int) -> list[dict[str, Any]]:
    """Settle what was authorised, in batches that wait for the disk."""
    from django.db import connection

    from tronco.charging.models import Authorization
    from tronco.charging.services import EndedCall, calls_settle

    calls = list(
        Authorization.objects.filter(state="open").values_list("pk", flat=True)[: BATCH * batches]
    )
    chance = random.Random(1)  # noqa: S311
    spent, floor = 0.0, 0.0
    for place in range(0, len(calls), BATCH):
        some = calls[place : place + BATCH]
        ended = [
            EndedCall(call_id=call, answered_at=datetime.now(UTC), duration_ms=45_000)
            for call in some
        ]
        begin = time.perf_counter()
        calls_settle(ended)
        middle = time.perf_counter()
        accounts = [chance.choice(lines).account_id for _ in some]
        with connection.cursor() as cursor:
            cursor.execute(BARE_BATCH, [accounts, [f"end-{call}" for call in some]])
        spent += middle - begin
        floor += time.perf_counter() - middle
    return [
        {
            "name": f"settle, batches of {BATCH}",
            "value": len(calls) / spent,
            "unit": "1/s",
            "floor": len(calls) / floor,
            "ratio": floor / spent,
        }
    ]
