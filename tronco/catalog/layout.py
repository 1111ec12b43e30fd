"""How a CSV price list is laid out: its encoding, its separator, what its columns are."""

from __future__ import annotations

import csv
from dataclasses import dataclass

from django.utils.translation import gettext as _

from tronco.catalog import cells
from tronco.core.errors import InvalidInput

# About half a million lines, which take some ten seconds: as long as a screen may wait.
MAX_BYTES = 24 * 1024 * 1024
MARKET = (
    "prefix",
    "description",
    "kind",
    "price_per_min",
    "minimum_s",
    "step_s",
    "free_under_s",
    "active",
)
OURS = (
    "prefix",
    "class",
    "description",
    "price_per_min",
    "connect_fee",
    "minimum_s",
    "step_s",
    "free_under_s",
    "max_cost",
    "windows",
)
# Simplified heading: field.
HEADINGS = {
    **{name: name for name in (*MARKET, *OURS)},
    "class": "call_class",
    "call_class": "call_class",
    "prefixo": "prefix",
    "classe": "call_class",
    "descricao": "description",
    "localidade": "description",
    "locality": "description",
    "tipo": "kind",
    "preco_por_minuto": "price_per_min",
    "preco": "price_per_min",
    "valor": "price_per_min",
    "valor_por_minuto": "price_per_min",
    "taxa_de_conexao": "connect_fee",
    "minimo": "minimum_s",
    "passo": "step_s",
    "descarte": "free_under_s",
    "custo_maximo": "max_cost",
    "janelas": "windows",
    "ativo": "active",
}
_SEPARATORS = (";", "\t", ",")
_SAMPLE_LINES = 50


class FileRejected(InvalidInput):
    """The file as a whole cannot be read; nothing was taken from it."""

    code = "file-rejected"


@dataclass(frozen=True)
class Layout:
    """`fields` names each column; `body` is the index of the first line that has prices."""

    encoding: str
    separator: str
    fields: tuple[str, ...]
    body: int
    # The heading was not understood, so the columns were taken for the market's.
    is_heading_unknown: bool = False

    def column_of(self, name: str) -> str:
        """Return the letter that a spreadsheet gives the field's column."""
        return chr(ord("A") + self.fields.index(name)) if name in self.fields else ""


def find_layout(data: bytes) -> tuple[Layout, list[str]]:
    """Return the layout of a file and its lines; raises FileRejected."""
    text, encoding = _decode(data)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    separator, first = _find_separator(lines)
    row = split(lines[first], separator) or [] if first < len(lines) else []
    headings = [cells.simplify(cell) for cell in row]
    while headings and not headings[-1]:
        headings.pop()
    if any(HEADINGS.get(name) in {"prefix", "call_class"} for name in headings):
        return Layout(encoding, separator, _named_fields(headings, row), first + 1), lines
    _require_market_columns(lines, first, separator)
    if len(row) >= 4 and not any(char.isdigit() for char in row[0] + row[3]):
        return Layout(encoding, separator, MARKET, first + 1, is_heading_unknown=True), lines
    return Layout(encoding, separator, MARKET, first), lines


def split(line: str, separator: str) -> list[str] | None:
    """Return the cells of one line, or None when a quotation mark is left open.

    Line by line, so that an open quotation mark costs its own line and not those that follow.
    """
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error:
        return None


def _decode(data: bytes) -> tuple[str, str]:
    if len(data) > MAX_BYTES:
        raise FileRejected(
            _("The file has more than %(limit)s MB; divide it.") % {"limit": MAX_BYTES >> 20},
            code="file-too-large",
        )
    if data[:4] == b"PK\x03\x04":
        raise FileRejected(
            _("This is a spreadsheet, not a CSV file; save it as CSV and send that."),
            code="file-not-csv",
        )
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1252", "latin-1"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, encoding
    raise FileRejected(
        _("This is not a text file; save the price list as CSV and send that."),
        code="file-not-csv",
    )


def _find_separator(lines: list[str]) -> tuple[str, int]:
    """Return the separator, and the index of the first line that has something."""
    first = next((index for index, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise FileRejected(_("The file is empty."), code="file-empty")
    if lines[first].lower().startswith("sep=") and len(lines[first]) >= 5:
        return lines[first][4], first + 1
    sample = [line for line in lines[first : first + _SAMPLE_LINES] if line.strip()]
    # On equal terms the earlier wins: in `1;2,5;3` commas part decimals.
    counts = {one: sum(len(split(line, one) or ()) for line in sample) for one in _SEPARATORS}
    return max(_SEPARATORS, key=lambda one: counts[one]), first


def _require_market_columns(lines: list[str], first: int, separator: str) -> None:
    sample = [split(line, separator) or [] for line in lines[first : first + _SAMPLE_LINES]]
    if any(len(without_empty_end(row, len(MARKET))) == len(MARKET) for row in sample):
        return
    raise FileRejected(
        _(
            "The columns are not known. Send a heading with their names (%(ours)s), or the "
            "eight columns prefix; locality; F or C; price per minute; minimum; step; "
            "free under; 1 or 0. The first line was: %(line)s"
        )
        % {"ours": ", ".join(OURS), "line": lines[min(first, len(lines) - 1)][:120]},
        code="columns-unknown",
    )


def without_empty_end(row: list[str], length: int) -> list[str]:
    """Return the row without the empty cells beyond `length`, which spreadsheets like to add."""
    while len(row) > length and not row[-1].strip():
        row.pop()
    return row


def _named_fields(headings: list[str], row: list[str]) -> tuple[str, ...]:
    fields = [HEADINGS.get(name, "") for name in headings]
    facts: dict[str, str] = {}
    if unknown := [row[i].strip() for i, name in enumerate(fields) if not name]:
        facts = {"columns": ", ".join(unknown), "known": ", ".join((*OURS, "kind", "active"))}
        message = _("Unknown columns: %(columns)s. Remove them or use these names: %(known)s.")
    elif repeated := sorted({name for name in fields if fields.count(name) > 1}):
        facts = {"columns": ", ".join(repeated)}
        message = _("Columns that appear twice: %(columns)s. Keep one of each.")
    elif not {"price_per_min", "windows"} & set(fields):
        message = _("There is no column price_per_min; add one.")
    else:
        return tuple(fields)
    raise FileRejected(message % facts, code="columns-unknown", details=facts)
