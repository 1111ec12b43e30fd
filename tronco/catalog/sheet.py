"""Price lists as CSV files: read in the market's layout or in ours, and written in ours.

The market's layout has eight columns and often no heading: prefix; locality; F or C; price per
minute; minimum; step; free under; 1 or 0. Ours names its columns in a heading, in any order. A line
that cannot be read never costs the others. docs/catalog.md describes both for people.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from tronco.catalog import cells
from tronco.catalog.cells import CellFault
from tronco.catalog.faults import Fault
from tronco.catalog.layout import OURS, Layout, find_layout, split, without_empty_end
from tronco.catalog.rates import RateLike, RateValues, prefix_faults
from tronco.numbering.ddd import UF_BY_DDD

# How much of a line or cell is shown again.
MAX_VALUE = 60


class Issue(NamedTuple):
    """A fault and where it stands: the line of the file, the column as a spreadsheet letters it."""

    line: int
    column: str
    value: str
    fault: Fault

    def to_json(self) -> list[Any]:
        return [self.line, self.column, self.value, *self.fault]

    @classmethod
    def from_json(cls, data: list[Any]) -> Issue:
        line, column, value, *fault = data
        return cls(line, column, value, Fault(*fault))


@dataclass
class Sheet:
    """What a file had: the prices that can be taken, and what is wrong with the rest."""

    encoding: str
    separator: str
    rates: list[RateValues] = field(default_factory=list)
    # Targets that are marked inactive, and so are left out.
    inactive: list[str] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    lines: int = 0

    @property
    def errors(self) -> int:
        """How many lines were left out for an error."""
        return len({issue.line for issue in self.issues if not issue.fault.is_warning})

    @property
    def warnings(self) -> int:
        return sum(issue.fault.is_warning for issue in self.issues)


def read_sheet(data: bytes, *, without_country_code: bool = False) -> Sheet:
    """Read a price list; raises FileRejected only when no line of it can be understood.

    `without_country_code`: prefixes begin with the DDD, and abroad with 00.
    """
    layout, lines = find_layout(data)
    sheet = Sheet(encoding=layout.encoding, separator=layout.separator)
    _Reader(sheet, layout, without_country_code).read(lines)
    return sheet


def write_sheet(rates: Iterable[RateLike], *, separator: str = ";") -> Iterator[str]:
    """Yield the lines of our layout, exactly: reading them back gives the same prices."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    writer.writerow(OURS)
    for rate in rates:
        writer.writerow(_row_of(rate))
        if out.tell() > 1 << 16:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _row_of(rate: RateLike) -> list[Any]:
    has_windows = rate.windows is not None
    plain: list[Any] = [
        decimal_plain(rate.price_per_min),
        decimal_plain(rate.connect_fee),
        rate.minimum_s,
        rate.step_s,
    ]
    return [
        rate.prefix,
        rate.call_class,
        cells.guarded(getattr(rate, "description", "")),
        *(["", "", "", ""] if has_windows else plain),
        rate.free_under_s,
        "" if rate.max_cost is None else decimal_plain(rate.max_cost),
        json.dumps(rate.windows, sort_keys=True, ensure_ascii=False) if has_windows else "",
    ]


