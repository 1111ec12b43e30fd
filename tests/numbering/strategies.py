"""Strings that look dialled: the plan's own beginnings and middles, and noise."""

from __future__ import annotations

from hypothesis import strategies as st

from tronco.numbering.ddd import UF_BY_DDD

OWN_DDDS = st.sampled_from([None, 11, 21, 55, 90])

HEADS = "00 0 + +55 55 0055 055 0015 001555 015 0155 9090 90 9015 +550 021011 0xx 00xx #31# *"
MIDDLES = "2 5 7 9 0 4004 3003 4020 3009 800 0800 303 0303 300 900 190 188 102 10315 1331"

_heads = st.sampled_from(["", "", "", *HEADS.split()])
_ddds = st.sampled_from(["", "", *map(str, UF_BY_DDD), "30", "20", "0"])
_middles = st.sampled_from(["", *MIDDLES.split()])
_endings = st.text("0123456789", max_size=10)
_decorations = st.sampled_from(["", "", "", "", "-", " ", ".", "(", ")", "\u00a0", "\n", "+", "x"])

plain = st.builds("".join, st.tuples(_heads, _ddds, _middles, _endings))


@st.composite
def decorated(draw: st.DrawFn) -> str:
    return "".join(character + draw(_decorations) for character in draw(plain))


_noise = st.text("0123456789+*# -", max_size=20)
_any_text = st.text(st.characters(exclude_categories=()), max_size=40)  # surrogates, too

dialled = plain | decorated() | _noise | _any_text
