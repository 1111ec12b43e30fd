"""`tronco rerate`: told what differs, posting only when told to."""

from __future__ import annotations

import pytest

from tests.calls.making import made
from tests.support.world import World, make_tariff, make_world
from tronco.charging.models import Account, LedgerEntry
from tronco.cli import main

pytestmark = pytest.mark.django_db
MARCH = ("--from", "2026-03-01", "--to", "2026-03-31")


@pytest.fixture
def world() -> World:
    return make_world()


def test_what_was_charged_is_proved(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    made(world, world.circuit(number="1001"), talks_s=61)
    assert main(["rerate", *MARCH]) == 0
    assert "answered calls: 1, charged R$ 0,110000" in capsys.readouterr().out
    assert main(["rerate", "--from", "2026-04-01", "--to", "2026-04-30"]) == 0
    assert "answered calls: 0" in capsys.readouterr().out


def test_what_if_and_then_corrections(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    circuit = world.circuit(number="1001", balance_u=1_000_000)
    call = made(world, circuit, talks_s=61)
    made(world, world.circuit(number="1002"), talks_s=61)
    cheaper = make_tariff(world.master, "Acordo", "0.05")
    words = ["rerate", *MARCH, "--circuit", "1001", "--tariff", str(cheaper.pk)]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert f"{call.call_id}  account {circuit.account_id}: R$ 0,110000 → R$ 0,050000" in said
    assert not LedgerEntry.objects.filter(kind="correction").exists()
    for posted in (1, 0):
        main([*words, "--post", "Acordo de março"])
        assert f"corrections posted: {posted}\n" in capsys.readouterr().out
    assert Account.objects.get(pk=circuit.account_id).balance_u == 950_000


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "2026-03-31", "--to", "2026-03-01"), "--to is before"),
        ((*MARCH, "--circuit", "9"), "9"),
        ((*MARCH, "--tariff", "0"), "price list"),
    ],
)
def test_what_cannot_be(
    world: World, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    assert main(["rerate", *words]) == 1
    assert told in capsys.readouterr().err
