"""Which file a caller hears, and that it is on the disk."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.world import World, make_world
from tronco.charging.reasons import REASONS
from tronco.core.errors import Unavailable
from tronco.pbx.models import Prompt
from tronco.pbx.speech import say_number
from tronco.pbx.synthesis import SYSTEM_SOUNDS
from tronco.runtime.paths import Home
from tronco.sipcore import sound_files
from tronco.sipcore.sound_files import SoundFiles
from tronco.sipcore.sounds import Sounds, sound_path
from tronco.tenancy.models import Tenant


def make_prompt(tenant: Tenant, name: str, sound: bytes, **fields: Any) -> Prompt:
    return Prompt.objects.create(
        tenant=tenant, name=name, sound=sound, sha256=f"{name:0<64}", duration_ms=1, **fields
    )


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def files(tmp_path: Path) -> SoundFiles:
    return SoundFiles(Home(tmp_path), tmp_path / "share/sounds")


async def database(query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(query, list(parameters))
        return list(cursor.fetchall())


async def no_database(query: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
    raise Unavailable("the database is away")


def heard_by(sounds: Sounds, tenant_id: int, *refs: str) -> list[str]:
    """In this very context: `asyncio.run` would have a database connection of its own."""
    question = sounds.paths(refs, tenant_id=tenant_id)
    with pytest.raises(StopIteration) as answer:
        question.send(None)
    return list(answer.value.value)


class Switch:
    """A database that goes away and comes back."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self.rows: list[tuple[Any, ...]] | None = rows
        self.asked = 0

    async def fetch(self, query: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        self.asked += 1
        if self.rows is None:
            raise Unavailable("the database is away")
        return self.rows


def test_a_reference_is_a_file_of_one_place_or_the_other() -> None:
    assert sound_path("s:goodbye") == "tronco/goodbye"
    assert sound_path("p:abc") == "prompts/abc"


def test_the_nearest_reseller_s_voice_is_heard(world: World) -> None:
    make_prompt(world.master, "a", b"1", system_key="goodbye")
    make_prompt(world.master, "b", b"2", system_key="busy")
    make_prompt(world.reseller_a, "c", b"3", system_key="goodbye")
    sounds = Sounds(database)

    def heard(tenant: Tenant, *refs: str) -> list[str]:
        return [path.rstrip("0") for path in heard_by(sounds, tenant.pk, *refs)]

    refs = ("s:goodbye", "s:busy", "s:error")
    assert heard(world.customer, *refs) == ["prompts/a", "prompts/b", "tronco/error"]
    assert heard(world.customer_a1, *refs) == ["prompts/c", "prompts/b", "tronco/error"]
    assert heard(world.customer_b, "p:xyz", "s:busy") == ["prompts/xyz", "prompts/b"]


def test_replacements_are_remembered_and_outlive_the_database() -> None:
    switch = Switch([("goodbye", "abc")])
    sounds = Sounds(switch.fetch)

    def heard() -> list[str]:
        return heard_by(sounds, 1, "s:goodbye")

    assert heard() == heard() == ["prompts/abc"]
    assert switch.asked == 1
    switch.rows = None
    sounds.forget_all()
    assert heard() == ["prompts/abc"]
    switch.rows = []
    assert heard() == ["tronco/goodbye"]
    assert heard_by(Sounds(no_database), 1, "s:busy") == ["tronco/busy"]


def test_every_system_sound_is_installed_as_the_switch_plays_it(files: SoundFiles) -> None:
    files.install_system()
    for key in SYSTEM_SOUNDS:
        with wave.open(f"{files.path(f's:{key}')}.wav") as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (
                8000,
                1,
                2,
            )
            assert sound.getnframes() > 8000 * 0.1
    assert files.path("s:goodbye").parent.parent.name == "pt_BR"


def test_asterisk_finds_its_own_words_for_places_in_a_queue(files: SoundFiles) -> None:
    files.install_system()
    place = files.path("s:goodbye").parent.parent
    one = Path(f"{files.path('s:' + say_number(1)[0])}.wav").read_bytes()
    assert (place / "digits/1.wav").read_bytes() == one
    assert {path.stem for path in (place / "digits").glob("*.wav")} >= {"0", "19", "20", "100E"}
    assert (place / "beep.wav").exists()


def test_a_refusal_names_a_sound_that_is_there(files: SoundFiles) -> None:
    files.install_system()
    for reason in REASONS.values():
        assert not reason.sound or Path(f"{files.path(f's:{reason.sound}')}.wav").exists()


def test_prompts_come_and_go(
    world: World, files: SoundFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_prompt(world.master, "a", b"one")
    make_prompt(world.customer, "b", b"another")
    files.place_prompts()
    one, other = (Path(f"{files.path('p:' + f'{name:0<64}')}.wav") for name in "ab")
    assert (one.read_bytes(), other.read_bytes()) == (b"one", b"another")
    one.write_bytes(b"on")  # what a crash of the machine may leave
    files.place_prompts()
    assert one.read_bytes() == b"one"
    first.delete()
    files.place_prompts()
    assert one.exists(), "a call may be playing it"
    monkeypatch.setattr(sound_files, "KEEP_UNUSED_S", 0)
    files.place_prompts()
    assert not one.exists() and other.exists()


def test_without_a_synthesiser_prompts_are_placed_all_the_same(
    world: World, files: SoundFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRONCO_CACHE", str(tmp_path / "nothing"))
    make_prompt(world.master, "a", b"one")
    files.install_system()
    files.place_prompts()
    assert Path(f"{files.path('p:' + f'{chr(97):0<64}')}.wav").exists()
