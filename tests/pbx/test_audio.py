"""Recordings as people send them, made into what the switch plays; and text made into speech."""

from __future__ import annotations

import io
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tronco.core.errors import InvalidInput, Unavailable
from tronco.pbx import synthesis
from tronco.pbx.audio import LEAST_S, MOST_BYTES, MOST_S, RATE, read_recording

Samples = npt.NDArray[np.float64]


def tone(
    hertz: float = 440, *, seconds: float = 1.0, rate: int = 44_100, peak: float = 0.5
) -> Samples:
    return peak * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


def as_file(
    samples: Samples, *, rate: int = 44_100, format: str = "WAV", subtype: str | None = None
) -> bytes:
    target = io.BytesIO()
    soundfile.write(target, samples, rate, format=format, subtype=subtype)
    return target.getvalue()


def samples_of(sound: bytes) -> Samples:
    """The samples of what was made, which must be what calls carry."""
    with wave.open(io.BytesIO(sound)) as made:
        facts = made.getframerate(), made.getnchannels(), made.getsampwidth()
        assert facts == (8000, 1, 2)
        pcm = np.frombuffer(made.readframes(made.getnframes()), "<i2")
    return pcm.astype(np.float64) / 32_768


def loudest_hertz(samples: Samples) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.fft.rfftfreq(len(samples), 1 / RATE)[spectrum.argmax()])


@pytest.mark.parametrize(
    ("format", "subtype", "rate"),
    [
        ("WAV", "PCM_16", 44_100),
        ("WAV", "PCM_U8", 8000),
        ("WAV", "PCM_24", 48_000),
        ("WAV", "FLOAT", 96_000),
        ("WAV", "ALAW", 8000),
        ("WAV", "GSM610", 8000),
        ("WAVEX", "PCM_16", 16_000),
        ("MP3", None, 44_100),
        ("MP3", None, 22_050),
        ("OGG", "VORBIS", 44_100),
        ("OGG", "OPUS", 48_000),
        ("FLAC", "PCM_16", 32_000),
    ],
)
def test_what_people_record_becomes_what_calls_carry(
    format: str, subtype: str | None, rate: int
) -> None:
    made = read_recording(as_file(tone(rate=rate), rate=rate, format=format, subtype=subtype))
    heard = samples_of(made.sound)
    assert made.duration_ms == pytest.approx(1000, abs=120)
    assert made.duration_ms == round(len(heard) / RATE * 1000)
    assert loudest_hertz(heard[800:-800]) == pytest.approx(440, abs=5)
    assert len(made.sha256) == 64


def test_both_channels_are_heard() -> None:
    left, right = tone(400), tone(1000)
    heard = samples_of(read_recording(as_file(np.stack([left, right], axis=1))).sound)
    spectrum = np.abs(np.fft.rfft(heard))
    hertz = np.fft.rfftfreq(len(heard), 1 / RATE)
    levels = [spectrum[np.abs(hertz - one).argmin()] for one in (400, 1000)]
    assert levels[0] == pytest.approx(levels[1], rel=0.1)


def test_what_telephones_cannot_carry_does_not_come_back_as_noise() -> None:
    """A tone of 6 kHz, sampled at 8 kHz without a filter, would be heard at 2 kHz."""
    mixed = tone(500, peak=0.3) + tone(6000, peak=0.3)
    heard = samples_of(read_recording(as_file(mixed)).sound)[800:-800]
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    hertz = np.fft.rfftfreq(len(heard), 1 / RATE)
    folded = spectrum[np.abs(hertz - 2000).argmin()]
    assert folded < spectrum.max() / 1000


@pytest.mark.parametrize("peak", [0.004, 0.05, 0.5, 0.999])
def test_all_are_equally_loud(peak: float) -> None:
    pause = np.zeros(44_100)
    spoken = np.concatenate([tone(peak=peak), pause, tone(peak=peak), pause])
    heard = samples_of(read_recording(as_file(spoken, subtype="FLOAT")).sound)
    rms = np.sqrt((heard[800:7200] ** 2).mean())
    assert 20 * np.log10(rms) == pytest.approx(-20, abs=1)
    assert np.abs(heard).max() < 1


