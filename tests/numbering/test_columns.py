"""A column of strings gives, row by row, what each string gives alone."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.numbering.strategies import OWN_DDDS, dialled, plain
from tests.numbering.test_classify import ACCEPTED, REFUSED, own, rows
from tronco.numbering.classify import classify
from tronco.numbering.columns import CALL_CLASSES, KINDS, REASONS, classify_columns
from tronco.numbering.number import CallClass, Kind, Reason


@settings(max_examples=300, deadline=None)
@given(st.lists(dialled | plain, max_size=30), OWN_DDDS)
def test_same_as_one_by_one(texts: list[str], own_ddd: int | None) -> None:
    columns = classify_columns(texts, own_ddd)

    assert len(columns) == len(texts)
    for row, text in enumerate(texts):
        assert columns.number(row) == classify(text, own_ddd=own_ddd)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(plain, st.sampled_from([0, 11, 21, 55, 20, 999, -1])), max_size=30))
def test_each_row_may_have_its_own_ddd(pairs: list[tuple[str, int]]) -> None:
    texts = [text for text, _ in pairs]
    columns = classify_columns(texts, np.array([own_ddd for _, own_ddd in pairs], np.int64))

    for row, (text, own_ddd) in enumerate(pairs):
        assert columns.number(row) == classify(text, own_ddd=own_ddd)


HEADS = "|+55|55|0|015|01555|0055|055|0015|001555|9090|90|9015|+550|0210|+|00"
BODIES = "|11|20|30|55|90"
TELLS = "2|9|98|7|0|4004|3003|3001|4020|4021|0800|0303|03|00|800|303"


def test_rows_of_one_shape_have_one_outcome() -> None:
    """What the columns rest upon, tried on every beginning that the rules tell apart."""
    chance = random.Random(7)
    texts = [
        (head + body + tell + f"{chance.randrange(10**18):018}")[:size]
        for head in HEADS.split("|")
        for body in BODIES.split("|")
        for tell in TELLS.split("|")
        for size in range(3, 20)
        for _ in range(3)
    ]
    columns = classify_columns(texts, 11)

    differing = [
        text for row, text in enumerate(texts) if columns.number(row) != classify(text, own_ddd=11)
    ]
    assert differing == []


def test_the_tables_hold_in_columns_beyond_one_chunk() -> None:
    table = rows(ACCEPTED) + rows(REFUSED)
    texts = [row[0] for row in table] * 400
    own_ddds = np.array([own(row[1]) or 0 for row in table] * 400)
    assert len(texts) > 1 << 16

    columns = classify_columns(texts, own_ddds)

    for row in [*range(len(table)), *range(len(texts) - len(table), len(texts))]:
        assert columns.number(row) == classify(texts[row], own_ddd=int(own_ddds[row]))


def test_columns_as_arrays() -> None:
    columns = classify_columns(np.array(["190", "11987654321", "+12125551234", "1"]), 21)

    assert columns.rating_digits.tolist() == [190, 5511987654321, 12125551234, 0]
    assert [CALL_CLASSES[at] for at in columns.call_class] == [
        CallClass.EMERGENCY,
        CallClass.LDN_MOBILE,
        CallClass.LDI,
        None,
    ]
    assert KINDS[columns.kind[1]] is Kind.MOBILE
    assert [columns.countries[at] for at in columns.country] == ["BR", "BR", "US", ""]
    assert columns.vc.tolist() == [0, 3, 0, 0]
    assert columns.valid.tolist() == [True, True, True, False]
    assert REASONS[columns.reason[3]] is Reason.UNKNOWN_SHORT_CODE


def test_no_rows() -> None:
    assert len(classify_columns([])) == 0


def test_own_ddds_must_be_as_many_as_the_numbers() -> None:
    with pytest.raises(ValueError, match="2 numbers need 2 own DDDs"):
        classify_columns(["190", "192"], np.array([11]))
