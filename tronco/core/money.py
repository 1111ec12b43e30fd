"""Money: integers of a millionth of a real (µR$). Floats never enter."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from tronco.core.errors import InvalidInput

MICRO: Final = 1_000_000
# Largest magnitude a ledger column (bigint) takes with room for sums: 9 billion reais.
MAX_U: Final = 9_000_000_000 * MICRO

_BRAZILIAN = re.compile(r"[+-]?\d{1,3}(\.\d{3})*(,\d+)?|[+-]?\d+(,\d+)?")
_PLAIN = re.compile(r"[+-]?\d+(\.\d+)?")


def from_decimal(value: Decimal) -> int:
    """Return µR$ for an exact decimal of reais; more than six decimals is an error."""
    scaled = value * MICRO
    if not value.is_finite() or scaled != scaled.to_integral_value():
        raise InvalidInput(
            f"{value} has more than six decimal places; use at most six", code="money-too-precise"
        )
    result = int(scaled)
    if abs(result) > MAX_U:
        raise InvalidInput(f"{value} is too large an amount", code="money-too-large")
    return result


def to_decimal(amount_u: int) -> Decimal:
    """Return reais as an exact decimal."""
    return Decimal(amount_u).scaleb(-6)


def parse(text: str) -> int:
    """Read `1.234,56`, `1234,56` or `1234.56` (optionally with R$) as µR$.

    `1.234` is ambiguous between the Brazilian thousands and a decimal point and is refused.
    """
    cleaned = text.replace("R$", "").replace(" ", "").replace("\u00a0", "")
    if re.fullmatch(r"[+-]?\d{1,3}\.\d{3}", cleaned):
        raise InvalidInput(
            f"'{text}' could be thousands or decimals; write {cleaned.replace('.', '')},00 "
            f"or {cleaned.replace('.', ',')}",
            code="money-ambiguous",
        )
    if _PLAIN.fullmatch(cleaned):
        plain = cleaned
    elif _BRAZILIAN.fullmatch(cleaned):
        plain = cleaned.replace(".", "").replace(",", ".")
    else:
        raise InvalidInput(
            f"'{text}' is not an amount; write it like 10,00 or -2,50", code="money-invalid"
        )
    try:
        return from_decimal(Decimal(plain))
    except InvalidOperation as exc:  # pragma: no cover - the patterns above leave none
        raise InvalidInput(f"'{text}' is not an amount", code="money-invalid") from exc


def format_brl(amount_u: int, *, decimals: int = 2, symbol: bool = True) -> str:
    """Write µR$ for people: `R$ 1.234,56`; `-R$ 0,05`. Display only: rounds half away from zero."""
    quantum = Decimal(1).scaleb(-decimals)
    value = abs(to_decimal(amount_u)).quantize(quantum, ROUND_HALF_UP)
    whole, _, fraction = f"{value:,}".partition(".")
    body = whole.replace(",", ".") + ("," + fraction if fraction else "")
    sign = "-" if amount_u < 0 and value else ""
    return f"{sign}R$ {body}" if symbol else f"{sign}{body}"
