"""Numbers of other countries, by the metadata of `phonenumbers`.

The library's own parse costs 35 to 50 µs a number. Most numbers need none of its repairs (a
national prefix dialled after the country code, say), so they are matched here against the very
patterns it would use, in the same order, at a tenth of the price; the others are left to it.
Tests compare the two. This is the only module that imports `phonenumbers`.
"""

import re
from functools import cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberDesc, PhoneNumberFormat

# Validity is "of a known type". These are all the types that the library considers.
TYPES = (
    "fixed_line",
    "mobile",
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)


class Plan(NamedTuple):
    """The numbering plan of one region."""

    region: str
    leading: re.Pattern[str] | None
    valid: re.Pattern[str]


class CountryCode(NamedTuple):
    prefix: re.Pattern[str] | None
    plans: tuple[Plan, ...]


def find_international(digits: str) -> tuple[str, str] | None:
    """E.164 digits and ISO region of what follows "+", or None when there is no such number."""
    for size in (1, 2, 3):
        country = _country_code(digits[:size])
        if country:
            national = digits[size:]
            break
    else:
        return None
    if country.prefix and (found := country.prefix.match(national)) and found.end():
        return _find_repaired(digits)
    region = _find_region(country.plans, national)
    return (digits, region) if region else None


def display(e164: str) -> str:
    number = phonenumbers.parse(e164)
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def _find_repaired(digits: str) -> tuple[str, str] | None:
    """The library's own reading, for numbers that may hold a national prefix."""
    try:
        number = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    repaired = phonenumbers.format_number(number, PhoneNumberFormat.E164).removeprefix("+")
    return repaired, phonenumbers.region_code_for_number(number) or ""


def _find_region(plans: tuple[Plan, ...], national: str) -> str:
    """Regions that share a country code are told apart by leading digits or by validity."""
    for plan in plans:
        if plan.leading and not plan.leading.match(national):
            continue
        if plan.valid.fullmatch(national):
            return plan.region
        if plan.leading:
            return ""
    return ""


@cache
def _country_code(prefix: str) -> CountryCode | None:
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(prefix or "0"))
    if not regions or prefix.startswith("0"):
        return None
    found = (
        PhoneMetadata.metadata_for_region_or_calling_code(int(prefix), region) for region in regions
    )
    metadata = [plan for plan in found if plan]
    return CountryCode(
        prefix=_compile(metadata[0].national_prefix_for_parsing),
        plans=tuple(
            Plan(plan.id, _compile(plan.leading_digits), _valid_pattern(plan)) for plan in metadata
        ),
    )


def _valid_pattern(metadata: PhoneMetadata) -> re.Pattern[str]:
    """One pattern for "possible in general, and of some type", lengths included."""
    types = "|".join(filter(None, (_pattern(getattr(metadata, name)) for name in TYPES)))
    return re.compile(f"(?={_pattern(metadata.general_desc)}$)(?:{types or '(?!)'})")


def _pattern(description: PhoneNumberDesc | None) -> str:
    if description is None or not description.national_number_pattern:
        return ""
    lengths = "|".join(rf"\d{{{length}}}$" for length in description.possible_length)
    return f"(?={lengths})(?:{description.national_number_pattern})"


def _compile(pattern: str | None) -> re.Pattern[str] | None:
    return re.compile(pattern) if pattern else None
