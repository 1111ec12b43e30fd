"""Our quicker reading of the library's metadata against the library itself."""

from __future__ import annotations

import random

import phonenumbers
import pytest

from tronco.numbering.international import find_international


def reference(digits: str) -> tuple[str, str] | None:
    try:
        number = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return e164.removeprefix("+"), phonenumbers.region_code_for_number(number) or ""


def examples(country_code: int) -> list[str]:
    """National numbers of every region and type that the library has an example of."""
    numbers = [
        phonenumbers.example_number_for_type(region, kind)
        for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[country_code]
        for kind in phonenumbers.PhoneNumberType.values()
    ]
    numbers.append(phonenumbers.example_number_for_non_geo_entity(country_code))
    return [phonenumbers.national_significant_number(number) for number in numbers if number]


@pytest.mark.parametrize("country_code", sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
def test_agrees_with_the_library(country_code: int) -> None:
    chance = random.Random(country_code)
    nationals = [f"{chance.randrange(10**15):015}"[: chance.randrange(16)] for _ in range(50)]
    for example in examples(country_code):
        nationals += [example, "0" + example, "1" + example, "8" + example, example + "5"]
        for kept in range(len(example)):
            noise = f"{chance.randrange(10**15):015}"
            nationals.append(example[:kept] + noise[: len(example) - kept])

    for national in nationals:
        digits = f"{country_code}{national}"
        found = find_international(digits)
        assert found == reference(digits), digits
        if found:
            assert find_international(found[0]) == found


@pytest.mark.parametrize("digits", ["", "0", "00", "01", "9", "999", "2", "21", "1" * 40])
def test_what_is_no_number(digits: str) -> None:
    assert find_international(digits) is None
