"""Which recording was heard: by comparing samples, as an ear would."""

from __future__ import annotations

import asyncio
import io
import time
import wave
from pathlib import Path

import numpy as np

from tronco.demo.call import Call
from tronco.demo.rtp import A_LAW_SAMPLES, RATE
from tronco.sipcore.sounds import sound_path

ALIKE = 0.8
LONGEST_S = 3.0
PIECE = RATE // 5
MOST_OF = 0.6
Samples = np.ndarray


class Ears:
    """Knows the recordings of a node by their references (`s:busy`, `p:<sha256>`)."""

    def __init__(self, sounds: Path) -> None:
        self._sounds = sounds

    def find(
        self, heard: bytes | bytearray, ref: str, *, start_s: float = LONGEST_S
    ) -> float | None:
        """When the recording, or its first seconds, begins in what was heard; None: never.

        Piece by piece: a packet that is lost moves all that comes after it.
        """
        wanted = self._load(ref)[: int(start_s * RATE)]
        samples = A_LAW_SAMPLES[np.frombuffer(bytes(heard), np.uint8)].astype(np.float64)
        ends = max(len(wanted) - PIECE // 2, 1)
        pieces = [wanted[at : at + PIECE] for at in range(0, ends, PIECE)]
        begins = []
        for place, piece in enumerate(pieces):
            if len(samples) >= len(piece):
                likeness = _likeness(samples, piece)
                best = int(np.argmax(likeness))
                if likeness[best] > ALIKE:
                    begins.append(best - place * PIECE)
        if not begins:
            return None
        begin = int(np.median(begins))
        near = sum(abs(one - begin) < RATE // 10 for one in begins)
        return begin / RATE if near >= MOST_OF * len(pieces) else None

    async def wait(
        self, call: Call, ref: str, *, start_s: float = 0.6, timeout_s: float = 8
    ) -> None:
        """Until the recording, or as much of it as `start_s`, was heard."""
        deadline = time.monotonic() + timeout_s
        while not self.hears(call, ref, start_s=start_s):
            assert time.monotonic() < deadline, f"{ref} was not heard"
            assert call.ended_at is None, f"the call ended before {ref} was heard"
            await asyncio.sleep(0.1)

    def hears(self, call: Call, ref: str, *, start_s: float = LONGEST_S) -> bool:
        return call.audio is not None and (
            self.find(call.audio.heard, ref, start_s=start_s) is not None
        )

    def _load(self, ref: str) -> Samples:
        with wave.open(str(self._sounds / "pt_BR" / f"{sound_path(ref)}.wav")) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)
        loud = np.flatnonzero(np.abs(samples) > 500)
        trimmed: Samples = samples[loud[0] : loud[-1] + 1]
        return trimmed


def _likeness(heard: Samples, wanted: Samples) -> Samples:
    """Normalised correlation at every place: 1 where they are the same."""
    size = 1 << (len(heard) + len(wanted)).bit_length()
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(wanted, size))
    places = len(heard) - len(wanted) + 1
    correlation = np.fft.irfft(product, size)[:places]
    energy = np.concatenate(([0.0], np.cumsum(heard**2)))
    loudness = np.sqrt(np.maximum(energy[len(wanted) :][:places] - energy[:places], 1.0))
    likeness: Samples = correlation / (loudness * np.sqrt(max(np.sum(wanted**2), 1.0)))
    return likeness


def noise_wav(seed: int, seconds: float = 1.2) -> bytes:
    """A recording that no other is like."""
    noise = np.random.default_rng(seed).normal(0, 3000, int(seconds * RATE)).clip(-12000, 12000)
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(noise.astype("<i2").tobytes())
    return file.getvalue()
