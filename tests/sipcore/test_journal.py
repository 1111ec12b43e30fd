"""The journal: what was granted survives this process, what is recorded does not stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tronco.core.errors import Conflict
from tronco.sipcore import journal as module
from tronco.sipcore.journal import Journal

Opened = Callable[[Path], Journal]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.log"


@pytest.fixture
def opened() -> Iterator[Callable[[Path], Journal]]:
    """Opens journals; whoever had it before is dead by then."""
    with ExitStack() as stack:

        def open_one(path: Path) -> Journal:
            stack.close()
            journal = Journal(path)
            stack.callback(journal.close)
            return journal

        yield open_one


def test_it_survives_a_kill(path: Path, opened: Opened) -> None:
    journal = opened(path)
    journal.write("n-1-1.1", {"call": {"deadline_s": 60}})
    journal.write("n-1-1.2", {"call": {"deadline_s": 60}})
    journal.write("n-1-1.1", {"call": {"deadline_s": 120}})
    journal.drop(["n-1-1.2", "unheard-of"])

    found = opened(path)

    assert found.entries(central="n-1") == [{"call": {"deadline_s": 120}}]
    assert found.entries(central="n") == []
    assert "n-1-1.1" in found
    assert found.find("n-1-1.2") is None


def test_half_a_line_is_passed_over(path: Path, opened: Opened) -> None:
    journal = opened(path)
    journal.write("n-1.1", {"call": {}})
    with path.open("a") as file:
        file.write('{"id": "n-1.2", "ent')

    assert opened(path).entries(central="n") == [{"call": {}}]


def test_it_does_not_grow_with_calls_that_are_over(
    path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REWRITE_BYTES", 1000)
    journal = opened(path)
    journal.write("n-1.0", {"call": {"stays": True}})
    for number in range(1, 200):
        journal.write(f"n-1.{number}", {"call": {"padding": "x" * 50}})
        journal.drop([f"n-1.{number}"])

    assert path.stat().st_size < 2000
    assert opened(path).entries(central="n") == [{"call": {"stays": True}}]


def test_a_second_process_does_not_touch_it(path: Path, opened: Opened) -> None:
    journal = opened(path)
    journal.write("n-1-1.1", {"call": {"deadline_s": 60}})
    with pytest.raises(Conflict, match="runs already"):
        Journal(path)
    journal.write("n-1-1.2", {"call": {"deadline_s": 60}})
    journal.close()
    assert len(opened(path).entries(central="n-1")) == 2
