"""CSV into customers: what is read, what is refused, and where it says so."""

from __future__ import annotations

import io
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pytest
from django.core.exceptions import ValidationError

from tests.support.world import World, make_world
from tronco.core.errors import InvalidInput
from tronco.customers.views import CustomerImport
from tronco.tenancy.models import Tenant
from tronco.ui.imports import MOST_COLUMNS, Importer, decoded, from_sheet, read_table


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_the_delimiter_is_found_out(delimiter: str) -> None:
    text = f'name{delimiter}e-mail\n\n"Bar, do; Zé"{delimiter}ze@exemplo.com.br\n'
    header, rows = read_table("\ufeff" + text)
    assert header == ["name", "e-mail"]
    assert rows == [(3, ["Bar, do; Zé", "ze@exemplo.com.br"])]


def test_both_encodings_of_spreadsheets_are_read() -> None:
    assert decoded("Zé".encode()) == decoded("Zé".encode("cp1252")) == "Zé"
    assert decoded(b"\xef\xbb\xbfx") == "x"


def workbook(*rows: list[str], **parts: bytes) -> bytes:
    """An XLSX; `parts` are put into it as they are, under their names."""
    book, plain, packed = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(plain)
    with ZipFile(plain) as source, ZipFile(packed, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, parts.pop(name.rpartition("/")[2], source.read(name)))
        for name, content in parts.items():
            target.writestr(name, content)
    return packed.getvalue()


def test_a_workbook_is_read_as_far_as_a_list_goes() -> None:
    wide = ["name", "phone"] + ["x"] * MOST_COLUMNS
    header, rows = read_table(from_sheet(workbook(wide, ["Zé", "1133334444"])))
    assert (header[:2], len(header)) == (["name", "phone"], MOST_COLUMNS)
    assert rows[0][1][:2] == ["Zé", "1133334444"]


@pytest.mark.parametrize(
    "data",
    [
        # A small file that unpacks to fifty megabytes.
        workbook(["name"], ["Zé"], bomb=b"<si/>" * 10_000_000),
        workbook(["name"], ["Zé"], **{"sheet1.xml": b"<worksheet><sheetData><row>"}),
        workbook(["name"], ["Zé"], **{"workbook.xml": b"<workbook/>"}),
        workbook(["name"], ["Zé"])[:-40],
        b"PK\x03\x04",
    ],
    ids=["bomb", "broken sheet", "no sheet", "cut off", "nothing"],
)
def test_a_workbook_that_is_none_is_refused(data: bytes) -> None:
    assert len(data) < 100_000
    with pytest.raises(ValidationError):
        from_sheet(data)


@pytest.mark.parametrize("data", [b"name;phone\nZ\x00;11\n", "name\nZé\n".encode("utf-16")])
def test_a_character_that_is_none_is_refused(world: World, data: bytes) -> None:
    with pytest.raises(InvalidInput, match="não é uma planilha"):
        run(world, decoded(data))


@pytest.mark.parametrize("text", ["", "name", "name\n\n"])
def test_a_file_without_rows_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_table(text)


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def run(world: World, text: str, *, keep: bool = True) -> list[tuple[int, list[tuple[str, str]]]]:
    importer = Importer(CustomerImport(), world.actor(world.master))
    _header, rows = importer.run(text, keep=keep)
    return [(row.line, row.errors) for row in rows]


def test_labels_names_and_keys_of_related_rows(world: World) -> None:
    text = (
        "Cliente;vendido POR;status;person;Documento (CNPJ ou CPF)\n"
        "Padaria;revenda a;Active;company;12.ABC.345/01DE-35\n"
        f"Mercado;#{world.reseller_b.pk};inactive;individual;529.982.247-25\n"
    )
    assert run(world, text) == [(2, []), (3, [])]
    padaria, mercado = Tenant.objects.get(name="Padaria"), Tenant.objects.get(name="Mercado")
    assert (padaria.parent, padaria.document) == (world.reseller_a, "12ABC34501DE35")
    assert (mercado.parent, mercado.status) == (world.reseller_b, "inactive")


def test_a_row_that_exists_is_updated_and_keeps_what_the_file_does_not_name(world: World) -> None:
    Tenant.objects.filter(pk=world.customer.pk).update(email="velho@exemplo.com.br", phone="11")
    assert run(world, "name;phone\nCliente;1133334444") == [(2, [])]
    world.customer.refresh_from_db()
    assert (world.customer.phone, world.customer.email) == ("1133334444", "velho@exemplo.com.br")


def test_errors_name_line_and_column_and_nothing_is_kept(world: World) -> None:
    before = Tenant.objects.count()
    text = (
        "name;parent;status;max_calls\n"
        "Bom;Operadora;active;5\n"
        "Ruim;Ninguém;active;5\n"
        "Pior;Operadora;feliz;muitas\n"
        "Curto\n"
        "Longo;Operadora;active;1;sobra\n"
    )
    errors = run(world, text)
    assert [(line, [column for column, _why in found]) for line, found in errors] == [
        (2, []),
        (3, ["parent"]),
        (4, ["status", "max_calls"]),  # all that is wrong with a row, at once
        (5, ["status", "parent"]),
        (6, [""]),
    ]
    assert "Ninguém" in errors[1][1][0][1]
    assert Tenant.objects.count() == before


def test_a_preview_keeps_nothing(world: World) -> None:
    before = Tenant.objects.count()
    assert run(world, "name;parent\nNovo;Operadora", keep=False) == [(2, [])]
    assert Tenant.objects.count() == before


def test_unknown_columns_are_named(world: World) -> None:
    with pytest.raises(InvalidInput, match="cor, peso"):
        run(world, "name;cor;peso\nA;1;2")


def test_a_reseller_cannot_import_below_somebody_else(world: World) -> None:
    importer = Importer(CustomerImport(), world.actor(world.reseller_b))
    _header, rows = importer.run("name;parent\nNovo;Revenda A", keep=True)
    assert [column for column, _why in rows[0].errors] == ["parent"]
