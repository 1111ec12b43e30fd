"""CSV into a resource: each row through its form and service; a preview first; all or nothing."""

from __future__ import annotations

import csv
import io
import unicodedata
import zlib
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

import openpyxl
from django import forms
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from openpyxl.utils.exceptions import InvalidFileException

from tronco.core.errors import InvalidInput, TroncoError
from tronco.ui.bulk import bound_form
from tronco.ui.edits import recorded, translated
from tronco.ui.forms import Form
from tronco.ui.lists import ResourcePage
from tronco.ui.urls import is_key

MOST_ROWS = 5000
MOST_BYTES = 5_000_000
# How an XLSX begins: it is a zip file.
SHEET = b"PK\x03\x04"
# A few hundred kilobytes can unpack to more than the machine has, and rows may be very wide.
MOST_UNPACKED_BYTES = 20_000_000
MOST_COLUMNS = 200
# What openpyxl and zipfile say of files that are broken, or made to be.
_BROKEN = (
    *(InvalidFileException, BadZipFile, ParseError, zlib.error, EOFError, RuntimeError),
    *(AttributeError, LookupError, TypeError, ValueError),
)
TRUE = {"1", "sim", "s", "yes", "y", "true", "verdadeiro", "x", "on"}
FALSE = {"0", "nao", "n", "no", "false", "falso", ""}


