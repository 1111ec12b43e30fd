"""Exact numbers: from JSON, text and decimals to fractions, and back. Floats never enter."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any, Final

_PLAIN: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")
# Integers longer than this are not even converted: Python's conversion is quadratic.
_LONGEST_INTEGER: Final = 40


class JsonNumber(Decimal):
    """A JSON number with a point or an exponent: exact, so fit for seconds; refused as money.

    `NaN`, `Infinity` and what no decimal can hold are kept as non-finite values, so that the error
    can name the place where they stand.
    """

    __slots__ = ()


class JsonObject(dict[str, Any]):
    """A JSON object that wrote a key more than once."""

    repeated: tuple[str, ...] = ()


class NumberError(ValueError):
    """A value is not the number that its place needs; the message says the cure."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_json(text: str) -> Any:
    """Return what the JSON says, with no number made inexact and no repeated key lost.

    Raises ValueError with the place of the fault.
    """
    try:
        return json.loads(
            text,
            parse_float=_json_number,
            parse_int=_json_integer,
            parse_constant=_json_number,
            object_pairs_hook=_json_object,
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def read_number(value: object, *, decimals: int, limit: int, json_numbers: bool = True) -> Fraction:
    """Return the number as a fraction: not negative, at most `limit`, at most `decimals` places.

    Takes integers, decimals, fractions and plain decimal text such as "61.250".
    """
    if isinstance(value, JsonNumber) and not json_numbers:
        raise NumberError(
            "inexact-money", f'{value} is a JSON number; write it as a string, "{value}"'
        )
    if type(value) is int and 0 <= value <= limit:
        return Fraction(value)
    number = _fraction(value, decimals, limit)
    if number < 0:
        raise NumberError("negative", f"{_shown(value)} is negative; it must be zero or more")
    if number > limit:
        raise NumberError("too-large", f"{_shown(value)} is above the limit of {limit}")
    return number


def decimal_text(value: Fraction) -> str:
    """Write `1.25`; or `n/d` when there is no finite decimal."""
    denominator, twos, fives = value.denominator, 0, 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    if denominator != 1:
        return f"{value.numerator}/{value.denominator}"
    places = max(twos, fives)
    return fixed_text(value.numerator * 10**places // value.denominator, places)


def fixed_text(scaled: int, places: int) -> str:
    """Write an integer number of 10^-places as a decimal with exactly that many places."""
    sign, digits = "-" if scaled < 0 else "", str(abs(scaled)).rjust(places + 1, "0")
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def _fraction(value: object, decimals: int, limit: int) -> Fraction:
    if isinstance(value, bool) or value is None:
        raise NumberError("not-a-number", f"{_shown(value)} is not a number")
    if isinstance(value, int | Fraction):
        return Fraction(value)
    if isinstance(value, float):
        raise NumberError(
            "inexact-number", f'{value} is a float, which is not exact; write "{value}"'
        )
    if isinstance(value, str):
        if not _PLAIN.fullmatch(value):
            cure = ", with a point" if "," in value else ""
            raise NumberError(
                "not-a-number", f'{_shown(value)} is not a plain decimal; write "1.25"{cure}'
            )
        value = Decimal(value)
    if not isinstance(value, Decimal):
        raise NumberError("not-a-number", f"{_shown(value)} is not a number")
    if not value.is_finite():
        raise NumberError("not-a-number", f"{value} is not a finite number")
    # Looked at before any conversion: 1e999999999 must not become a billion digits.
    if value and value.adjusted() > len(str(limit)):
        raise NumberError("too-large", f"{_shown(value)} is above the limit of {limit}")
    _, digits, exponent = value.as_tuple()
    zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    if value and -int(exponent) - zeros > decimals:
        raise NumberError("too-precise", f"{_shown(value)} has more than {decimals} decimal places")
    return Fraction(value) if value else Fraction(0)


def _json_number(text: str) -> JsonNumber:
    try:
        return JsonNumber(text)
    except InvalidOperation:
        return JsonNumber("-Infinity" if text.startswith("-") else "Infinity")


def _json_integer(text: str) -> int | JsonNumber:
    return int(text) if len(text) <= _LONGEST_INTEGER else _json_number(text)


def _json_object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    keys = [key for key, _ in pairs]
    repeated = JsonObject(found)
    repeated.repeated = tuple(key for key in found if keys.count(key) > 1)
    return repeated


def _shown(value: object) -> str:
    try:
        text = str(value) if isinstance(value, Decimal | Fraction) else repr(value)
    except ValueError:  # Python refuses to write integers of many thousand digits
        return "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."
