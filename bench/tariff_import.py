"""A price list of 100,000 prefixes from CSV: read, checked, stored as a draft, compared, published.

It has 500 different prices in five cadences. The floor is a COPY of the same rows, ready made, into
a table like ours with its indexes and checks.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from tests.support.private_database import private_database

CADENCES = ("30;6;3", "60;60;0", "30;6;0", "1;1;0", "60;6;3")
DDDS = (11, 12, 13, 19, 21, 27, 31, 41, 47, 48, 51, 61, 62, 71, 81, 85, 91)


def run(rows: int = 100_000, rounds: int = 3) -> list[dict[str, Any]]:
    with private_database("bench"):
        return _measure(rows, rounds)


def make_file(rows: int) -> bytes:
    """The market's layout, as an operator's spreadsheet writes it."""
    chance = random.Random(1)  # noqa: S311  the same every time
    prefixes: set[str] = set()
    while len(prefixes) < rows:
        prefixes.add(f"55{chance.choice(DDDS)}{chance.randint(2000, 99999)}")
    lines = [
        f"{prefix};LOCALIDADE {n % 5000};{'C' if prefix[4] == '9' else 'F'};"
        f"0,{chance.randint(1, 500) * 19:04};{chance.choice(CADENCES)};1"
        for n, prefix in enumerate(sorted(prefixes))
    ]
    return "\r\n".join(lines).encode("cp1252")


def _measure(rows: int, rounds: int) -> list[dict[str, Any]]:
    from tronco.catalog.differences import CHANGES, count_differences, list_differences
    from tronco.catalog.imports import rates_import
    from tronco.catalog.margins import list_below_cost
    from tronco.catalog.models import TariffVersion
    from tronco.catalog.services import tariff_create
    from tronco.catalog.sheet import read_sheet, write_sheet
    from tronco.catalog.version_services import version_publish
    from tronco.tenancy.access import SYSTEM
    from tronco.tenancy.models import Tenant

    data = make_file(rows)
    master = Tenant.objects.create(kind="master", name="Operadora", path="/1/")
    tariff = tariff_create(actor=SYSTEM, tenant_id=master.pk, name="Varejo")
    reading_s = _best(lambda: read_sheet(data), rounds)
    copy_s = _best(lambda: _raw_copy(read_sheet(data).rates), rounds, inner=True)
    versions: list[TariffVersion] = []

    def load() -> None:
        made = rates_import(actor=SYSTEM, tariff_id=tariff.pk, file_name="p.csv", data=data)
        versions.append(made.version)

    import_s = _best(load, rounds)
    old, new = versions[:2]
    ids = {"old_id": old.pk, "new_id": new.pk}

    def preview() -> None:
        count_differences(**ids)
        for change in CHANGES:
            list_differences(**ids, change=change, limit=20)

    rates = list(new.rates.all())
    return [
        {"name": f"read and check {rows:,} lines", "value": reading_s * 1000, "unit": "ms"},
        {
            "name": f"import {rows:,} lines into a draft",
            "value": rows / import_s,
            "unit": "lines/s",
            "floor": rows / copy_s,
            "ratio": copy_s / import_s,
        },
        {"name": "raw COPY of the same rows", "value": copy_s * 1000, "unit": "ms"},
        {"name": "import, whole", "value": import_s * 1000, "unit": "ms"},
        {"name": "preview: all differences", "value": _best(preview, rounds) * 1000, "unit": "ms"},
        {
            "name": "compare all with a list of costs",
            "value": _best(lambda: list_below_cost(sale=new, cost=old), 1) * 1000,
            "unit": "ms",
        },
        {
            "name": "publish",
            "value": _best(lambda: version_publish(actor=SYSTEM, version_id=new.pk), 1) * 1000,
            "unit": "ms",
        },
        {
            "name": "write as CSV",
            "value": _best(lambda: list(write_sheet(rates)), rounds) * 1000,
            "unit": "ms",
        },
    ]


def _raw_copy(rates: list[Any]) -> float:
    from django.db import connection, transaction

    from tronco.catalog.imports import copy_text

    text = "".join(copy_text(rates))
    columns = ", ".join(rates[0]._fields)
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("CREATE TABLE floor (LIKE catalog_rate INCLUDING ALL)")
        cursor.execute("ALTER TABLE floor ALTER version_id SET DEFAULT 1")
        start = time.perf_counter()
        with cursor.copy(f"COPY floor ({columns}) FROM STDIN") as copy:
            copy.write(text)
        seconds = time.perf_counter() - start
        cursor.execute("DROP TABLE floor")
    return seconds


def _best(work: Callable[[], Any], rounds: int, *, inner: bool = False) -> float:
    """The shortest of several rounds; `inner` when the work returns its own time."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        result = work()
        found.append(result if inner else time.perf_counter() - start)
    return min(found)
