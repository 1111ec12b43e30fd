"""The cells of a price list, each read by itself: text in, value out, or CellFault."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tronco.catalog import rates
from tronco.catalog.faults import Fault
from tronco.catalog.models import CallClass
from tronco.rating.exact import read_json

FIXED, MOBILE = "F", "C"

# A point or a comma parts the decimals; both together only as in 1.234,56.
_PLAIN_PRICE = re.compile(r"([+-]?[0-9]+)(?:[.,]([0-9]+))?")
_BRAZILIAN_PRICE = re.compile(r"([+-]?[0-9]{1,3}(?:\.[0-9]{3})+),([0-9]+)")
_PRICE_DRESS = str.maketrans("", "", " \u00a0")
_LONGEST_NUMBER = 40

_CLASS_WORDS = {
    **{value: value for value in CallClass.values},
    "local_fixo": CallClass.LOCAL_FIXED.value,
    "local_movel": CallClass.LOCAL_MOBILE.value,
    "vc1": CallClass.LOCAL_MOBILE.value,
    "ldn_fixo": CallClass.LDN_FIXED.value,
    "ldn_movel": CallClass.LDN_MOBILE.value,
    "0300": CallClass.N0300.value,
    "0800": CallClass.N0800.value,
    "servicos": CallClass.SERVICES.value,
    "internacional": CallClass.LDI.value,
}
_KIND_WORDS = {
    "": "",
    "f": FIXED,
    "fixo": FIXED,
    "fixed": FIXED,
    "c": MOBILE,
    "m": MOBILE,
    "celular": MOBILE,
    "movel": MOBILE,
    "mobile": MOBILE,
}
_ACTIVE_WORDS = {
    **dict.fromkeys(("", "1", "s", "sim", "ativo", "true", "yes"), True),
    **dict.fromkeys(("0", "n", "nao", "inativo", "false", "no"), False),
}


class CellFault(Exception):
    """A cell that cannot be read; `fault` says why."""

    def __init__(self, field: str, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.fault = Fault(field, code, facts)


def simplify(text: str) -> str:
    """Return `Preço por Minuto` as `preco_por_minuto`: how words are compared."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


def read_prefix(text: str) -> str:
    """Return the digits; a + and the usual separators may stand among them."""
    digits = text.removeprefix("+").translate(_SEPARATORS)
    if not digits.isascii() or not digits.isdigit():
        raise CellFault("prefix", "prefix-format", value=text[:_LONGEST_NUMBER])
    return digits


_SEPARATORS = str.maketrans("", "", " -.()\u00a0")


def read_class(text: str) -> str:
    found = _CLASS_WORDS.get(simplify(text), "") if text else ""
    if text and not found:
        known = ", ".join(CallClass.values)
        raise CellFault("call_class", "class-unknown", value=text[:_LONGEST_NUMBER], known=known)
    return found


def read_kind(text: str) -> str:
    try:
        return _KIND_WORDS[simplify(text)]
    except KeyError:
        raise CellFault("kind", "kind-unknown", value=text[:_LONGEST_NUMBER]) from None


def read_active(text: str) -> bool:
    try:
        return _ACTIVE_WORDS[simplify(text)]
    except KeyError:
        raise CellFault("active", "active-unknown", value=text[:_LONGEST_NUMBER]) from None


def guarded(text: str) -> str:
    """Return a text that a spreadsheet takes for a text; `read_description` undoes it."""
    return f"'{text}" if text[:1] in _FORMULA else text


_FORMULA = tuple("=+-@'")


def read_description(text: str) -> str:
    text = text.removeprefix("'")
    if found := rates.description_faults(text):
        raise CellFault("description", found[0].code)
    return text


def price_reader(field: str, *, default: Decimal | None) -> Callable[[str], Decimal | None]:
    """Return the reader of a money column; an empty cell is the default."""

    def read(text: str) -> Decimal | None:
        return read_price(text, field=field) if text else default

    return read


def read_price(text: str, *, field: str = "price_per_min") -> Decimal:
    """Read `0,0999`, `0.0999` or `R$ 1.234,56`, exactly."""
    bare = text.replace("R$", "").translate(_PRICE_DRESS)
    match = _PLAIN_PRICE.fullmatch(bare) or _BRAZILIAN_PRICE.fullmatch(bare)
    if match is None or len(bare) > _LONGEST_NUMBER:
        raise CellFault(field, "price-format", value=text[:_LONGEST_NUMBER])
    value = Decimal(f"{match[1].replace('.', '')}.{match[2] or '0'}")
    if code := rates.price_fault(value):
        raise CellFault(field, code, value=text[:_LONGEST_NUMBER])
    return value


def seconds_reader(field: str, *, default: int) -> Callable[[str], int]:
    """Return the reader of a column of whole seconds; an empty cell is the default."""

    def read(text: str) -> int:
        if not text:
            return default
        if not (text.isascii() and text.isdigit()):
            raise CellFault(field, "seconds-format", value=text[:_LONGEST_NUMBER])
        if len(text) > 9 or int(text) > rates.DAY_S:
            raise CellFault(field, "seconds-too-many", value=text[:_LONGEST_NUMBER])
        if field == "step_s" and not int(text):
            raise CellFault(field, "step-zero", value=text)
        return int(text)

    return read


def read_windows(text: str) -> rates.Windows | None:
    """Read the JSON of a cell; raises for the first thing that is wrong with it."""
    if not text:
        return None
    try:
        windows = read_json(text)
    except ValueError as error:
        raise CellFault("windows", "windows-json", detail=str(error)) from error
    if found := rates.find_window_faults(windows):
        raise CellFault(found[0].field, found[0].code, **found[0].facts)
    return rates.storable(windows)


def memoised(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Remember what a text was read as: lists repeat few texts a hundred thousand times."""
    known: dict[str, Any] = {}

    def read_once(text: str) -> Any:
        try:
            return known[text]
        except KeyError:
            value = known[text] = read(text)
            return value

    return read_once
