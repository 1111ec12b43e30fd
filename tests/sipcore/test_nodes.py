"""A node's own memory of what is still to be done. That it does it is shown by tests/asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.sipcore.test_config import NODE
from tronco.charging.gateway import Gateway
from tronco.runtime.paths import Home
from tronco.sipcore.journal import Journal
from tronco.sipcore.nodes import Node, Shared
from tronco.sipcore.store import Store


class Charging:
    """Restores; `meanwhile` happens while it does. `awaited` is what each opening answers."""

    def __init__(self, awaited: Sequence[list[str]] = ([],)) -> None:
        self.restored = 0
        self.opened = 0
        self.awaited = awaited
        self.meanwhile: Any = None

    async def restore(self, _entries: object) -> list[str]:
        self.restored += 1
        if self.meanwhile:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        return []

    async def open_gate(self, _central: str) -> list[str]:
        self.opened += 1
        return self.awaited[min(self.opened, len(self.awaited)) - 1]


@pytest.fixture
def charging() -> Charging:
    return Charging()


@pytest.fixture
def node(tmp_path: Path, charging: Charging) -> Iterator[Node]:
    journal = Journal(tmp_path / "journal.log")
    stores = Store("records"), Store("status")
    shared = Shared(
        home=Home(tmp_path),
        gateway=cast(Gateway, charging),
        journal=journal,
        is_database_up=lambda: True,
        records=stores[0],
        status=stores[1],
    )
    yield Node(replace(NODE, spool=tmp_path / "calls.log", etc=tmp_path), shared)
    journal.close()
    for store in stores:
        store.close()


def look(node: Node, times: int) -> None:
    async def often() -> None:
        for _ in range(times):
            await node._restore_if_due()

    asyncio.run(often())


def test_a_database_that_goes_and_returns_while_calls_are_restored(
    node: Node, charging: Charging
) -> None:
    charging.meanwhile = node.database_returned
    node.database_returned()
    look(node, 3)
    assert charging.restored == 2


def test_a_central_that_never_returns_is_waited_for_until_it_is_taken_out_of_use(
    node: Node, charging: Charging
) -> None:
    charging.awaited = (["sp-2"], ["sp-2"], [])
    node.database_returned()
    look(node, 6)
    assert (charging.restored, charging.opened) == (1, 3)
