"""Cells of exported files."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tronco.ui.exports import csv_cell, guarded, xlsx_cell


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3+cmd", "'-2+3+cmd"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("\n=1", "'\n=1"),
        ("＝1+1", "'＝1+1"),
        ("-2,50", "-2,50"),
        ("+551133334444", "+551133334444"),
        ("João", "João"),
        ("", ""),
    ],
)
def test_what_a_spreadsheet_would_run_is_disarmed(text: str, written: str) -> None:
    assert guarded(text) == written


@pytest.mark.parametrize(
    ("value", "portuguese", "english"),
    [
        (None, "", ""),
        (Decimal("1234.5"), "1234,5", "1234.5"),
        (7, "7", "7"),
        (["a", "=b"], "a, =b", "a, =b"),
        (["=a"], "'=a", "'=a"),
        (
            datetime(2026, 11, 20, 15, 0, 1, tzinfo=UTC),
            "20/11/2026 12:00:01",
            "2026-11-20T15:00:01+00:00",
        ),
    ],
)
def test_values_as_the_readers_spreadsheet_expects(
    value: object, portuguese: str, english: str
) -> None:
    assert csv_cell(value, brazilian=True) == portuguese
    assert csv_cell(value, brazilian=False) == english


def test_a_workbook_keeps_numbers_and_dates() -> None:
    assert xlsx_cell(Decimal("1.5")) == Decimal("1.5")
    assert xlsx_cell(datetime(2026, 11, 20, 15, tzinfo=UTC)) == datetime(2026, 11, 20, 12)  # noqa: DTZ001
    assert xlsx_cell("=1+1") == "'=1+1"


def test_a_workbook_leaves_out_what_it_cannot_hold() -> None:
    assert xlsx_cell("Zé\x01\x1f") == "Zé"
    assert xlsx_cell("\x01=1+1") == "'=1+1"
    assert xlsx_cell(["a\x0b", "b"]) == "a, b"
