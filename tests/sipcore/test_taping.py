"""Wishes that a call be recorded, as the dialplan passes them on."""

from __future__ import annotations

import pytest

from tronco.sipcore.taping import NOBODY, Wish, parse_wish, tape_variables

ONE, TWO = Wish(frozenset({5})), Wish(frozenset({12, 9}), tells=True)


@pytest.mark.parametrize(
    ("wish", "text", "tape"),
    [
        (NOBODY, "", ""),
        (ONE, "quiet:5", "5"),
        (TWO, "told:9.12", "9.12"),
        (ONE | TWO, "told:5.9.12", "5.9.12"),
        (ONE | NOBODY, "quiet:5", "5"),
    ],
)
def test_a_wish_comes_back_as_it_was(wish: Wish, text: str, tape: str) -> None:
    assert (str(wish), wish.tape, parse_wish(text)) == (text, tape, wish)


@pytest.mark.parametrize(("wish", "tell"), [(ONE, ""), (TWO, "tronco/recorded")])
def test_only_who_is_to_be_told_hears_it(wish: Wish, tell: str) -> None:
    told = tape_variables(wish, "tronco/recorded")
    assert told == {"TAPE": wish.tape, "TELL": tell, "__TAPED": str(wish)}
