"""Numbers, money and minutes in words, as tables."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from tronco.charging.reasons import REASONS
from tronco.numbering.ddd import zone_of
from tronco.pbx.speech import (
    MOST,
    SYSTEM_PROMPTS,
    say_digits,
    say_minutes,
    say_moment,
    say_money,
    say_number,
    spoken_text,
)


@pytest.mark.parametrize(
    ("number", "masculine", "feminine"),
    [
        (0, "zero", "zero"),
        (1, "um", "uma"),
        (2, "dois", "duas"),
        (11, "onze", "onze"),
        (12, "doze", "doze"),
        (20, "vinte", "vinte"),
        (22, "vinte e dois", "vinte e duas"),
        (100, "cem", "cem"),
        (101, "cento e um", "cento e uma"),
        (199, "cento e noventa e nove", "cento e noventa e nove"),
        (200, "duzentos", "duzentas"),
        (516, "quinhentos e dezesseis", "quinhentas e dezesseis"),
        (1000, "mil", "mil"),
        (1001, "mil e um", "mil e uma"),
        (1100, "mil e cem", "mil e cem"),
        (1101, "mil cento e um", "mil cento e uma"),
        (2020, "dois mil e vinte", "duas mil e vinte"),
        (2345, "dois mil trezentos e quarenta e cinco", "duas mil trezentas e quarenta e cinco"),
        (100_000, "cem mil", "cem mil"),
        (1_000_000, "um milhão", "um milhão"),
        (1_000_001, "um milhão e um", "um milhão e uma"),
        (1_001_000, "um milhão e mil", "um milhão e mil"),
        (1_200_000, "um milhão e duzentos mil", "um milhão e duzentas mil"),
        (2_000_200, "dois milhões e duzentos", "dois milhões e duzentas"),
        (2_100_210, "dois milhões cem mil duzentos e dez", "dois milhões cem mil duzentas e dez"),
        (-21, "menos vinte e um", "menos vinte e uma"),
    ],
)
def test_a_number_is_said(number: int, masculine: str, feminine: str) -> None:
    assert spoken_text(say_number(number)) == masculine
    assert spoken_text(say_number(number, feminine=True)) == feminine


@pytest.mark.parametrize(
    ("amount_u", "said"),
    [
        (0, "zero reais"),
        (10_000, "um centavo"),
        (20_000, "dois centavos"),
        (1_000_000, "um real"),
        (1_010_000, "um real e um centavo"),
        (2_010_000, "dois reais e um centavo"),
        (1_234_560_000, "mil duzentos e trinta e quatro reais e cinquenta e seis centavos"),
        (100_000_000, "cem reais"),
        (1_000_000_000_000, "um milhão de reais"),
        (2_000_000_000_000, "dois milhões de reais"),
        (1_000_001_000_000, "um milhão e um reais"),
        (1_000_000_500_000, "um milhão de reais e cinquenta centavos"),
        (-50_000, "menos cinco centavos"),
        (-3_000_000, "menos três reais"),
        # As the screens round: half away from zero, and nothing has no sign.
        (4_999, "zero reais"),
        (-4_999, "zero reais"),
        (5_000, "um centavo"),
        (-5_000, "menos um centavo"),
        (999_995_000, "mil reais"),
    ],
)
def test_money_is_said(amount_u: int, said: str) -> None:
    assert spoken_text(say_money(amount_u)) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "zero minutos"),
        (0, "zero minutos"),
        (1, "um segundo"),
        (59, "cinquenta e nove segundos"),
        (60, "um minuto"),
        (119, "um minuto"),
        (120, "dois minutos"),
        (3600, "uma hora"),
        (3719, "uma hora e um minuto"),
        (7322, "duas horas e dois minutos"),
        (75_660, "vinte e uma horas e um minuto"),
    ],
)
def test_minutes_are_said(seconds: int, said: str) -> None:
    assert spoken_text(say_minutes(seconds)) == said


def test_digits_are_said_as_brazil_says_them() -> None:
    assert spoken_text(say_digits("(11) 96-0")) == "um um nove meia zero"
    assert say_digits("") == ()


def test_what_is_more_than_can_be_said_is_said_as_the_most() -> None:
    assert say_number(MOST + 1) == say_number(MOST)
    assert say_money(-(MOST + 7) * 10**6) == ("minus", *say_money(MOST * 10**6))


def test_every_number_has_its_recordings() -> None:
    for number in (*range(1000), *range(1000, MOST, 7_654_321)):
        for feminine in (False, True):
            assert set(say_number(number, feminine=feminine)) <= SYSTEM_PROMPTS.keys()


def test_every_reason_that_is_announced_has_its_recording() -> None:
    sounds = {reason.sound for reason in REASONS.values() if reason.sound}
    assert sounds <= SYSTEM_PROMPTS.keys()


def test_keys_are_file_names_and_no_two_words_sound_the_same() -> None:
    assert all(re.fullmatch(r"[a-z0-9-]{1,40}", key) for key in SYSTEM_PROMPTS)
    assert len(set(SYSTEM_PROMPTS.values())) == len(SYSTEM_PROMPTS)


@pytest.mark.parametrize(
    ("at", "ddd", "said"),
    [
        ("2026-11-22 17:05", 11, "hoje às quatorze horas e cinco minutos"),
        ("2026-11-22 16:00", 11, "hoje às treze horas"),
        ("2026-11-22 04:01", 11, "hoje à uma hora e um minuto"),
        ("2026-11-22 05:22", 11, "hoje às duas horas e vinte e dois minutos"),
        ("2026-11-22 03:00", 11, "hoje às zero horas"),
        # Midnight is the listener's, and so are the hours.
        ("2026-11-22 02:59", 11, "ontem às vinte e três horas e cinquenta e nove minutos"),
        ("2026-11-22 04:30", 92, "hoje às zero horas e trinta minutos"),
        ("2026-11-22 04:30", 68, "ontem às vinte e três horas e trinta minutos"),
        ("2026-11-03 13:00", 11, "dia três de novembro às dez horas"),
        ("2026-03-01 13:00", 11, "dia primeiro de março às dez horas"),
        (
            "2025-12-31 13:00",
            11,
            "dia trinta e um de dezembro de dois mil e vinte e cinco às dez horas",
        ),
        # A clock that was set back.
        ("2026-11-23 13:00", 11, "dia vinte e três de novembro às dez horas"),
    ],
)
def test_a_moment_is_said_as_the_listener_s_clock_shows_it(at: str, ddd: int, said: str) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC).astimezone(zone_of(ddd))
    now = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
    assert spoken_text(say_moment(moment, now=now)) == said
