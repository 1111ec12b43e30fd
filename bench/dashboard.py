"""The first screen over ten million call records of thirty days, and what its roll-ups cost.

Through the real views, under the web processes' role with row-level security, as the master, a
reseller and a customer; while calls go on being recorded, so that the hour of now is never known.
The roll-ups are made by the code that mends them, from records made in SQL. What recording costs is
measured with and without roll-ups, in turns.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Any

from tests.support.private_database import private_database

RECORDS = 10_000_000
DAYS = 30
CUSTOMERS = 1_000
LINES = 5_000
ROUNDS = 30
LIMIT_MS = 200
BATCH = 100
WRITERS = 4
# Most calls go to São Paulo.
UFS = re.findall("..", "SPSPSPSPRJRJMGMGESPRSCRSDFGOTOMTMSROACBASEPEALPBRNCEPIPAAMRRAPMA")

LINES_OF = """
CREATE TABLE bench_line AS
SELECT n AS line, 10001 + n % {customers} AS tenant_id, (1 + n % {customers}) % 3 <> 0 AS resold
FROM generate_series(1, {lines}) AS n;
ALTER TABLE bench_line ADD PRIMARY KEY (line);
"""
# The last day ends now. Few lines place most calls; a few calls last for hours.
DAY = """
INSERT INTO calls_cdr (started_at, identity, call_id, tenant_id, account_id, circuit_id, trunk_id,
    central, direction, caller, dialled, called, call_class, uf, answered_at, ended_at, duration_ms,
    billed_ms, outcome, reason, hangup_cause, price_u, cost_u, charges)
SELECT at, i, 'node1-' || i, tenant_id, line, line, 1, 'node1',
       (ARRAY['out', 'out', 'out', 'in', 'internal'])[1 + floor(r1 * 4.2)],
       '+551133330000', '1133334444', '+551133334444',
       (ARRAY['local_fixed', 'local_mobile', 'ldn_fixed', 'ldn_mobile', 'ldi', 'services'])
           [1 + floor(r2 * 6)],
       (%(ufs)s::text[])[1 + floor(r3 * {ufs})],
       CASE WHEN talked > 0 THEN at + interval '5 s' END,
       CASE WHEN refused THEN at ELSE at + interval '5 s' + talked * interval '1 s' END,
       talked * 1000, talked * 1000,
       CASE WHEN refused THEN 'refused' WHEN talked > 0 THEN 'answered' ELSE 'no_answer' END,
       CASE WHEN refused THEN 'no-credit' ELSE '' END, 16, talked * 2000, talked * 800,
       CASE WHEN resold
            THEN jsonb_build_array(jsonb_build_object('level', 0, 'price_u', talked * 2000),
                                   jsonb_build_object('level', 1, 'price_u', talked * 1200))
            ELSE jsonb_build_array(jsonb_build_object('level', 0, 'price_u', talked * 2000)) END
FROM (SELECT i, random() AS r1, random() AS r2, random() AS r3, random() < 0.05 AS refused,
             %(day)s::timestamptz + random() * interval '24 h' AS at,
             1 + floor(random() * random() * {lines}) AS line,
             CASE WHEN random() < 0.7 THEN ceil(-ln(1 - random())
                 * CASE WHEN random() < 0.005 THEN 3600 ELSE 150 END) ELSE 0 END::bigint AS spoke
      FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS i) AS made
