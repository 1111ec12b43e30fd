"""`tronco did`: what the screens do for numbers, from the command line."""

from __future__ import annotations

import pytest

from tests.support.world import World, make_world
from tronco.cli import main
from tronco.dids.models import Did, NumberRange

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def tronco(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run a command; return its status and all it wrote."""
    status = main(["did", *words])
    written = capsys.readouterr()
    return status, written.out + written.err


def test_a_number_from_its_range_to_its_release(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("range", "Centro", "5511", "33334000", "33334009", "--cancels-itself")
    status, said = tronco(capsys, *words, "--dry-run")
    assert (status, said.startswith("10 of 10 would be created")) == (0, True)
    assert not NumberRange.objects.exists()
    assert tronco(capsys, *words)[0] == 0
    assert NumberRange.objects.get().cancels_itself
    circuit = world.circuit()

    status, said = tronco(
        capsys, "assign", "551133334000", "--customer", "cliente", "--circuit", circuit.number
    )
    assert (status, said) == (0, "+551133334000 is in use by Cliente\n")
    assert tronco(capsys, "list", "--state", "in_use")[1].split() == [
        "+551133334000", "in_use", "ring", "Cliente", circuit.number,
    ]  # fmt: skip
    said = tronco(capsys, "show", "+551133334000")[1]
    for text in ("(11) 3333-4000", "Operadora", "Centro", "by Cliente"):
        assert text in said
    assert tronco(capsys, "release", "551133334000", "--days", "30")[0] == 0
    assert Did.objects.get(raw="551133334000").state == "quarantine"
    assert tronco(capsys, "release", "551133334000") == (0, "+551133334000 is available\n")


def test_several_at_once(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    tronco(capsys, "add", "1133334001", "--owner", "Cliente A")
    status, said = tronco(capsys, "add", "1133334000", "--owner", "Cliente A", "--quantity", "3")
    assert status == 0
    assert said.splitlines()[0] == "2 of 3 created: 1133334000 … 1133334002"
    assert "1133334001" in said.splitlines()[1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "551100000000"), "551100000000"),
        (("add", "33334444", "--owner", "Cliente"), "33334444"),
        (("add", "1133334444", "--owner", "Ninguém"), "there is no one tenant 'Ninguém'"),
        (("range", "X", "11", "33334000", "33334001"), "5511"),
        (("range", "X", "5511", "33334000", "33334001", "--sent-as", "x"), "--sent-as is one of"),
        (("list", "--state", "velho"), "--state is one of"),
    ],
)
def test_errors_say_the_cure(
    world: World, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    status, said = tronco(capsys, *words)
    assert (status, told in said) == (1, True), said
