from __future__ import annotations

import pytest

from tronco.numbering.ddd import DDDS_BY_UF, UF_BY_DDD, vc


def test_67_codes_in_27_states() -> None:
    assert len(UF_BY_DDD) == sum(map(len, DDDS_BY_UF.values())) == 67
    assert len(DDDS_BY_UF) == 27


def test_the_unused_codes() -> None:
    unused = {20, 23, 25, 26, 29, 30, 36, 39, 40, 50, 52, 70, 72, 76, 78, 80, 90, *range(56, 61)}
    assert set(range(11, 100)) - set(UF_BY_DDD) == unused


UFS = """
11 SP  21 RJ  28 ES  38 MG  46 PR  49 SC  55 RS  61 DF  64 GO  63 TO  66 MT  67 MS  68 AC  69 RO
77 BA  79 SE  82 AL  83 PB  84 RN  87 PE  88 CE  89 PI  94 PA  95 RR  96 AP  97 AM  98 MA
"""


def test_one_ddd_of_each_state() -> None:
    words = UFS.split()
    expected = dict(zip(map(int, words[::2]), words[1::2], strict=True))
    assert set(expected.values()) == set(DDDS_BY_UF)
    assert {ddd: UF_BY_DDD[ddd] for ddd in expected} == expected


@pytest.mark.parametrize(
    ("own_ddd", "ddd", "band"), [(11, 11, 1), (71, 79, 2), (11, 12, 2), (21, 51, 3), (61, 22, 3)]
)
def test_vc(own_ddd: int, ddd: int, band: int) -> None:
    assert vc(own_ddd, ddd) == band