CROSS JOIN LATERAL (SELECT CASE WHEN refused THEN 0 ELSE spoke END AS talked) AS talk
JOIN bench_line USING (line)
ORDER BY at
"""


def run(records: int = RECORDS) -> list[dict[str, Any]]:
    with private_database("bench"):
        return [*_story(records), *_views(), *_recording()]


def _story(records: int) -> Iterator[dict[str, Any]]:
    """Make the operator and its month; tell how long the roll-ups took."""
    from django.conf import settings
    from django.db import connection
    from django.utils import timezone

    from tests.support.world import make_tenant
    from tronco.calls.rollups import check_rollups, rollups_rebuild
    from tronco.calls.services import ensure_partitions

    settings.TRONCO_HOSTS = [*settings.TRONCO_HOSTS, "testserver"]
    master = make_tenant(None, "master", "Operadora")
    now = timezone.now()
    begins = [now - timedelta(days=n) for n in range(DAYS, 0, -1)]
    days = [timezone.localdate(begins[0]), timezone.localdate(now)]
    a_day = records // DAYS
    ensure_partitions({*begins, now})
    with connection.cursor() as cursor:
        _make_tenants(master)
        cursor.execute(LINES_OF.format(customers=CUSTOMERS, lines=LINES))
        _make_lines(master)
        for number, begin_at in enumerate(begins):
            first = number * a_day
            last = first + a_day - 1
            cursor.execute(
                DAY.format(lines=LINES, ufs=len(UFS)),
                {"day": begin_at, "ufs": UFS, "first": first, "last": last},
            )
        cursor.execute("VACUUM ANALYZE calls_cdr")
    begin = time.perf_counter()
    rollups_rebuild(first=days[0], last=days[-1])
    spent = time.perf_counter() - begin
    yield {"name": "roll-ups made again from the records", "value": records / spent, "unit": "1/s"}
    begin = time.perf_counter()
    if drifts := list(check_rollups(first=days[-1] - timedelta(days=6), last=days[-1])):
        raise RuntimeError(f"the roll-ups do not equal the records: {drifts}")
    spent = time.perf_counter() - begin
    yield {"name": "a week checked against its records", "value": spent, "unit": "s"}
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE calls_daily")
        cursor.execute("VACUUM ANALYZE calls_hourly")


def _make_tenants(master: Any) -> None:
    """Ten resellers and their customers; a third of the customers are the master's own."""
    from tronco.tenancy.models import Tenant

    sellers = [
        Tenant(
            id=1000 + n, parent=master, path=f"/1/{1000 + n}/", kind="reseller", name=f"Revenda {n}"
        )
        for n in range(1, 11)
    ]
    customers = []
    for n in range(1, CUSTOMERS + 1):
        seller = master if n % 3 == 0 else sellers[n % 10]
        path = f"{seller.path}{10_000 + n}/"
        customers.append(
            Tenant(id=10_000 + n, parent=seller, path=path, kind="customer", name=f"Cliente {n}")
        )
    Tenant.objects.bulk_create([*sellers, *customers])


def _make_lines(master: Any) -> None:
    """Circuits and numbers to count."""
    from tests.support.world import make_tariff
    from tronco.catalog.models import Plan
    from tronco.centrals.models import Central
    from tronco.charging.models import Account
    from tronco.circuits.models import Circuit
    from tronco.dids.models import Did

    tariff = make_tariff(master, "Varejo", "0.10")
    plan = Plan.objects.create(tenant=master, name="Pré", kind="prepaid", tariff=tariff)
    central = Central.objects.create(tenant=master, name="node1", host="127.0.0.1")
    owners = [10_001 + n % CUSTOMERS for n in range(LINES)]
    accounts = Account.objects.bulk_create(Account(tenant_id=one, plan=plan) for one in owners)
    Circuit.objects.bulk_create(
        Circuit(tenant_id=one.tenant_id, account=one, central=central, number=str(10_000 + n))
        for n, one in enumerate(accounts)
    )
    Did.objects.bulk_create(
        Did(tenant_id=owner, raw=f"113{n:07}", e164=f"+55113{n:07}")
        for n, owner in enumerate(owners)
    )


def _views() -> Iterator[dict[str, Any]]:
    """How long each request takes, in milliseconds."""
    from django.urls import reverse
    from django.utils import timezone

    from tests.support.web import make_user, signed_in
    from tronco.dashboard.charts import CHARTS
    from tronco.identity.roles import Role
    from tronco.tenancy.models import Tenant

    yesterday = f"?first={timezone.localdate() - timedelta(days=1)}"
    yesterday += yesterday.replace("?first", "&last")
    viewers = {"master": "/1/", "reseller": "/1/1001/", "customer": "/1/1003/10002/"}
    clients = {}
    for name, path in viewers.items():
        tenant = Tenant.objects.get(path=path)
        role = Role.CUSTOMER_ADMINISTRATOR if name == "customer" else Role.ADMINISTRATOR
        clients[name] = signed_in(make_user(tenant, role))
        _spent_ms(clients[name], reverse("dashboard:home"))  # the first request imports the screens
        first = _spent_ms(
            clients[name], reverse("dashboard:chart", args=["simultaneous"]) + yesterday
        )
        yield {"name": f"{name}: a day's peaks, looked at first", "value": first, "unit": "ms"}
    pages = {
        "page": reverse("dashboard:home"),
        **{name: reverse("dashboard:chart", args=[name]) for name in CHARTS},
        "simultaneous, a past day": reverse("dashboard:chart", args=["simultaneous"]) + yesterday,
    }
    spent: dict[tuple[str, str], list[float]] = {}
    for _ in range(ROUNDS):
        for page, address in pages.items():
            for name, client in clients.items():
                _record(_calls(10, "node1"))
                spent.setdefault((name, page), []).append(_spent_ms(client, address))
    for name in clients:
        every = [value for key, values in spent.items() if key[0] == name for value in values]
        yield _figure(f"{name}: every request", every)
        for page in pages:
            yield _figure(f"  {page}", spent[name, page])


