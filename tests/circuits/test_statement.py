"""The statement of all lines at once: what a customer sees of his money, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tests.support.web import WebClient, administrator
from tests.support.world import World, make_world
from tests.ui.cases import ResourceCase
from tronco.charging.models import LedgerEntry
from tronco.charging.services import ledger_post
from tronco.circuits import selectors
from tronco.circuits.models import Circuit
from tronco.circuits.statement_views import Postings
from tronco.core.money import MICRO
from tronco.tenancy.access import SYSTEM


class TestPostings(ResourceCase):
    resource = Postings

    def make(self, world: World, name: str = "Primeiro") -> LedgerEntry:
        return world.circuit().account.entries.get()

    # A posting is called by what it is: nobody searches it to choose it.
    test_search_finds_and_does_not_find = None  # type: ignore[assignment]
    test_export = None  # type: ignore[assignment]


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def lines(world: World) -> list[Circuit]:
    """Two of customer A, with something on their accounts; one of somebody else."""
    lines = [
        world.circuit(tenant=world.customer_a, number=number, balance_u=0)
        for number in ("1133334444", "1133335555")
    ]
    for line, reais in zip(lines, (30, -5), strict=True):
        kind = LedgerEntry.Kind.CREDIT if reais > 0 else LedgerEntry.Kind.DEBIT
        ledger_post(
            actor=SYSTEM, account_id=line.account_id, kind=kind, amount_u=reais * MICRO,
            note=f"nota {reais}", key=str(line.pk),
        )  # fmt: skip
    return [*lines, world.circuit(tenant=world.customer_b, number="1133336666")]


@pytest.fixture
def client(world: World) -> WebClient:
    return administrator(world, world.customer_a)


def page(client: WebClient, **query: str) -> str:
    return str(client.get(reverse("circuits:posting_list"), query).content.decode())


def test_a_customer_finds_his_own_in_the_menu(client: WebClient, lines: list[Circuit]) -> None:
    shown = page(client)
    assert f'href="{reverse("circuits:posting_list")}"' in shown
    for text in ("1133334444", "1133335555", "nota 30", "R$ 30,00"):
        assert text in shown
    assert "1133336666" not in shown


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"kind": "credit"}, 1),
        ({"q": "nota"}, 2),
        ({"q": "nota -5"}, 1),
        ({"circuit": "1133335555"}, 1),
        ({"since": "2001-01-01T00:00"}, 2),
        ({"until": "2001-01-01T00:00"}, 0),
    ],
)
def test_what_filters_leave(
    client: WebClient, lines: list[Circuit], query: dict[str, str], found: int
) -> None:
    if "circuit" in query:
        query = {"circuit": str(Circuit.objects.get(number=query["circuit"]).pk)}
    assert page(client, **query).count("data-key=") == found


def test_it_is_exported_as_shown(client: WebClient, lines: list[Circuit]) -> None:
    answer: Any = client.get(reverse("circuits:posting_export"), {"format": "csv", "kind": "debit"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    [_heading, row] = text.splitlines()
    assert "1133335555" in row
    assert "-5" in row


def test_many_lines_are_not_named_one_by_one(
    world: World, lines: list[Circuit], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = list(selectors.list_postings(actor=SYSTEM))
    monkeypatch.setattr(selectors, "MOST_NAMED", 1)
    assert list(selectors.list_postings(actor=SYSTEM)) == few
    assert len(few) == 3
