"""Price lists as files: what is understood, what is refused, and what is said about it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from tronco.catalog.layout import FileRejected
from tronco.catalog.models import CallClass
from tronco.catalog.rates import RateValues, check_rate
from tronco.catalog.sheet import read_sheet, write_sheet

LINE = "5511;SAO PAULO;F;0,10;30;6;3;1"
MOBILE = "55119;SAO PAULO;C;0,30;30;6;3;1"
SP = RateValues(prefix="5511", description="SAO PAULO", price_per_min=Decimal("0.10"))
SP_MOBILE = RateValues(prefix="55119", description="SAO PAULO", price_per_min=Decimal("0.30"))


def ours(**cells: str) -> bytes:
    return f"{';'.join(cells)}\n{';'.join(cells.values())}\n".encode()


def found(data: bytes | str, **options: Any) -> list[tuple[int, str, str]]:
    """The issues, as (line, column, code)."""
    raw = data if isinstance(data, bytes) else data.encode()
    return [(i.line, i.column, i.fault.code) for i in read_sheet(raw, **options).issues]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (LINE, "utf-8"),
        (LINE + "\r\n", "utf-8-sig"),
        (LINE + "\r", "utf-16"),
        (LINE.replace(";", ","), "utf-8"),  # and see the quoted price below
        (LINE.replace(";", "\t"), "utf-8"),
        (LINE.replace("0,10", "0.10"), "utf-8"),
        (LINE.replace("0,10", "R$ 0,1"), "utf-8"),
        (LINE.replace("0,10", '"0,10"'), "utf-8"),
        (LINE + ";;", "utf-8"),
        (f"\n\n{LINE}\n\n", "utf-8"),
        (f"sep=;\n{LINE}", "utf-8"),
        (f"Prefixo;Localidade;Tipo;Valor;Mínimo;Passo;Descarte;Ativo\n{LINE}", "utf-8"),
        (f"Prefixo;Localidade;Tipo;Valor;Mínimo;Passo;Descarte;Ativo\n{LINE}", "cp1252"),
        (LINE.replace("5511", "+55 (11)"), "utf-8"),
    ],
)
def test_market_layout_in_its_many_dresses(text: str, encoding: str) -> None:
    text = text.replace(",0,10,", ',"0,10",')
    sheet = read_sheet(text.encode(encoding))
    assert sheet.rates == [SP]
    assert [i.fault.code for i in sheet.issues if not i.fault.is_warning] == []


def test_latin_1_names_survive() -> None:
    sheet = read_sheet("5511;SÃO PAULO – CAPITAL;F;0,10;30;6;3;1".encode("cp1252"))
    assert sheet.rates[0].description == "SÃO PAULO – CAPITAL"
    assert sheet.encoding == "cp1252"


# line | (line, column, code)
BAD_LINES = [
    ("abc;X;F;0,10;30;6;3;1", "A", "prefix-format"),
    ("0800;X;F;0,10;30;6;3;1", "A", "prefix-zero"),
    ("1234567890123456789;X;F;0,10;30;6;3;1", "A", "prefix-too-long"),
    (";X;F;0,10;30;6;3;1", "A", "prefix-or-class"),
    ("55;X;C;0,10;30;6;3;1", "A", "mobile-everywhere"),
    (f"5521;{'X' * 121};F;0,10;30;6;3;1", "B", "description-too-long"),
    ("5521;X\x07;F;0,10;30;6;3;1", "B", "description-control"),
    ("5521;X;Z;0,10;30;6;3;1", "C", "kind-unknown"),
    ("5521;X;F;;30;6;3;1", "D", "missing"),
    ("5521;X;F;dez;30;6;3;1", "D", "price-format"),
    ("5521;X;F;1,234.56;30;6;3;1", "D", "price-format"),
    ("5521;X;F;0,10,5;30;6;3;1", "D", "price-format"),
    ("5521;X;F;-0,10;30;6;3;1", "D", "price-negative"),
    ("5521;X;F;0,00000000001;30;6;3;1", "D", "price-too-precise"),
    ("5521;X;F;99999999999;30;6;3;1", "D", "price-too-large"),
    ("5521;X;F;0,10;30s;6;3;1", "E", "seconds-format"),
    ("5521;X;F;0,10;30;6,5;3;1", "F", "seconds-format"),
    ("5521;X;F;0,10;30;0;3;1", "F", "step-zero"),
    ("5521;X;F;0,10;30;6;86401;1", "G", "seconds-too-many"),
    ("5521;X;F;0,10;30;6;3;talvez", "H", "active-unknown"),
    ("5521;X;F;0,10;30;6;3", "", "columns-too-few"),
    ("5521;X;F;0,10;30;6;3;1;9", "", "columns-too-many"),
    ('5521;"X;F;0,10;30;6;3;1', "", "open-quote"),
]


@pytest.mark.parametrize(("line", "column", "code"), BAD_LINES)
def test_a_bad_line_is_told_and_costs_only_itself(line: str, column: str, code: str) -> None:
    sheet = read_sheet(f"{LINE}\n{line}\n{MOBILE}\n".encode())
    assert [(i.line, i.column, i.fault.code) for i in sheet.issues] == [(2, column, code)]
    assert sheet.rates == [SP, SP_MOBILE]
    assert (sheet.lines, sheet.errors, sheet.warnings) == (3, 1, 0)


@pytest.mark.parametrize("language", ["pt-br", "en"])
@pytest.mark.parametrize(("line", "_column", "code"), BAD_LINES)
def test_every_fault_has_a_sentence(line: str, _column: str, code: str, language: str) -> None:
    with translation.override(language):
        sheet = read_sheet(f"{LINE}\n{line}\n".encode())
        message = sheet.issues[-1].fault.message
    assert message
    assert "%(" not in message


def test_all_bad_cells_of_a_line_are_told_at_once() -> None:
    assert found(f"{MOBILE}\nx;X;Z;dez;a;b;c;d") == [
        (2, "A", "prefix-format"),
        (2, "C", "kind-unknown"),
        (2, "D", "price-format"),
        (2, "E", "seconds-format"),
        (2, "F", "seconds-format"),
        (2, "G", "seconds-format"),
        (2, "H", "active-unknown"),
    ]


# data | code of the refusal
REFUSED = [
    (b"", "file-empty"),
    (b" \r\n\r\n", "file-empty"),
    (b"PK\x03\x04rest", "file-not-csv"),
    (b"\x00\x01\x02", "file-not-csv"),
    (b"5511;0,10\n", "columns-unknown"),
    (b"sep=;", "columns-unknown"),
    (b"prefix;price_per_min;profit\n5511;0,10;1", "columns-unknown"),
    (b"prefix;description\n5511;x", "columns-unknown"),
    (b"prefix;price;valor\n5511;1;1", "columns-unknown"),
    (b"prefix;preco;valor\n5511;1;1", "columns-unknown"),
]


@pytest.mark.parametrize(("data", "code"), REFUSED)
def test_a_file_that_cannot_be_understood_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(FileRejected) as refused:
        read_sheet(data)
    assert refused.value.code == code


def test_repeated_and_contradicting_lines() -> None:
    sheet = read_sheet(
        b"5511;A;F;0,10;30;6;3;1\n"
        b"55119;A;C;0,30;30;6;3;1\n"
        b"5511;OTHER NAME;F;0.1000;30;6;3;1\n"  # the same price
        b"5521;B;F;0,10;30;6;3;1\n"
        b"5521;B;F;0,20;30;6;3;1\n"  # another price
        b"5521;B;F;0,10;30;6;3;1\n"
    )
    assert [rate.prefix for rate in sheet.rates] == ["5511", "55119"]
    assert [(i.line, i.fault.code, i.fault.facts["line"]) for i in sheet.issues] == [
        (3, "duplicate", 1),
        (4, "contradiction", 5),
        (5, "contradiction", 4),
        (6, "contradiction", 4),
    ]


def test_inactive_lines_are_left_out_and_remembered() -> None:
    sheet = read_sheet(f"{LINE}\n{MOBILE}\n5521;RIO;F;0,10;30;6;3;0".encode())
    assert sheet.rates == [SP, SP_MOBILE]
    assert sheet.inactive == ["5521"]


# prefix | F/C | without country code | read as | warning
PLACED = [
    ("5511", "C", False, "55119", None),
    ("551133", "F", False, "551133", None),
    ("551133", "C", False, "551133", "kind-mismatch"),
    ("551197", "F", False, "551197", "kind-mismatch"),
    ("351", "C", False, "351", None),
    ("11", "F", True, "5511", "mobile-uncovered"),
    ("11", "C", True, "55119", None),
    ("011", "C", True, "55119", None),
    ("0800", "F", True, "55800", None),
    ("0054", "F", True, "54", None),
]


@pytest.mark.parametrize(("prefix", "kind", "without", "read", "warning"), PLACED)
def test_where_a_prefix_belongs(
    prefix: str, kind: str, without: bool, read: str, warning: str | None
) -> None:
    sheet = read_sheet(f"{prefix};X;{kind};1;1;1;0;1".encode(), without_country_code=without)
    assert [rate.prefix for rate in sheet.rates] == [read]
    assert [i.fault.code for i in sheet.issues] == ([warning] if warning else [])
    assert sheet.errors == 0


@pytest.mark.parametrize(
    ("prefixes", "told"), [(("11", "21", "5133"), True), (("1", "54", "351"), False)]
)
def test_a_list_without_the_country_is_suspected(prefixes: tuple[str], told: bool) -> None:
    data = "\n".join(f"{prefix};X;C;1;1;1;0;1" for prefix in prefixes)
    assert found(data) == ([(1, "A", "no-country-code")] if told else [])


def test_our_layout_by_prefix_and_by_class() -> None:
    sheet = read_sheet(
        "Preço por minuto;Classe;Prefixo;Taxa de conexão;Custo máximo\n"
        "0,05;LDN Móvel;;0,01;\n"
        "0,07;;54;;9,99\n".encode()
    )
    assert sheet.issues == []
    assert sheet.rates == [
        RateValues(
            call_class="ldn_mobile", price_per_min=Decimal("0.05"), connect_fee=Decimal("0.01")
        ),
        RateValues(prefix="54", price_per_min=Decimal("0.07"), max_cost=Decimal("9.99")),
    ]


WINDOW = {"tiers": [{"from_s": 0, "price": "0.10", "per_s": 60, "increment_s": 6}]}
# windows | code
WINDOWS = [
    ('"[{""tiers"": [{""price"": ""0.10"", ""per_s"": 60, ""increment_s"": 6}]}]"', None),
    ('"[{""tiers"": [{""price"": 0.10, ""per_s"": 60, ""increment_s"": 6}]}]"', "windows-shape"),
    ('"[{""tiers"": [{""price"": ""1"", ""per_s"": 60, ""increment_s"": 0}]}]"', "windows-shape"),
    ("[]", "windows-shape"),
    ("{", "windows-json"),
    (
        '"[{""from"": ""08:00"", ""tiers"": [{""price"": ""1"", ""per_s"": 60, '
        '""increment_s"": 6}]}]"',
        "windows-gap",
    ),
    (
        '"[{""tiers"": [{""from_s"": 5, ""price"": ""1"", ""per_s"": 60, ""increment_s"": 6}]}]"',
        "windows-tier-gap",
    ),
    (
        '"[{""unit"": ""byte"", ""tiers"": [{""price"": ""1"", ""per_s"": 60, '
        '""increment_s"": 6}]}]"',
        "windows-not-time",
    ),
]


@pytest.mark.parametrize(("windows", "code"), WINDOWS)
def test_windows_are_checked_when_read(windows: str, code: str | None) -> None:
    sheet = read_sheet(f"prefix;price_per_min;windows\n54;;{windows}".encode())
    assert [i.fault.code for i in sheet.issues] == ([code] if code else [])
    assert len(sheet.rates) == (0 if code else 1)
    for issue in sheet.issues:
        assert "%(" not in issue.fault.message


def test_price_and_windows_together_are_refused() -> None:
    line = WINDOWS[0][0]
    data = f"prefix;price_per_min;windows\n54;0,10;{line}".encode()
    assert found(data) == [(2, "C", "price-and-windows")]


prices = st.decimals(min_value=0, max_value=9999, places=10).map(lambda d: d.normalize() + 0)
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=120)
seconds = st.integers(0, 86_400)
windows = st.lists(
    st.builds(
        lambda price, fee, step, hour: [
            {
                "to": f"{hour:02}:00:00",
                "connect_fee": str(fee),
                "tiers": [{"from_s": 0, "price": str(price), "per_s": 60, "increment_s": step}],
            },
            {
                "from": f"{hour:02}:00:00",
                "tiers": [{"from_s": 0, "price": "1", "per_s": 60, "increment_s": 30}],
            },
        ],
        prices.map(lambda d: f"{d:f}"),
        prices.map(lambda d: f"{d:f}"),
        st.integers(1, 60),
        st.integers(1, 23),
    ),
    max_size=1,
).map(lambda found: found[0] if found else None)


@st.composite
def versions(draw: st.DrawFn) -> list[RateValues]:
    """Any list of prices that could be in a version."""
    prefixes = draw(st.sets(st.from_regex(r"[1-9][0-9]{0,17}", fullmatch=True), max_size=8))
    classes = draw(st.sets(st.sampled_from(CallClass.values)))
    rates = []
    for prefix, call_class in [*((p, "") for p in prefixes), *(("", c) for c in classes)]:
        by_clock = draw(windows)
        values = RateValues(
            prefix=prefix,
            call_class=call_class,
            description=draw(texts),
            free_under_s=draw(seconds),
            max_cost=draw(st.none() | prices),
            windows=by_clock,
        )
        if by_clock is None:
            values = values._replace(
                price_per_min=draw(prices),
                connect_fee=draw(prices),
                minimum_s=draw(seconds),
                step_s=draw(st.integers(1, 86_400)),
            )
        rates.append(check_rate(values))
    return rates


@settings(max_examples=150, deadline=None)
@given(versions(), st.sampled_from(";,\t"))
def test_what_is_written_reads_back_the_same(rates: list[RateValues], separator: str) -> None:
    sheet = read_sheet("".join(write_sheet(rates, separator=separator)).encode())
    assert [i for i in sheet.issues if not i.fault.is_warning] == []
    assert sheet.rates == rates


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_nothing_that_is_uploaded_makes_it_fail(data: bytes) -> None:
    for start in (b"", b"prefix;price_per_min;windows\n", LINE.encode() + b"\n"):
        try:
            sheet = read_sheet(start + data)
        except FileRejected:
            continue
        assert all("\n" not in rate.description for rate in sheet.rates)
        for issue in sheet.issues:
            assert issue.fault.message
