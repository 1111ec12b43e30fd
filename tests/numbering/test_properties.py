"""What holds for any text at all."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.numbering.strategies import OWN_DDDS, dialled
from tronco.numbering.classify import ALWAYS_ALLOWED_FREE, classify
from tronco.numbering.number import GEOGRAPHIC, SHORT, CallClass, Kind

_separators = st.text(" -.()/\t\u00a0\u2011\u200e", max_size=3)


@settings(max_examples=3000, deadline=None)
@given(dialled, OWN_DDDS)
def test_any_text_has_one_clear_outcome(text: str, own_ddd: int | None) -> None:
    found = classify(text, own_ddd=own_ddd)

    assert found.raw == text
    assert found.valid == (found.kind is not Kind.INVALID) == (found.call_class is not None)
    assert found.valid == bool(found.rating_digits) == bool(found.country) != bool(found.hint)
    assert found.rating_digits == "" or found.rating_digits.isdecimal()
    assert (found.ddd is not None) == (found.kind in GEOGRAPHIC) == (found.uf != "")
    assert found.vc is None or found.kind is Kind.MOBILE
    assert bool(found.e164) == (found.valid and found.kind not in SHORT)
    assert isinstance(found.display, str)


@settings(max_examples=3000, deadline=None)
@given(dialled, OWN_DDDS)
def test_e164_stays(text: str, own_ddd: int | None) -> None:
    first = classify(text, own_ddd=own_ddd)
    again = first.e164 or first.rating_digits
    if first.valid:
        second = classify(again, own_ddd=own_ddd)

        # Who pays and by which carrier is said by the way of dialling, not by the number.
        assert second == replace(first, raw=again, csp=None, collect=False)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(sorted(ALWAYS_ALLOWED_FREE)), st.data(), OWN_DDDS)
def test_emergency_wins_whatever_surrounds_it(
    code: str, data: st.DataObject, own_ddd: int | None
) -> None:
    before = data.draw(st.sampled_from(["", "0", "011", "+", "+55", "0055", "+5521", "#31#"]))
    text = "".join(data.draw(_separators) + character for character in before + code)

    found = classify(text + data.draw(_separators), own_ddd=own_ddd)

    assert (found.call_class, found.rating_digits) == (CallClass.EMERGENCY, code)


@given(st.sampled_from([11, 12, 21, 31, 99]), st.sampled_from([11, 12, 21, 31, 99]))
def test_local_is_the_same_ddd(own_ddd: int, ddd: int) -> None:
    fixed = classify(f"{ddd}33334444", own_ddd=own_ddd).call_class
    mobile = classify(f"{ddd}987654321", own_ddd=own_ddd)

    assert (fixed is CallClass.LOCAL_FIXED) == (own_ddd == ddd)
    assert (mobile.call_class is CallClass.LOCAL_MOBILE) == (mobile.vc == 1) == (own_ddd == ddd)