def _figure(name: str, spent: list[float]) -> dict[str, Any]:
    p95 = quantiles(spent, n=20)[-1]
    return {
        "name": f"{name}, p95 (median {median(spent):.0f})",
        "value": p95,
        "unit": "ms",
        "floor": LIMIT_MS,
        "ratio": LIMIT_MS / p95,
        "aim": 1.0,
    }


def _spent_ms(client: Any, address: str) -> float:
    begin = time.perf_counter()
    answer = client.get(address)
    if answer.status_code != 200:
        raise RuntimeError(f"{address}: {answer.status_code}")
    return (time.perf_counter() - begin) * 1000


def _recording() -> Iterator[dict[str, Any]]:
    """Records inserted with their roll-ups and without, by one recorder and by several."""
    cases: dict[str, Callable[[int], str]] = {
        "1 recorder": lambda _n: "node1",
        f"{WRITERS} recorders, a central each": lambda n: f"node{n + 2}",
        f"{WRITERS} recorders of one central": lambda _n: "node9",
    }
    for name, central in cases.items():
        writers = 1 if name.startswith("1 ") else WRITERS
        rates: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(5):
            for rolled in (True, False):
                rates[rolled].append(_rate(writers, central, rolled=rolled))
        ours, bare = median(rates[True]), median(rates[False])
        yield {
            "name": f"insert records, batches of {BATCH}, {name}",
            "value": ours,
            "unit": "1/s",
            "floor": bare,
            "ratio": ours / bare,
        }


def _rate(writers: int, central: Callable[[int], str], *, rolled: bool, batches: int = 20) -> float:
    from django.db import connection

    work = [[_calls(BATCH, central(n)) for _ in range(batches)] for n in range(writers)]

    def write(mine: list[list[dict[str, Any]]]) -> None:
        for records in mine:
            (_record if rolled else _insert)(records)
        if writers > 1:
            connection.close()

    begin = time.perf_counter()
    if writers == 1:
        write(work[0])
    else:
        with ThreadPoolExecutor(writers) as pool:
            list(pool.map(write, work))
    return writers * batches * BATCH / (time.perf_counter() - begin)


def _record(records: list[dict[str, Any]]) -> None:
    from tronco.calls.services import records_insert

    records_insert(records)


def _insert(records: list[dict[str, Any]]) -> None:
    """The same without roll-ups."""
    import json

    from django.db import connection

    from tronco.calls.services import ensure_partitions

    ensure_partitions({record["started_at"] for record in records})
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO calls_cdr"
            " SELECT * FROM jsonb_populate_recordset(NULL::calls_cdr, %s::jsonb)"
            " ON CONFLICT (started_at, identity) DO NOTHING RETURNING call_id",
            [json.dumps(records, default=str)],
        )


_chance = random.Random(1)  # noqa: S311  the same every time


def _calls(count: int, central: str) -> list[dict[str, Any]]:
    """Calls that end now."""
    from django.utils import timezone

    now = timezone.now()
    return [_call(now - timedelta(seconds=_chance.random() * 60), central) for _ in range(count)]


def _call(at: datetime, central: str) -> dict[str, Any]:
    customer = 10_001 + _chance.randrange(CUSTOMERS)
    identity = _chance.getrandbits(62)
    lasts = _chance.randint(1, 300)
    return {
        "started_at": at - timedelta(seconds=lasts), "identity": identity,
        "call_id": f"{central}-{identity}", "tenant_id": customer, "account_id": customer,
        "circuit_id": customer, "did_id": None, "trunk_id": 1, "central": central,
        "direction": _chance.choice(["out", "out", "in"]), "caller": "+551133330000",
        "dialled": "1133334444", "called": "+551133334444",
        "call_class": _chance.choice(["local_fixed", "local_mobile", "ldn_mobile"]),
        "uf": _chance.choice(UFS), "answered_at": at - timedelta(seconds=lasts),
        "ended_at": at, "duration_ms": lasts * 1000, "billed_ms": lasts * 1000,
        "outcome": "answered", "reason": "", "hangup_cause": 16, "price_u": lasts * 2000,
        "cost_u": lasts * 800,
        "charges": [{"level": 0, "price_u": lasts * 2000}, {"level": 1, "price_u": lasts * 1200}],
        "explanation": {"attempts": []},
    }  # fmt: skip