def decimal_plain(value: Decimal) -> str:
    """Write a price without exponent and without needless zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class _Reader:
    """Reads the lines of one sheet. Cells of few distinct texts are read once each."""

    def __init__(self, sheet: Sheet, layout: Layout, without_country_code: bool) -> None:
        self.sheet = sheet
        self.layout = layout
        self.without_country_code = without_country_code
        once = cells.memoised
        self.readers: dict[str, Callable[[str], Any]] = {
            "prefix": cells.read_prefix,
            "call_class": once(cells.read_class),
            "description": once(cells.read_description),
            "kind": once(cells.read_kind),
            "price_per_min": once(cells.price_reader("price_per_min", default=None)),
            "connect_fee": once(cells.price_reader("connect_fee", default=Decimal(0))),
            "max_cost": once(cells.price_reader("max_cost", default=None)),
            "minimum_s": once(cells.seconds_reader("minimum_s", default=30)),
            "step_s": once(cells.seconds_reader("step_s", default=6)),
            "free_under_s": once(cells.seconds_reader("free_under_s", default=3)),
            "active": once(cells.read_active),
            "windows": once(cells.read_windows),
        }
        # Target: its line and its price; and the targets that have two prices.
        self.taken: dict[str, tuple[int, RateValues]] = {}
        self.contradicted: set[str] = set()
        # Whole DDDs with a fixed price, by prefix: their lines.
        self.fixed: dict[str, int] = {}

    def read(self, lines: list[str]) -> None:
        layout = self.layout
        for number, line in enumerate(lines[layout.body :], layout.body + 1):
            if not line or line.isspace():
                continue
            self.sheet.lines += 1
            row = split(line, layout.separator)
            if row is None:
                self._tell(number, "", line, Fault("", "open-quote"))
            elif (values := self._values(number, row)) is not None:
                self._take(number, values)
        self.sheet.rates = [
            rate for target, (_line, rate) in self.taken.items() if target not in self.contradicted
        ]
        self._look_over(lines)

    def _values(self, number: int, row: list[str]) -> dict[str, Any] | None:
        fields = self.layout.fields
        if len(without_empty_end(row, len(fields))) != len(fields):
            code = "columns-too-many" if len(row) > len(fields) else "columns-too-few"
            facts = {"found": len(row), "expected": len(fields)}
            self._tell(number, "", self.layout.separator.join(row), Fault("", code, facts))
            return None
        values, sound = {}, True
        for name, cell in zip(fields, row, strict=True):
            text = cell.strip()
            if name == "prefix" and not text:
                continue
            try:
                values[name] = self.readers[name](text)
            except CellFault as found:
                self._tell(number, name, text, found.fault)
                sound = False
        return values if sound else None

    def _take(self, number: int, values: dict[str, Any]) -> None:
        active, kind = values.pop("active", True), values.pop("kind", "")
        prefix, call_class = values.get("prefix", ""), values.get("call_class", "")
        if bool(prefix) == bool(call_class):
            self._tell(number, "prefix", prefix, Fault("prefix", "prefix-or-class"))
            return
        if prefix:
            prefix = self._placed(number, prefix, kind)
            if prefix is None:
                return
            values["prefix"] = prefix
        target = prefix or call_class
        if not active:
            self.sheet.inactive.append(target)
            return
        if not self._has_one_price(number, values):
            return
        rate = RateValues(**values)
        line, known = self.taken.setdefault(target, (number, rate))
        if line != number:
            self._tell_repeated(number, line, rate, known)

    def _placed(self, number: int, written: str, kind: str) -> str | None:
        """Return the prefix as numbers have it in E.164, mobile ones with their 9."""
        prefix = written
        if self.without_country_code:
            prefix = written[2:] if written[:2] == "00" else "55" + written.removeprefix("0")
        if found := prefix_faults(prefix):
            self._tell(number, "prefix", written, found[0])
            return None
        if not kind or not prefix.startswith("55"):
            return prefix
        if kind == cells.MOBILE and len(prefix) < 4:
            self._tell(number, "prefix", written, Fault("prefix", "mobile-everywhere"))
            return None
        if len(prefix) == 4 and int(prefix[2:]) in UF_BY_DDD:
            if kind == cells.MOBILE:
                return prefix + "9"
            self.fixed[prefix] = number
        elif len(prefix) > 4 and (prefix[4] == "9") != (kind == cells.MOBILE):
            self._tell(number, "kind", kind, Fault("kind", "kind-mismatch", {"kind": kind}))
        return prefix

    def _has_one_price(self, number: int, values: dict[str, Any]) -> bool:
        price, windows = values.get("price_per_min"), values.get("windows")
        if windows is None:
            if price is None:
                self._tell(number, "price_per_min", "", Fault("price_per_min", "missing"))
            return price is not None
        if price or values.get("connect_fee"):
            self._tell(number, "windows", "", Fault("windows", "price-and-windows"))
            return False
        for name in ("price_per_min", "connect_fee", "minimum_s", "step_s"):
            values.pop(name, None)
        return True

    def _look_over(self, lines: list[str]) -> None:
        """Tell what only shows when all lines are known."""
        if self.layout.is_heading_unknown:
            heading = lines[self.layout.body - 1]
            self._tell(self.layout.body, "", heading, Fault("", "header-unknown"))
        prefixes = dict.fromkeys(rate.prefix for rate in self.sheet.rates if rate.prefix)
        for prefix, number in self.fixed.items():
            mobile = prefix + "9"
            if prefix in prefixes and mobile not in prefixes:
                facts = {"prefix": mobile}
                self._tell(number, "prefix", prefix, Fault("prefix", "mobile-uncovered", facts))
        # Lists of countries also have some prefixes that look like a DDD; hardly all of them.
        local = [prefix for prefix in prefixes if int(prefix[:2]) in UF_BY_DDD]
        abroad = not any(prefix.startswith("55") for prefix in local)
        if len(local) == len(prefixes) >= 3 and abroad:
            fault = Fault("prefix", "no-country-code")
            self._tell(self.layout.body + 1, "prefix", next(iter(prefixes)), fault)
        self.sheet.issues.sort(key=lambda issue: issue.line)

    def _tell(self, number: int, name: str, value: str, fault: Fault) -> None:
        column = self.layout.column_of(name)
        self.sheet.issues.append(Issue(number, column, value[:MAX_VALUE], fault))

    def _tell_repeated(self, number: int, line: int, rate: RateValues, known: RateValues) -> None:
        target = rate.target
        same = rate._replace(description="") == known._replace(description="")
        if same and target not in self.contradicted:
            self._tell(number, "prefix", target, Fault("prefix", "duplicate", {"line": line}))
            return
        facts = {"target": target, "line": line}
        self._tell(number, "prefix", target, Fault("prefix", "contradiction", facts))
        if target not in self.contradicted:
            self.contradicted.add(target)
            facts = {"target": target, "line": number}
            self._tell(line, "prefix", target, Fault("prefix", "contradiction", facts))
