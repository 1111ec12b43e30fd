"""Recorded conversations on their way from the switch's disk to where they are kept."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from tests.calls.making import made
from tests.recordings.making import tone
from tests.support.world import World, make_world
from tronco.recordings import files
from tronco.recordings.models import Recording
from tronco.recordings.services import recording_store
from tronco.sipcore import tapes
from tronco.sipcore.tapes import store_tapes

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings: Any, tmp_path: Path) -> World:
    settings.TRONCO_HOME = tmp_path / "home"
    settings.TRONCO_HOME.mkdir()
    return make_world()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    place = tmp_path / "tapes"
    place.mkdir()
    return place


def left(spool: Path, world: World, call_id: str, *, age_s: float = 10) -> Path:
    """A file that the switch wrote for the customer, last so long ago."""
    path = spool / f"{world.customer.pk}~{call_id}.wav"
    path.write_bytes(tone())
    written = time.time() - age_s
    os.utime(path, (written, written))
    return path


def names(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def test_a_call_on_record_is_brought_in_when_its_file_is_still(world: World, spool: Path) -> None:
    line = world.circuit()
    cdr = made(world, line)
    tape = left(spool, world, cdr.call_id, age_s=0.5)
    store_tapes(spool)
    assert names(spool) == [tape.name]
    left(spool, world, cdr.call_id)
    store_tapes(spool)
    recording = Recording.objects.get()
    assert (recording.call_id, recording.circuit, names(spool)) == (cdr.call_id, line, [])


@pytest.mark.parametrize(("age_s", "stored"), [(10, 0), (1000, 1)])
def test_a_call_without_a_record_is_waited_for(
    world: World, spool: Path, age_s: float, stored: int
) -> None:
    left(spool, world, "node1-1795295723.1", age_s=age_s)
    store_tapes(spool)
    assert Recording.objects.count() == stored == 1 - len(names(spool))


def test_while_nothing_can_be_written_files_wait(
    world: World, spool: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(2):
        left(spool, world, f"node1-1795295723.{number}", age_s=1000)
    there = names(spool)
    files.recordings_root().write_text("a share that is away")
    with caplog.at_level(logging.WARNING):
        store_tapes(spool)
    assert names(spool) == there
    assert [record.getMessage()[:25] for record in caplog.records] == ["2 recordings wait to be s"]
    files.recordings_root().unlink()
    store_tapes(spool)
    assert (Recording.objects.count(), names(spool)) == (2, [])


def test_one_that_cannot_be_stored_stays_beside_the_others(
    world: World, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = left(spool, world, "node1-1795295723.1", age_s=1000)
    left(spool, world, "node1-1795295723.2", age_s=1000)

    def refuses_one(*, source: Path, **facts: Any) -> int:
        if source == bad:
            raise ValueError("nonsense in it")
        return recording_store(source=source, **facts)

    monkeypatch.setattr(tapes, "recording_store", refuses_one)
    for _again in range(2):
        store_tapes(spool)
        assert names(spool) == [f"unstored-{bad.name}"]
    assert Recording.objects.get().call_id.endswith(".2")
    # Mended, it gets its name again.
    monkeypatch.undo()
    (spool / f"unstored-{bad.name}").rename(bad)
    store_tapes(spool)
    assert (Recording.objects.count(), names(spool)) == (2, [])


def test_without_the_database_all_wait(
    world: World, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tape = left(spool, world, "node1-1795295723.1", age_s=1000)

    def away(**facts: Any) -> int:
        raise OperationalError("gone")

    monkeypatch.setattr(tapes, "recording_store", away)
    with pytest.raises(OperationalError):
        store_tapes(spool)
    assert names(spool) == [tape.name]


def test_killed_before_it_was_entered_a_file_is_there_once(world: World, spool: Path) -> None:
    tape = left(spool, world, "node1-1795295723.1", age_s=1000)
    target = files.take_in(tape, f"{world.customer.pk}/202611/node1-1795295723.1.wav")
    assert files.take_in(tape, f"{world.customer.pk}/202611/node1-1795295723.1.wav") == target
    assert names(target.parent) == [target.name] and target.read_bytes() == tone()
