"""Recordings: whatever somebody uploads, made into what the switch plays. Pure.

That is 8 kHz, mono, 16 bits, in a WAV file: what calls carry, so that nothing is converted while
one is running. All are made equally loud, or a menu would shout between two whispers.
"""

from __future__ import annotations

import hashlib
import io
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from django.utils.translation import gettext as _

from tronco.core.errors import InvalidInput

RATE: Final = 8000
MOST_BYTES: Final = 20_000_000
MOST_S: Final = 600
LEAST_S: Final = 0.2
# Who hangs up sooner has said nothing.
LEAST_MESSAGE_S: Final = 1.0
FORMATS: Final = {"WAV": "WAV", "WAVEX": "WAV", "MP3": "MP3", "OGG": "OGG", "FLAC": "FLAC"}
# What a browser's file dialogue offers first.
ACCEPT: Final = ".wav,.mp3,.ogg,.flac,audio/*"

Samples = npt.NDArray[np.float32]
_SOURCE_RATES: Final = range(4000, 192_001)
_MOST_CHANNELS: Final = 8
_BLOCK: Final = 65_536
_FRAME: Final = RATE // 50
# Speech of the telephone network is meant to be about this loud; peaks stay below full scale.
_LOUDNESS: Final = 10 ** (-20 / 20)
_PEAK: Final = 10 ** (-2 / 20)
_MOST_GAIN: Final = 10 ** (30 / 20)
_SILENCE: Final = 10 ** (-55 / 20)
# What is this much below the loudest frame is a pause.
_PAUSE: Final = 10 ** (-30 / 20)
_EDGE_S: Final = 0.03


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole WAV file as the switch plays it."""

    sound: bytes
    duration_ms: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sound).hexdigest()


def read_recording(data: bytes, *, field: str = "file") -> Recording:
    """Check and convert an uploaded file; InvalidInput names `field` and the cure."""
    if not data:
        raise InvalidInput(_("The file is empty."), field=field, code="audio-empty")
    if len(data) > MOST_BYTES:
        raise InvalidInput(
            _("The file has %(size)s MB; send at most %(most)s MB, MP3 for example.")
            % {"size": len(data) // 10**6, "most": MOST_BYTES // 10**6},
            field=field,
            code="audio-too-large",
        )
    samples: Samples = np.concatenate([*_decoded(data, field), np.zeros(0, np.float32)])
    if len(samples) < LEAST_S * RATE:
        raise InvalidInput(
            _("The recording is too short: nobody could understand it."),
            field=field,
            code="audio-too-short",
        )
    samples = (samples - samples.mean()).astype(np.float32)
    if np.abs(samples).max() < _SILENCE:
        raise InvalidInput(
            _("The recording is silent; check the microphone and record it again."),
            field=field,
            code="audio-silent",
        )
    return make_recording(samples)


def read_switch_recording(data: bytes) -> Recording:
    """Level what the switch has recorded; InvalidInput when nothing was said.

    A recording that was cut off (the switch was killed) does not know its own length.
    """
    _header, _found, rest = data.partition(b"data")
    pcm = rest[4:]
    whole = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2")
    samples = (whole / 32_768).astype(np.float32)
    if len(samples) < LEAST_MESSAGE_S * RATE or np.abs(samples).max() < _SILENCE:
        raise InvalidInput(_("Nothing was said."), code="audio-silent")
    return make_recording(samples)


def make_recording(samples: Samples) -> Recording:
    """Make samples of 8 kHz, of any loudness, into a recording."""
    levelled = np.clip(samples * _gain(samples), -1, 1)
    pcm = np.round(levelled * 32_767).astype("<i2")
    return Recording(to_wav(pcm.tobytes()), duration_ms=round(len(pcm) * 1000 / RATE))


def trim(samples: Samples, *, edge_s: float = _EDGE_S) -> Samples:
    """Cut the silence before and after what is said, so that words follow one another."""
    loud = np.flatnonzero(np.abs(samples) > np.abs(samples).max() * 0.01)
    if not len(loud):
        return samples
    edge = int(edge_s * RATE)
    return samples[max(loud[0] - edge, 0) : loud[-1] + edge]


def resample(samples: Samples, rate: int) -> Samples:
    """Bring samples of another rate to that of telephony."""
    result: Samples = soxr.resample(samples, rate, RATE)
    return result


def to_wav(pcm: bytes) -> bytes:
    """Put 16-bit samples into a WAV file."""
    target = io.BytesIO()
    with wave.open(target, "wb") as sink:
        sink.setnchannels(1)
        sink.setsampwidth(2)
        sink.setframerate(RATE)
        sink.writeframes(pcm)
    return target.getvalue()


def _decoded(data: bytes, field: str) -> Iterator[Samples]:
    """Yield the file's samples, mono and resampled, block by block: a long file is not all held."""
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as source:
            _check_source(source, field)
            resampler = soxr.ResampleStream(source.samplerate, RATE, 1, dtype="float32")
            read = 0
            while True:
                block = source.read(_BLOCK, dtype="float32", always_2d=True)
                read += len(block)
                if read > MOST_S * source.samplerate:
                    raise InvalidInput(
                        _("The recording is longer than %(most)s minutes; shorten it.")
                        % {"most": MOST_S // 60},
                        field=field,
                        code="audio-too-long",
                    )
                is_last = len(block) < _BLOCK
                mono = np.nan_to_num(block.mean(axis=1), nan=0, posinf=1, neginf=-1)
                yield resampler.resample_chunk(np.clip(mono, -4, 4), last=is_last)
                if is_last:
                    return
    except soundfile.SoundFileError as problem:
        raise InvalidInput(
            _("This is not a recording we can read; send WAV, MP3, OGG or FLAC."),
            field=field,
            code="audio-unreadable",
            details={"problem": str(problem)},
        ) from problem


def _check_source(source: Any, field: str) -> None:
    if source.format not in FORMATS:
        raise InvalidInput(
            _("%(format)s files are not taken; send WAV, MP3, OGG or FLAC.")
            % {"format": source.format},
            field=field,
            code="audio-format",
        )
    if source.samplerate not in _SOURCE_RATES or not 1 <= source.channels <= _MOST_CHANNELS:
        raise InvalidInput(
            _("%(rate)s Hz in %(channels)s channels are not taken; record with 8 to 48 kHz.")
            % {"rate": source.samplerate, "channels": source.channels},
            field=field,
            code="audio-rate",
        )


def _gain(samples: Samples) -> float:
    """How much louder it is to be, judged by what is said and not by its pauses."""
    peak = float(np.abs(samples).max(initial=0.0))
    if not peak:
        return 1.0
    whole = len(samples) // _FRAME * _FRAME
    frames = samples[:whole].reshape(-1, _FRAME) if whole else samples.reshape(1, -1)
    levels = np.sqrt((frames.astype(np.float64) ** 2).mean(axis=1))
    said = levels[levels >= levels.max() * _PAUSE]
    loudness = float(np.sqrt((said**2).mean())) or peak
    return min(_LOUDNESS / loudness, _PEAK / peak, _MOST_GAIN)
