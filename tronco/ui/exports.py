"""Lists as files: CSV streamed row by row, XLSX; what a spreadsheet would run is disarmed."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Any

import openpyxl
from django.db import models
from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.text import slugify
from django_tables2.rows import BoundRow
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from tronco.core.errors import InvalidInput
from tronco.ui.lists import ResourcePage
from tronco.ui.tables import Table

CHUNK = 1000
MOST_XLSX_ROWS = 200_000
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# The last four are their wide forms, which some spreadsheets take for the same.
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?[\d.,]+")


def guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula; plain numbers stay as they are."""
    if text.startswith(_RUNS) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


class Lines:
    """What a csv writer writes to: hands each line back."""

    def write(self, line: str) -> str:
        return line


class ExportView(ResourcePage):
    """`?format=csv|xlsx`, `?scope=view` (the columns, filter and order shown) or `all` columns."""

    verb = "export"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        filterset = self.filterset()
        if not filterset.is_valid() and request.GET:
            raise InvalidInput("; ".join(f"{k}: {v[0]}" for k, v in filterset.errors.items()))
        table = self.table(filterset.qs)
        if request.GET.get("scope") == "all":
            table.show([*table.base_columns])
            table.join_related()
        return file_response(request, table, slugify(self.resource.heading))


def file_response(request: HttpRequest, table: Table, name: str) -> HttpResponseBase:
    """Answer with the table's rows in the format that is asked for."""
    name = f"{name}-{timezone.localtime():%Y%m%d-%H%M}"
    if request.GET.get("format") == "xlsx":
        return xlsx_response(table, name)
    return csv_response(table, name)


def columns_of(table: Table) -> list[Any]:
    """The shown columns that hold data."""
    return [c for c in table.columns.itervisible() if not c.column.exclude_from_export]


def values_of(table: Table) -> Iterator[list[Any]]:
    """Yield each row's values, reading the database in pieces."""
    columns = columns_of(table)
    rows = table.data.data
    records = rows.iterator(chunk_size=CHUNK) if isinstance(rows, models.QuerySet) else rows
    for record in records:
        row = BoundRow(record, table=table)
        yield [row.get_cell_value(column.name) for column in columns]


def csv_response(table: Table, name: str) -> StreamingHttpResponse:
    """Answer with CSV as the reader's spreadsheet expects it: `;` and comma in Portuguese."""
    brazilian = (translation.get_language() or "").startswith("pt")
    writer = csv.writer(Lines(), delimiter=";" if brazilian else ",")
    header = [str(column.header) for column in columns_of(table)]

    def lines() -> Iterator[str]:
        yield "\ufeff" + writer.writerow(header)
        for values in values_of(table):
            yield writer.writerow([csv_cell(v, brazilian=brazilian) for v in values])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def csv_cell(value: Any, *, brazilian: bool) -> str:
    """Write a value into a CSV."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{timezone.localtime(value):%d/%m/%Y %H:%M:%S}" if brazilian else value.isoformat()
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.replace(".", ",") if brazilian else text
    if isinstance(value, list | tuple):
        return guarded(", ".join(map(str, value)))
    return guarded(str(value))


def xlsx_cell(value: Any) -> Any:
    """A value as a spreadsheet's own kind: numbers and dates stay what they are."""
    if isinstance(value, datetime):
        return timezone.localtime(value).replace(tzinfo=None)
    if value is None or isinstance(value, int | float | Decimal):
        return value
    text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    # What no workbook may hold somebody may have typed.
    return guarded(ILLEGAL_CHARACTERS_RE.sub("", text))


def xlsx_response(table: Table, name: str) -> FileResponse:
    """Answer with an XLSX, written to the disk as it grows."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(name[:31])
    sheet.append([str(column.header) for column in columns_of(table)])
    for number, values in enumerate(values_of(table)):
        if number >= MOST_XLSX_ROWS:
            raise InvalidInput(f"more than {MOST_XLSX_ROWS} rows do not fit; export CSV instead")
        sheet.append([xlsx_cell(value) for value in values])
    file = TemporaryFile()  # noqa: SIM115 - the response closes it
    book.save(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)
