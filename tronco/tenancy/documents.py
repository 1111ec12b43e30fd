"""CPF and CNPJ, the latter with letters too (since July 2026, IN RFB 2.229/2024)."""

from __future__ import annotations

import re

from tronco.core.errors import InvalidInput

_CPF = re.compile(r"\d{11}")
_CNPJ = re.compile(r"[0-9A-Z]{12}\d{2}")


def check_digit(text: str, *, largest: int) -> str:
    """Return the digit of modulus 11 with weights 2, 3… up to `largest`, from the right.

    A letter counts by its code less 48: A is 17.
    """
    weights = [2 + place % (largest - 1) for place in range(len(text))]
    total = sum(w * (ord(c) - 48) for w, c in zip(weights, reversed(text), strict=True))
    return str(0 if total % 11 < 2 else 11 - total % 11)


def parse_document(text: str) -> str:
    """Return a CPF or CNPJ without punctuation, or raise InvalidInput."""
    plain = re.sub(r"[\s./-]", "", text).upper()
    if _CPF.fullmatch(plain):
        body, largest = plain[:9], 11
    elif _CNPJ.fullmatch(plain):
        body, largest = plain[:12], 9
    else:
        raise InvalidInput(
            f"'{text}' is neither a CPF (11 digits) nor a CNPJ (14 characters)",
            field="document",
            code="document-invalid",
        )
    first = check_digit(body, largest=largest)
    second = check_digit(body + first, largest=largest)
    if plain != body + first + second or len(set(plain)) == 1:
        raise InvalidInput(
            f"the check digits of '{text}' are wrong", field="document", code="document-digits"
        )
    return plain


def format_document(plain: str) -> str:
    """Write a stored CPF or CNPJ with its punctuation."""
    if len(plain) == 11:
        return f"{plain[:3]}.{plain[3:6]}.{plain[6:9]}-{plain[9:]}"
    if len(plain) == 14:
        return f"{plain[:2]}.{plain[2:5]}.{plain[5:8]}/{plain[8:12]}-{plain[12:]}"
    return plain
