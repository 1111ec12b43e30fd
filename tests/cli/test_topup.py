"""`tronco topup`: what waits, and the decision, from the command line."""

from __future__ import annotations

import pytest

from tests.support.world import World, make_world
from tests.topups.making import make_topup
from tronco.charging.models import Account
from tronco.cli import main
from tronco.core.money import MICRO
from tronco.topups.models import TopUp

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def tronco(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run a command; return its status and all it wrote."""
    status = main(["topup", *words])
    written = capsys.readouterr()
    return status, written.out + written.err


def test_list_approve_and_refuse(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    circuits = [world.circuit(number=f"100{n}", balance_u=5 * MICRO) for n in range(2)]
    one, other = (str(make_topup(world, circuit.account).pk) for circuit in circuits)
    status, said = tronco(capsys, "list")
    assert status == 0
    assert [line.split()[0] for line in said.splitlines()] == [f"#{other}", f"#{one}"]
    assert "R$ 50,00" in said
    for _again in range(2):
        assert tronco(capsys, "approve", one) == (0, "1000: balance R$ 55,00\n")
    assert tronco(capsys, "refuse", other, "--reason", "Pix não localizado")[0] == 0
    assert tronco(capsys, "list") == (0, "")
    assert len(tronco(capsys, "list", "--all")[1].splitlines()) == 2
    assert "(tronco)" in TopUp.objects.get(pk=other).decided_by
    assert Account.objects.get(pk=circuits[1].account_id).balance_u == 5 * MICRO


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("approve", "999"), "não existe"),
        (("approve", "{key}", "--amount", "20"), "menos"),
        (("approve", "{key}", "--amount", "60", "--reason", "x"), "No máximo R$ 50,00"),
        (("approve", "{key}", "--amount", "muito"), "muito"),
        (("refuse", "{key}", "--reason", " "), "motivo"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    world: World, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    topup = make_topup(world, world.circuit().account)
    status, said = tronco(capsys, *(word.format(key=topup.pk) for word in words))
    assert status == 1
    assert said.startswith("tronco topup: ")
    assert told in said
    assert TopUp.objects.get().status == "pending"
