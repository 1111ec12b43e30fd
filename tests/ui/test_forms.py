"""Fields of forms."""

from __future__ import annotations

import pytest
from django import forms

from tronco.core.money import MICRO
from tronco.ui.forms import MoneyField, MoneyInput


@pytest.mark.parametrize(
    ("typed", "amount_u"),
    [
        ("1.234,56", 1_234_560_000),
        ("R$ 10,00", 10 * MICRO),
        ("-2,50", -2_500_000),
        ("0,000001", 1),
        ("1234.56", 1_234_560_000),
        ("", None),
    ],
)
def test_money_as_brazilians_type_it(typed: str, amount_u: int | None) -> None:
    assert MoneyField(required=False).clean(typed) == amount_u


@pytest.mark.parametrize("typed", ["1.234", "dez", "0,0000001", "99999999999", "--1", "1,2,3"])
def test_what_is_no_amount_is_refused_with_the_text(typed: str) -> None:
    with pytest.raises(forms.ValidationError, match="“"):
        MoneyField().clean(typed)


def test_bounds_name_themselves() -> None:
    with pytest.raises(forms.ValidationError, match=r"R\$ 0,00"):
        MoneyField(min_u=0).clean("-0,01")
    with pytest.raises(forms.ValidationError, match=r"R\$ 1,00"):
        MoneyField(max_u=MICRO).clean("1,01")


@pytest.mark.parametrize(
    ("amount_u", "shown"),
    [
        (1_234_560_000, "1.234,56"),
        (-2_500_000, "-2,50"),
        (1, "0,000001"),
        (100_000, "0,10"),
        (123_450, "0,12345"),
    ],
)
def test_money_is_shown_with_cents_and_what_is_finer(amount_u: int, shown: str) -> None:
    assert MoneyInput().format_value(amount_u) == shown
    assert MoneyField().clean(shown) == amount_u