class ImportForm(Form):
    """A file, or the same as text."""

    file = forms.FileField(label=gettext_lazy("CSV or XLSX file"), required=False)
    text = forms.CharField(
        label=gettext_lazy("Or paste the rows here"),
        required=False,
        strip=False,
        widget=forms.Textarea({"rows": 8, "class": "font-monospace", "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        upload = cleaned.get("file")
        if upload is not None and upload.size > MOST_BYTES:
            raise forms.ValidationError(_("The file is larger than 5 MB; import it in parts."))
        if upload is not None:
            data = upload.read()
            cleaned["text"] = from_sheet(data) if data.startswith(SHEET) else decoded(data)
        if not cleaned.get("text", "").strip():
            raise forms.ValidationError(_("Choose a file or paste rows."))
        return cleaned


@dataclass
class Row:
    """One line of the file and what would become of it."""

    line: int
    cells: list[str]
    name: str = ""
    creates: bool = True
    errors: list[tuple[str, str]] = field(default_factory=list)  # (column, why)


def decoded(data: bytes) -> str:
    """Read UTF-8, or what spreadsheets of Windows write."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def from_sheet(data: bytes) -> str:
    """Read the first sheet of an XLSX as if it had been saved as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    try:
        with ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
        if unpacked <= MOST_UNPACKED_BYTES:
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            for row in book.worksheets[0].iter_rows(max_row=MOST_ROWS + 2, values_only=True):
                cells = row[:MOST_COLUMNS]
                writer.writerow("" if c is None else str(c).replace("\n", " ") for c in cells)
    except _BROKEN as error:
        raise forms.ValidationError(_("The file is not a spreadsheet that can be read.")) from error
    if unpacked > MOST_UNPACKED_BYTES:
        raise forms.ValidationError(_("The file is larger than 5 MB; import it in parts."))
    return out.getvalue()


def plain(text: object) -> str:
    """Return a text without accents, case and outer blanks, to compare by."""
    decomposed = unicodedata.normalize("NFKD", str(text))
    return "".join(c for c in decomposed if not unicodedata.combining(c)).strip().casefold()


def read_table(text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the header and the numbered rows of a CSV, whatever of `;`, `,` or tab divides it."""
    if "\x00" in text:
        # In UTF-16 every other is one; the database takes none.
        raise InvalidInput(_("The file is not a spreadsheet that can be read."))
    lines = text.lstrip("\ufeff").splitlines()
    first = next((line for line in lines if line.strip()), "")
    delimiter = max(";\t,", key=first.count)
    reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)
    try:
        rows = [(reader.line_num, [c.strip() for c in row]) for row in reader if any(row)]
    except csv.Error as error:
        raise InvalidInput(_("Line %(line)s is not CSV.") % {"line": reader.line_num}) from error
    if len(rows) < 2:
        raise InvalidInput(_("A heading and at least one row are needed."))
    if len(rows) - 1 > MOST_ROWS:
        raise InvalidInput(
            _("More than %(most)s rows; import them in parts.") % {"most": MOST_ROWS}
        )
    return rows[0][1], rows[1:]


class Importer:
    """Puts the rows of a CSV into a resource, as one actor."""

    def __init__(self, resource: Any, actor: Any) -> None:
        self.resource, self.actor = resource, actor
        self.blank = resource.form(actor=actor)
        self.by_heading = {plain(name): name for name in self.blank.fields}
        self.by_heading |= {
            plain(f.label): name for name, f in self.blank.fields.items() if f.label
        }

    def columns(self, header: list[str]) -> list[str]:
        """Return the form field of each heading; unknown headings are an error that names them."""
        unknown = [text for text in header if plain(text) not in self.by_heading]
        if unknown:
            raise InvalidInput(
                _("Unknown columns: %(unknown)s. Known: %(known)s.")
                % {"unknown": ", ".join(unknown), "known": ", ".join(self.blank.fields)}
            )
        columns = [self.by_heading[plain(text)] for text in header]
        if self.resource.import_key not in columns:
            raise InvalidInput(
                _("The column “%(key)s” is missing; rows are told apart by it.")
                % {"key": self.blank.fields[self.resource.import_key].label}
            )
        return columns

    def run(self, text: str, *, keep: bool) -> tuple[list[str], list[Row]]:
        """Import and return heading and rows; unless `keep`, or with any error, all is undone."""
        header, lines = read_table(text)
        columns = self.columns(header)
        rows = []
        with transaction.atomic():
            for line, cells in lines:
                row = Row(line, [*cells, *[""] * (len(columns) - len(cells))])
                self.run_row(columns, row)
                rows.append(row)
            if not keep or any(row.errors for row in rows):
                transaction.set_rollback(True)
        return header, rows

    def run_row(self, columns: list[str], row: Row) -> None:
        """Write one row, or note on it why not."""
        if len(row.cells) > len(columns):
            row.errors.append(("", _("More cells than headings.")))
            return
        values, row.errors = self.values(dict(zip(columns, row.cells, strict=True)))
        try:
            found = self.find(dict(zip(columns, row.cells, strict=True)))
        except InvalidInput as error:
            row.errors.append((self.resource.import_key, str(error)))
            return
        row.creates = found is None
        form = bound_form(self.resource, self.actor, found, values)
        told = {name for name, _why in row.errors}
        row.errors += [
            (name, str(why))
            for name, whys in form.errors.items()
            if name not in told
            for why in whys
        ]
        if row.errors:
            return
        row.name = self.write(form, found, row)

    def write(self, form: Any, found: Any, row: Row) -> str:
        """Let the service write; note its refusal on the row."""
        r = self.resource
        try:
            with transaction.atomic():
                if found is None:
                    return str(r.label(r.create(self.actor, form.cleaned_data)))
                return str(r.label(r.change(self.actor, found, form.cleaned_data) or found))
        except (TroncoError, IntegrityError) as error:
            if isinstance(error, IntegrityError):
                error = translated(error, r.model)
            row.errors.append((getattr(error, "field", None) or "", str(error)))
            return ""

    def find(self, cells: dict[str, str]) -> Any:
        """Return the object the row updates, or None for a new one."""
        key = self.resource.import_key
        model_field = self.resource.model._meta.get_field(key)
        lookup = key if not model_field.is_relation else f"{key}__pk"
        found = list(self.resource.queryset(self.actor).filter(**{lookup: cells[key]})[:2])
        if len(found) > 1:
            raise InvalidInput(_("Several have this; change them on their own screens."))
        if found and not self.resource.editable:
            raise InvalidInput(_("Exists already."))
        if not found and not self.resource.has("create"):
            raise InvalidInput(_("Does not exist, and cannot be created here."))
        return found[0] if found else None

    def values(self, cells: dict[str, str]) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
        """Return what a browser would send for the cells, and what could not be understood."""
        values: dict[str, list[str]] = {}
        errors: list[tuple[str, str]] = []
        for name, cell in cells.items():
            text = cell[1:] if cell.startswith("'") else cell
            try:
                values[name] = self.typed(name, self.blank.fields[name], text)
            except InvalidInput as error:
                errors.append((name, str(error)))
        return values, errors

    def typed(self, name: str, one: forms.Field, text: str) -> list[str]:
        """Return one cell as a browser would send it: words become ids, keys and ticks."""
        if isinstance(one, forms.ModelMultipleChoiceField):
            return [self.related(name, one, part) for part in parts(text)]
        if isinstance(one, forms.ModelChoiceField):
            return [self.related(name, one, text)] if text else []
        if isinstance(one, forms.MultipleChoiceField):
            return [choice(one, part) for part in parts(text)]
        if isinstance(one, forms.ChoiceField):
            return [choice(one, text)] if text else []
        if isinstance(one, forms.BooleanField):
            return tick(text)
        return [text]

    def related(self, name: str, one: Any, text: str) -> str:
        """Return the id of the related row written as its name, or as `#id`."""
        if text.startswith("#") and is_key(text[1:]):
            return text[1:]
        lookup = self.resource.import_lookups.get(name, "name")
        found = list(one.queryset.filter(**{f"{lookup}__iexact": text})[:2])
        if len(found) == 1:
            return str(found[0].pk)
        if found:
            raise InvalidInput(_("“%(text)s”: several have this name; write #id.") % {"text": text})
        raise InvalidInput(_("“%(text)s” does not exist.") % {"text": text})


def parts(text: str) -> list[str]:
    """Split a cell with several values."""
    return [part.strip() for part in text.replace("|", ",").split(",") if part.strip()]


def choice(one: Any, text: str) -> str:
    """Return the key of a choice written as key or as label."""
    for key, label in one.choices:
        if plain(text) in {plain(key), plain(label)}:
            return str(key)
    known = ", ".join(str(label) for key, label in one.choices if key not in ("", None))
    raise InvalidInput(_("“%(text)s” is none of: %(known)s.") % {"text": text, "known": known})


def tick(text: str) -> list[str]:
    """Read yes or no."""
    if plain(text) in TRUE:
        return ["on"]
    if plain(text) in FALSE:
        return []
    raise InvalidInput(_("“%(text)s” is neither yes nor no.") % {"text": text})


class ImportView(ResourcePage):
    """Paste or upload; look at what would happen; confirm."""

    template_name = "ui/import.html"
    verb = "edit"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(ImportForm(actor=self.actor))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = ImportForm(request.POST, request.FILES, actor=self.actor)
        if not form.is_valid():
            return self.show(form, status=422)
        text = form.cleaned_data["text"]
        confirmed = "confirmed" in request.POST
        try:
            with recorded(_("CSV import")):
                header, rows = Importer(self.resource, self.actor).run(text, keep=confirmed)
        except InvalidInput as error:
            form.add_error(None, str(error))
            return self.show(form, status=422)
        failed = [row for row in rows if row.errors]
        if confirmed and not failed:
            done = ngettext("%(count)s row imported.", "%(count)s rows imported.", len(rows))
            messages.success(request, done % {"count": len(rows)})
            return HttpResponseRedirect(self.resource.url("list") or "/")
        return self.show(
            form, header=header, rows=rows, failed=failed, text=text, status=422 if failed else 200
        )

    def show(self, form: Any, *, status: int = 200, **extra: Any) -> HttpResponse:
        """The form, and below it the preview once there is one."""
        importer = Importer(self.resource, self.actor)
        rows: list[Row] = extra.get("rows", [])
        return self.render(
            status=status,
            title=_("Import: %(title)s") % {"title": self.resource.heading},
            form=form,
            fields=list(importer.blank),
            key=self.resource.import_key,
            labels={bound.name: bound.label for bound in importer.blank},
            list_url=self.resource.url("list"),
            created=sum(1 for row in rows if row.creates and not row.errors),
            updated=sum(1 for row in rows if not row.creates and not row.errors),
            **extra,
        )
