"""A brand's one colour: readable wherever it stands, in light and in dark. Pure.

Contrast as WCAG 2 reckons it: 4.5 for text, 3 for what is only told apart from what is around it.
"""

from __future__ import annotations

import re
from math import floor

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from tronco.core.errors import InvalidInput

TEXT_CONTRAST = 4.5
_COLOR = re.compile(r"#?([0-9a-fA-F]{6})\Z")
_DARK_SURFACE = "1f2937"
Rgb = tuple[int, int, int]


def parse_color(text: str) -> str:
    """Return `#1a5fb4` in small letters; white text must be readable on it."""
    found = _COLOR.match(text.strip())
    if found is None:
        raise InvalidInput(
            _("Write the colour like #1a5fb4: six digits from 0 to f."), field="color", code="color"
        )
    color = found[1].lower()
    ratio = contrast(color, "ffffff")
    if ratio < TEXT_CONTRAST:
        raise InvalidInput(
            _("Too light: white text on it has a contrast of %(ratio)s, and needs 4.5.")
            % {"ratio": number_format(floor(ratio * 10) / 10, 1)},
            field="color",
            code="color-contrast",
        )
    return f"#{color}"


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, `rrggbb`: 1 to 21."""
    lights = sorted((_luminance(_rgb(one)), _luminance(_rgb(other))), reverse=True)
    return (lights[0] + 0.05) / (lights[1] + 0.05)


def stylesheet(color: str) -> str:
    """Return the variables of the screens for a brand's colour, `rrggbb`."""
    dark = _lighter(color, 2.5)
    link = _lighter(color, TEXT_CONTRAST + 1)
    return (
        f":root, [data-bs-theme=light] {{ {_variables(color)} }}\n"
        f"[data-bs-theme=dark] {{ {_variables(dark)} --tblr-link-color: #{link};"
        f" --tblr-link-color-rgb: {_numbers(link)}; --tblr-link-hover-color: #{link}; }}\n"
    )


def _variables(color: str) -> str:
    return (
        f"--tblr-primary: #{color}; --tblr-primary-rgb: {_numbers(color)};"
        " --tblr-primary-fg: #ffffff;"
    )


def _lighter(color: str, ratio: float) -> str:
    """Return the colour with as much white as makes it stand out from a dark surface."""
    for white in range(0, 101, 2):
        mixed = "".join(f"{round(c + (255 - c) * white / 100):02x}" for c in _rgb(color))
        if contrast(mixed, _DARK_SURFACE) >= ratio:
            return mixed
    return "ffffff"


def _numbers(color: str) -> str:
    return ", ".join(map(str, _rgb(color)))


def _rgb(color: str) -> Rgb:
    red, green, blue = (int(color[at : at + 2], 16) for at in (0, 2, 4))
    return red, green, blue


def _luminance(rgb: Rgb) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in rgb)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
