"""`tronco circuit`: what the screens do for circuits and credit, from the command line."""

from __future__ import annotations

import re

import pytest

from tests.support.world import World, make_world
from tronco.charging.models import Account, LedgerEntry
from tronco.circuits.models import Circuit
from tronco.cli import main
from tronco.core.money import MICRO

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def tronco(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run a command; return its status and all it wrote."""
    status = main(["circuit", *words])
    written = capsys.readouterr()
    return status, written.out + written.err


def test_add_show_and_list(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    status, said = tronco(
        capsys, "add", "5511001", "--customer", "cliente a", "--plan", "Varejo prepaid",
        "--credit", "12,50", "--ddd", "21",
    )  # fmt: skip
    assert status == 0
    assert re.search(r"password [A-Za-z0-9]{16} ", said)
    circuit = Circuit.objects.get()
    assert (circuit.tenant, circuit.own_ddd) == (world.customer_a, 21)
    assert circuit.account.balance_u == 12_500_000
    assert "(tronco)" in LedgerEntry.objects.get(account=circuit.account).actor

    status, said = tronco(capsys, "show", "5511001")
    assert status == 0
    for text in ("R$ 12,50", "Cliente A", "Varejo prepaid", "offline", "node1"):
        assert text in said
    assert "5511001" in tronco(capsys, "list", "cliente")[1]
    assert tronco(capsys, "list", "ninguém") == (0, "")


def test_credit_debit_and_the_same_key_again(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    circuit = world.circuit(number="1001", balance_u=5 * MICRO)
    assert tronco(capsys, "credit", "1001", "1.000,00", "--note", "PIX") == (
        0,
        "1001: balance R$ 1.005,00\n",
    )
    for _ in range(2):
        status, said = tronco(capsys, "debit", "1001", "1010,00", "--key", "nota-7")
        assert (status, said) == (0, "1001: balance -R$ 5,00\n")
    assert Account.objects.get(pk=circuit.account_id).balance_u == -5 * MICRO
    assert LedgerEntry.objects.filter(account=circuit.account).count() == 3


def test_suspend_resume_password(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    circuit = world.circuit(number="1001")
    for word, status in (("suspend", "suspended"), ("resume", "active")):
        assert tronco(capsys, word, "1001")[0] == 0
        circuit.refresh_from_db()
        assert circuit.status == status
    digest = circuit.ha1_md5
    assert "password " in tronco(capsys, "password", "1001")[1]
    circuit.refresh_from_db()
    assert circuit.ha1_md5 != digest


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "9999"), "9999"),
        (("credit", "1001", "-5"), "debit"),
        (("credit", "1001", "1.234"), "decimals"),
        (("debit", "1001", "muito"), "muito"),
        (("add", "x", "--customer", "Cliente", "--plan", "Varejo prepaid"), "3,32"),
        (("add", "1002", "--customer", "Ninguém", "--plan", "P"), "Ninguém"),
        (("add", "1002", "--customer", "Cliente", "--plan", "Nenhum"), "Varejo prepaid"),
        (("add", "1002", "--customer", "Cliente", "--plan", "Varejo control"), "limit"),
        (
            ("add", "1002", "--customer", "Cliente", "--plan", "Varejo prepaid", "--central", "z"),
            "node1",
        ),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    world: World, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str
) -> None:
    world.circuit(number="1001")
    status, said = tronco(capsys, *words)
    assert status == 1
    assert said.startswith("tronco circuit: ")
    assert "Traceback" not in said
    assert told == "3,32" or told.lower() in said.lower()
    assert Circuit.objects.count() == 1
