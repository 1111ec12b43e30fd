"""How calls are written for people, in templates."""

from __future__ import annotations

from fractions import Fraction

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tronco.calls.causes import cause_text
from tronco.charging.reasons import REASONS
from tronco.core.money import MICRO, format_brl
from tronco.numbering.classify import classify
from tronco.ui import formats

register = template.Library()
_PLACES = 10**12
register.filter("cause_text", cause_text)


@register.filter
def number(text: str) -> str:
    """A telephone number as people write it."""
    return classify(text).display


@register.filter
def ms_duration(value_ms: int) -> str:
    """Write `1:05`, from milliseconds."""
    return formats.duration(value_ms / 1000)


@register.filter
def reason_text(reason_id: str) -> str:
    """Why a call was refused, in a sentence; the id where we do not know it."""
    reason = REASONS.get(reason_id)
    return str(reason.message) if reason else reason_id


@register.filter
def exact_money(amount_u: int) -> str:
    """Reais with as many decimals as there are, and at least two."""
    text = format_brl(amount_u, decimals=6)
    whole, _comma, decimals = text.partition(",")
    return f"{whole},{decimals[:2]}{decimals[2:].rstrip('0')}"


@register.filter
def reais(text: str) -> str:
    """An exact amount (`0.10989` or `1/3`) as reais; what has no finite decimal gets twelve."""
    value = Fraction(text)
    amount_u = value * MICRO
    if amount_u.denominator == 1:
        return exact_money(int(amount_u))
    scaled, rest = divmod(value.numerator * _PLACES, value.denominator)
    digits = f"{scaled // _PLACES},{scaled % _PLACES:012}".rstrip("0")
    return f"≈ R$ {digits}" if rest else f"R$ {digits}"


@register.filter
def rounding_text(method: str, decimals: int) -> str:
    """How the plan rounds, in words."""
    if method == "none":
        return _("rounded to the millionth")
    words = {
        "down": ngettext("cut to %(n)s decimal", "cut to %(n)s decimals", decimals),
        "up": ngettext("rounded up to %(n)s decimal", "rounded up to %(n)s decimals", decimals),
        "half_up": ngettext("rounded to %(n)s decimal", "rounded to %(n)s decimals", decimals),
    }
    return words[method] % {"n": decimals}