def test_a_constant_offset_is_taken_out() -> None:
    heard = samples_of(read_recording(as_file(tone(peak=0.2) + 0.3)).sound)
    assert abs(heard.mean()) < 0.01


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (b"", "audio-empty", "vazio"),
        (b"\x00" * (MOST_BYTES + 1), "audio-too-large", "20 MB"),
        (b"isto nao e um som" * 50, "audio-unreadable", "WAV, MP3, OGG"),
        (b"%PDF-1.7\n" + bytes(2000), "audio-unreadable", "WAV, MP3, OGG"),
        (as_file(tone(), format="AIFF"), "audio-format", "AIFF"),
        (as_file(np.zeros(44_100)), "audio-silent", "silêncio"),
        (as_file(tone(seconds=LEAST_S / 2)), "audio-too-short", "curta"),
        (as_file(tone(seconds=1, rate=2000), rate=2000), "audio-rate", "2000 Hz"),
        (as_file(tone(seconds=MOST_S + 1, rate=8000), rate=8000), "audio-too-long", "10 minutos"),
    ],
)
def test_what_cannot_be_is_told_with_its_cure(data: bytes, code: str, said: str) -> None:
    from django.utils import translation

    with translation.override("pt-br"), pytest.raises(InvalidInput) as told:
        read_recording(data)
    assert (told.value.code, told.value.field) == (code, "file")
    assert said in str(told.value)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    source=st.sampled_from([("WAV", None), ("MP3", None), ("OGG", None), ("FLAC", None)]),
    keep=st.floats(0, 1),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=20),
)
@example(source=("WAV", None), keep=0.5, changes=[])
def test_a_broken_file_is_refused_or_read_and_nothing_else(
    source: tuple[str, str | None], keep: float, changes: list[tuple[float, int]]
) -> None:
    data = bytearray(as_file(tone(seconds=0.5), format=source[0]))
    data = data[: max(int(len(data) * keep), 1)]
    for place, value in changes:
        data[int(place * len(data))] = value
    try:
        made = read_recording(bytes(data))
    except InvalidInput as refusal:
        assert refusal.field == "file"
    else:
        assert made.duration_ms <= MOST_S * 1000
        samples_of(made.sound)


def test_a_text_is_spoken() -> None:
    synthesis.make_system_sounds()
    short, long = synthesis.speak("Olá."), synthesis.speak("Olá. Seja bem-vindo à nossa central.")
    assert 200 < short.duration_ms < long.duration_ms < 10_000
    assert synthesis.speak("Olá.").sha256 == short.sha256
    heard = samples_of(long.sound)
    assert 0.05 < np.sqrt((heard**2).mean()) < 0.2


@pytest.mark.parametrize("text", ["", "   ", "..."])
def test_nothing_to_say_is_refused(text: str) -> None:
    synthesis.make_system_sounds()
    with pytest.raises(InvalidInput) as told:
        synthesis.speak(text)
    assert (told.value.code, told.value.field) == ("text-silent", "text")


def test_a_text_is_text_and_no_command() -> None:
    """Markup and options are spoken, a file's name reads no file."""
    synthesis.make_system_sounds()
    assert synthesis.speak("-f /etc/passwd").duration_ms < 6000
    assert synthesis.speak("<audio src='x'/>oi").duration_ms > 200


def test_too_much_text_is_refused() -> None:
    synthesis.make_system_sounds()
    with pytest.raises(InvalidInput) as told:
        synthesis.speak("a" * (synthesis.MOST_CHARACTERS + 1))
    assert told.value.code == "text-long"


def test_without_a_synthesiser_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRONCO_CACHE", str(tmp_path))
    monkeypatch.setattr("tronco.runtime.tools.find_program", lambda name: None)
    with pytest.raises(Unavailable) as told:
        synthesis.speak("Olá")
    assert told.value.code == "no-synthesiser"
    assert synthesis.find_system_sounds() is None


def test_the_system_s_sounds_are_made_once() -> None:
    place = synthesis.make_system_sounds()
    assert {path.stem for path in place.glob("*.wav")} == set(synthesis.SYSTEM_SOUNDS)
    assert synthesis.make_system_sounds() == place
    lengths = {
        key: len(samples_of((place / f"{key}.wav").read_bytes())) for key in ("n-1", "music")
    }
    assert lengths["n-1"] < RATE < 30 * RATE < lengths["music"]


def test_music_goes_round_without_a_gap() -> None:
    place = synthesis.make_system_sounds()
    heard = samples_of((place / "music.wav").read_bytes())
    assert np.abs(heard[:400]).max() > 0.01 and np.abs(heard[-400:]).max() > 0.01
    assert abs(heard[0] - heard[-1]) < 0.1
