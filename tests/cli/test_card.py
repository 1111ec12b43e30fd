"""`tronco card`: what the screens do for calling cards, from the command line."""

from __future__ import annotations

import pytest

from tests.callingcards.making import make_series
from tests.support.world import World, make_world
from tronco.callingcards.models import Card
from tronco.cli import main

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def tronco(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run a command; return its status and all it wrote."""
    status = main(["card", *words])
    written = capsys.readouterr()
    return status, written.out + written.err


def test_life_of_cards(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    make_series(world, name="Natal")
    status, said = tronco(capsys, "generate", "natal", "3")
    assert status == 0
    header, *rows = said.splitlines()
    assert header == "card;pin"
    numbers = [row.partition(";")[0] for row in rows]
    assert sorted(numbers) == sorted(Card.objects.values_list("number", flat=True))
    assert tronco(capsys, "activate", numbers[0], numbers[-1]) == (0, "cards changed: 3\n")
    assert tronco(capsys, "block", numbers[1]) == (0, f"{numbers[1]} is now: Bloqueado\n")
    assert tronco(capsys, "credit", numbers[0], "2,50") == (0, f"{numbers[0]}: balance R$ 12,50\n")
    status, said = tronco(capsys, "show", numbers[0])
    assert status == 0
    for text in ("Natal", "active", "R$ 12,50", "never"):
        assert text in said


@pytest.mark.parametrize(
    "words",
    [
        ("generate", "ninguém", "3"),
        ("show", "123"),
        ("credit", "123", "1,00"),
        ("block", "123"),
    ],
)
def test_what_is_not_there_is_said(
    world: World, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    status, said = tronco(capsys, *words)
    assert status == 1
    assert said.startswith("tronco card: ")
