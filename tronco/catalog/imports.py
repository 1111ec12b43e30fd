"""Price lists from files: into a draft, whose difference from the current prices is the preview."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Literal

from django.db import connection, transaction
from django.utils import timezone

from tronco.catalog.models import RateImport, TariffVersion
from tronco.catalog.rates import RateValues
from tronco.catalog.selectors import find_version_at
from tronco.catalog.sheet import Sheet, read_sheet
from tronco.catalog.version_services import version_create
from tronco.tenancy.access import Actor

# The file is the whole list, or changes and adds to the one in effect.
Mode = Literal["replace", "merge"]
# Beyond, a person corrects the file's maker and not its lines.
MAX_ISSUES = 10_000
_COLUMNS = ", ".join(RateValues._fields)
_CHUNK = 2000


def rates_import(
    *,
    actor: Actor,
    tariff_id: int,
    file_name: str,
    data: bytes,
    mode: Mode = "replace",
    without_country_code: bool = False,
) -> RateImport:
    """Read a CSV price list into a new draft; nothing is in effect before the draft is published.

    Lines with errors are left out and reported, the others are taken. Raises FileRejected when the
    file as a whole cannot be read.
    """
    actor.require("catalog.edit")
    sheet = read_sheet(data, without_country_code=without_country_code)
    return _store(actor, tariff_id, file_name, sheet, mode)


@transaction.atomic
def _store(actor: Actor, tariff_id: int, file_name: str, sheet: Sheet, mode: Mode) -> RateImport:
    version = version_create(actor=actor, tariff_id=tariff_id, source=file_name)
    _upload(version, sheet.rates)
    if mode == "merge":
        _add_unmentioned(version, sheet)
    return RateImport.objects.create(
        tenant=version.tenant,
        version=version,
        file_name=file_name[:255],
        encoding=sheet.encoding,
        separator=sheet.separator,
        lines=sheet.lines,
        taken=len(sheet.rates),
        inactive=len(sheet.inactive),
        errors=sheet.errors,
        warnings=sheet.warnings,
        issues=[issue.to_json() for issue in sheet.issues[:MAX_ISSUES]],
    )


def _upload(version: TariffVersion, rates: list[RateValues]) -> None:
    """COPY the prices, through a table of this transaction's own.

    Straight into catalog_rate is what PostgreSQL refuses to roles under row-level security.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMP TABLE rate_upload ON COMMIT DROP AS"  # noqa: S608  our own names
            f" SELECT {_COLUMNS} FROM catalog_rate WITH NO DATA"
        )
        with cursor.copy(f"COPY rate_upload ({_COLUMNS}) FROM STDIN") as copy:
            for text in copy_text(rates):
                copy.write(text)
        cursor.execute(
            f"INSERT INTO catalog_rate (version_id, {_COLUMNS})"  # noqa: S608
            f" SELECT %s, {_COLUMNS} FROM rate_upload",
            [version.pk],
        )
        cursor.execute("DROP TABLE rate_upload")


def copy_text(rates: list[RateValues]) -> Iterator[str]:
    """Yield the prices in PostgreSQL's text format."""
    for place in range(0, len(rates), _CHUNK):
        yield "".join(map(_line, rates[place : place + _CHUNK]))


def _line(rate: RateValues) -> str:
    (prefix, call_class, description, price, fee, minimum, step, free, cap, windows) = rate
    cost = r"\N" if cap is None else f"{cap:f}"
    json_text = r"\N" if windows is None else _escaped(json.dumps(windows))
    text = _escaped(description) if "\\" in description else description
    return (
        f"{prefix}\t{call_class}\t{text}\t{price:f}\t{fee:f}\t{minimum}\t{step}\t{free}\t"
        f"{cost}\t{json_text}\n"
    )


def _escaped(text: str) -> str:
    # Control characters, which the format would also escape, no field of ours may have.
    return text.replace("\\", "\\\\")


def _add_unmentioned(version: TariffVersion, sheet: Sheet) -> None:
    """Complete a merge: prices in effect that the file neither has nor calls inactive."""
    base = find_version_at(tariff_id=version.tariff_id, at=timezone.now())
    if base is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO catalog_rate (version_id, {_COLUMNS})"  # noqa: S608
            f" SELECT %s, {_COLUMNS} FROM catalog_rate old WHERE version_id = %s"
            " AND prefix || call_class NOT IN (SELECT unnest(%s::text[]))"
            " ON CONFLICT (version_id, prefix, call_class) DO NOTHING",
            [version.pk, base.pk, sheet.inactive],
        )
