"""Text made into speech on this machine, and the system's own sounds: no service, no network.

    python -m tronco.pbx.synthesis

makes every system sound once, into the cache. It is run when the machine is set up.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
from django.utils.translation import gettext as _

from tronco.core.errors import InvalidInput, TroncoError, Unavailable
from tronco.pbx.audio import RATE, Recording, Samples, make_recording, resample, trim
from tronco.pbx.speech import SYSTEM_PROMPTS, WORDS
from tronco.runtime.cache import cache_dir, cached
from tronco.runtime.tools import ESPEAK, find_tool, tool_path

MOST_CHARACTERS: Final = 1000
TIMEOUT_S: Final = 20
# Not spoken; they too may be replaced.
MUSIC: Final = "music"
BEEP: Final = "beep"
SYSTEM_SOUNDS: Final = (*SYSTEM_PROMPTS, MUSIC, BEEP)
_VOICE: Final = ("-v", "pt-br", "-z", "-s", "150")
_VOICE_RATE: Final = 22_050
_WAV_HEADER_BYTES: Final = 44
# One of the sounds changes when this does, though its text does not.
_VERSION: Final = 1


def speak(text: str, *, field: str = "text") -> Recording:
    """Return the text spoken. InvalidInput when there is nothing to say, or too much."""
    program = find_tool(ESPEAK)
    if program is None:
        raise Unavailable(
            _("The speech synthesiser is not installed here; upload a recording instead."),
            code="no-synthesiser",
        )
    if len(text) > MOST_CHARACTERS:
        raise InvalidInput(
            _("The text is longer than %(most)s characters; shorten it.")
            % {"most": MOST_CHARACTERS},
            field=field,
            code="text-long",
        )
    samples = _spoken(program, text)
    if not len(samples):
        raise InvalidInput(
            _("There is nothing to say in this text."), field=field, code="text-silent"
        )
    return make_recording(samples)


def find_system_sounds() -> Path | None:
    """The directory of the system's sounds, `<key>.wav` each; None when they were never made."""
    place = cache_dir() / _cache_name()
    return place if place.is_dir() else None


def make_system_sounds() -> Path:
    """Make the system's sounds unless they are there; a few seconds."""
    if found := find_system_sounds():
        return found
    program = tool_path(ESPEAK)

    def build(target: Path) -> None:
        def make(key: str) -> None:
            recording = make_recording(_system_sound(program, key))
            (target / f"{key}.wav").write_bytes(recording.sound)

        with ThreadPoolExecutor() as pool:
            list(pool.map(make, SYSTEM_SOUNDS))

    return cached(_cache_name(), build)


def _cache_name() -> str:
    facts = repr((_VERSION, _VOICE, sorted(SYSTEM_PROMPTS.items())))
    return f"sounds-{hashlib.sha256(facts.encode()).hexdigest()[:12]}"


def _system_sound(program: Path, key: str) -> Samples:
    if key == MUSIC:
        return _music()
    if key == BEEP:
        return _tone(1000, 0.25)
    samples = _spoken(program, SYSTEM_PROMPTS[key])
    # A sentence is followed by a short pause, a word by the next word.
    return samples if key in WORDS else np.concatenate([samples, _pause(0.25)])


def _spoken(program: Path, text: str) -> Samples:
    try:
        done = subprocess.run(
            [program, *_VOICE, "--stdin", "--stdout"],
            input=text.encode(),
            capture_output=True,
            timeout=TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as problem:
        raise Unavailable(
            f"the speech synthesiser failed: {problem}", code="no-synthesiser"
        ) from problem
    # Its header does not know the length yet.
    pcm = np.frombuffer(done.stdout[_WAV_HEADER_BYTES:], dtype="<i2")
    samples = resample(pcm.astype(np.float32) / np.float32(32_768), _VOICE_RATE)
    return trim(samples) if samples.any() else samples[:0]


def _pause(seconds: float) -> Samples:
    return np.zeros(int(seconds * RATE), np.float32)


def _tone(hertz: float, seconds: float) -> Samples:
    t = np.arange(int(seconds * RATE)) / RATE
    edges = np.minimum(1, np.minimum(t, seconds - t) / 0.01)
    tone: Samples = (np.sin(2 * np.pi * hertz * t) * edges).astype(np.float32)
    return tone


def _music() -> Samples:
    """Three quarters of a minute of broken chords, plucked softly: music that belongs to nobody."""
    beat_s, a3 = 0.375, 220.0
    # Semitones above A3: A minor, F, C, G, each as a rising and falling figure.
    chords = ((0, 3, 7, 12), (-4, 0, 3, 8), (3, 7, 10, 15), (-2, 2, 5, 10))
    figure = (0, 1, 2, 3, 2, 1, 2, 3)
    notes = [chord[place] for _time in range(2) for chord in chords for place in (*figure, *figure)]
    note_s = 1.5
    t = np.arange(int(note_s * RATE)) / RATE
    fade = np.exp(-3 * t) * np.minimum(1, t / 0.005)
    result = np.zeros(int(len(notes) * beat_s * RATE), np.float64)
    for place, semitones in enumerate(notes):
        hertz = a3 * 2 ** (semitones / 12)
        pluck = np.sin(2 * np.pi * hertz * t) + 0.3 * np.sin(4 * np.pi * hertz * t)
        # What still sounds at the end goes on at the beginning: it is played round and round.
        at = (int(place * beat_s * RATE) + np.arange(len(t))) % len(result)
        result[at] += pluck * fade
    music: Samples = result.astype(np.float32)
    return music


def main() -> int:
    try:
        print(make_system_sounds(), flush=True)
    except TroncoError as problem:
        print(problem, file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
