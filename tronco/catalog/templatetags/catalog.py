"""How prices are written on the catalogue's pages."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from django import template

from tronco.catalog.tables import price_text
from tronco.rating.exact import decimal_text
from tronco.rating.rates import TICKS

register = template.Library()


@register.filter
def price(value: Decimal | None) -> str:
    """A price of reais; nothing for None."""
    return "—" if value is None else price_text(value)


@register.filter
def reais(value: Fraction) -> str:
    """An exact amount: all its decimals, or a fraction where they never end."""
    text = decimal_text(value)
    if "/" in text:
        return f"R$ {text}"
    whole, _point, decimals = text.partition(".")
    return f"R$ {whole},{decimals.ljust(2, '0')}"


@register.filter
def seconds(value: Fraction | int) -> str:
    """A length in seconds."""
    return decimal_text(Fraction(value)).replace(".", ",") + " s"


@register.filter
def ticks(value: int) -> str:
    """A length in the engine's ticks, as seconds."""
    return seconds(Fraction(value, TICKS))


@register.filter
def percent(value: Decimal | None) -> str:
    """A change, with its sign; nothing where it says nothing."""
    return "" if value is None else f"{value:+.1f} %".replace(".", ",")
