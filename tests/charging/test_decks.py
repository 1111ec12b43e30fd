"""Which rate prices a number."""

from __future__ import annotations

import pytest

from tronco.charging.decks import Deck, RateRow


def row(prefix: str = "", call_class: str = "") -> RateRow:
    """A rate of which only the target matters."""
    known = dict.fromkeys(RateRow._fields)
    return RateRow(**{**known, "prefix": prefix, "call_class": call_class})  # type: ignore[arg-type]


DECK = Deck([row("1"), row("55"), row("5511"), row("190"), row(call_class="services")])


@pytest.mark.parametrize(
    ("digits", "call_class", "expected"),
    [
        ("12125550100", "ldi", "1"),
        ("551133334444", "local_fixed", "5511"),
        ("552133334444", "ldn_fixed", "55"),
        # A short code is not abroad.
        ("102", "services", "services"),
        ("10315", "services", "services"),
        # Unless the list prices that very code.
        ("190", "services", "190"),
        ("442071234567", "ldi", None),
    ],
)
def test_match(digits: str, call_class: str, expected: str | None) -> None:
    found = DECK.match(digits, call_class)
    assert (found and (found.prefix or found.call_class)) == expected
