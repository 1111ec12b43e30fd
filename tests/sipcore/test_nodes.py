"""A node's own memory of what is still to be done. That it does it is shown by tests/asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.sipcore.test_config import NODE, TRUNK
from tronco.charging.gateway import Gateway
from tronco.core.errors import Unavailable
from tronco.runtime.paths import Home
from tronco.sipcore.bans import MOST_FAILURES
from tronco.sipcore.doorman import Doorman
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


class Switch:
    """Asterisk's manager; it is away for the first `away` actions."""

    def __init__(self, away: int = 0) -> None:
        self.said: list[str] = []
        self._away = away

    async def action(self, name: str, **fields: str) -> None:
        if self._away:
            self._away -= 1
            raise Unavailable("no answer", code="ami-away")
        self.said.append(" ".join([name, *fields.values()]))

    attempt = action


def test_trunks_that_asterisk_was_not_told_of_are_told_again(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = Switch(away=1)
    monkeypatch.setattr(node, "_connected", lambda: switch)
    monkeypatch.setattr("tronco.sipcore.trunks.load_trunks", lambda: [TRUNK])
    monkeypatch.setattr(node._shared.status, "run", here)

    async def twice() -> None:
        with pytest.raises(Unavailable):
            await node._apply_trunks()
        await node._apply_trunks()

    asyncio.run(twice())
    assert "Reload res_pjsip.so" in switch.said
    forgotten = {one.split()[-1] for one in switch.said if "Expire" in one}
    assert forgotten == {"trunk~7", "emergency~7"}, "circuits stay in memory"


async def here(work: Any, **fields: Any) -> Any:
    return work(**fields)


def test_what_a_guesser_tried_before_he_was_kept_out_does_not_ban_him_twice() -> None:
    outs: list[set[str]] = []
    banned = {"192.0.2.1"}

    async def keep_out(addresses: set[str]) -> None:
        for _ in range(MOST_FAILURES):  # what he tried meanwhile
            if addresses:
                doorman.note(FAILURE)
        outs.append(addresses)

    store = Rows(banned)
    doorman = Doorman(
        "sp-1", cast(Store, store), is_spared=lambda address: False, keep_out=keep_out
    )

    async def scene() -> None:
        for _ in range(MOST_FAILURES):
            doorman.note(FAILURE)
        await doorman.apply()
        banned.clear()  # somebody lifts it
        await doorman.apply()

    asyncio.run(scene())
    assert outs == [{"192.0.2.1"}, set()]
    assert store.written == 1


FAILURE = {"RemoteAddress": "IPV4/UDP/192.0.2.1/5060", "AccountID": "1001"}


class Rows:
    """The bans as the database has them."""

    def __init__(self, banned: set[str]) -> None:
        self._banned = banned
        self.written = 0

    async def run(self, _work: Any, *, central: str, guessers: Any = None) -> set[str]:
        assert central == "sp-1"
        self.written += guessers is not None
        return set(self._banned)
