"""The audio of a call: a steady tone out, and a memory of what was heard."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import struct
import time
from dataclasses import dataclass
from typing import cast

import numpy as np

A_LAW, MU_LAW, GSM, G722, EVENTS = 8, 0, 3, 9, 101
FRAME_S = 0.02
FRAME = 160  # samples
RATE = 8000
LOUD = 500.0  # root mean square, of 32768
KEYS = "0123456789*#ABCD"
_HEADER = struct.Struct("!BBHII")
_EVENT = struct.Struct("!BBH")


def _a_law_table() -> np.ndarray:
    """Samples of the 256 codes (ITU-T G.711)."""
    codes = np.arange(256, dtype=np.int32) ^ 0x55
    mantissa, segment = (codes & 0x0F) << 4, (codes & 0x70) >> 4
    low = mantissa + 8
    high = (mantissa + 0x108) << np.maximum(segment - 1, 0)
    magnitude = np.where(segment == 0, low, high)
    return np.where(codes & 0x80, magnitude, -magnitude).astype(np.int32)


A_LAW_SAMPLES = _a_law_table()
_SORTED = np.argsort(A_LAW_SAMPLES, kind="stable")
SILENCE = b"\xd5" * FRAME
# A frame of next to nothing in each format of RFC 3551 that an agent may be told to speak.
SILENCES = {
    A_LAW: SILENCE,
    MU_LAW: b"\xff" * FRAME,
    GSM: bytes.fromhex("d820a2e15a50004924924924500049249249245000492492492450004924924924"),
    G722: b"\xfa" * FRAME,
}


def tone_frames(hz: float, *, level: int = 6000) -> list[bytes]:
    """One second of a sine, cut into frames."""
    samples = level * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)
    places = np.searchsorted(A_LAW_SAMPLES[_SORTED], samples).clip(0, 255)
    codes = _SORTED[places].astype(np.uint8).tobytes()
    return [codes[at : at + FRAME] for at in range(0, RATE, FRAME)]


@dataclass(frozen=True)
class Sound:
    """A loud frame that was heard: when (monotonic seconds) and its strongest frequency."""

    at: float
    hz: float


class Audio(asyncio.DatagramProtocol):
    """One RTP socket. It speaks once `start` told it where to."""

    def __init__(self) -> None:
        self.packets_in = 0
        self.sounds: list[Sound] = []
        self.digits = ""
        # Where audio came from.
        self.sources: set[tuple[str, int]] = set()
        # With `keeps`, all that was heard, as A-law.
        self.keeps = False
        self.heard = bytearray()
        self._transport: asyncio.DatagramTransport | None = None
        self._port = 0
        self._speaker: asyncio.Task[None] | None = None
        self._target: tuple[str, int] | None = None
        self._sequence = secrets.randbelow(1 << 15)
        self._clock = secrets.randbelow(1 << 31)
        self._source = secrets.randbelow(1 << 32)
        self._last_event = -1
        self._is_pressing = False

    @classmethod
    async def open(cls, address: str) -> Audio:
        loop = asyncio.get_running_loop()
        _, audio = await loop.create_datagram_endpoint(cls, local_addr=(address, 0))
        return audio

    @property
    def port(self) -> int:
        """Where it hears."""
        return self._port

    def start(
        self, target: tuple[str, int], *, tone_hz: float | None = None, kind: int = A_LAW
    ) -> None:
        """Begin to speak: a tone in A-law, or silence."""
        self._target = target
        if self._speaker is None:
            frames = tone_frames(tone_hz) if tone_hz else [SILENCES[kind]]
            self._speaker = asyncio.create_task(self._speak(frames, kind))

    async def send_digits(self, digits: str) -> None:
        """Press keys, as RFC 4733 has them sent: 100 ms each, the end three times."""
        for digit in digits:
            event, start = KEYS.index(digit), self._clock
            # While a key is down nothing else is said: a clock that ran on would end the key early.
            self._is_pressing = True
            for frame in range(1, 8):
                ended = frame > 5
                length = min(frame, 5) * FRAME
                payload = _EVENT.pack(event, 0x80 * ended | 10, length)
                self._send(EVENTS, payload, clock=start, marker=frame == 1)
                await asyncio.sleep(0 if ended else FRAME_S)
            self._clock = (start + 8 * FRAME) & 0xFFFFFFFF
            self._is_pressing = False
            await asyncio.sleep(0.06)

    def close(self) -> None:
        if self._speaker:
            self._speaker.cancel()
        if self._transport:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self._port = int(transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) <= _HEADER.size:
            return
        self.packets_in += 1
        self.sources.add(addr)
        _, kind, _, clock, _ = _HEADER.unpack_from(data)
        payload = data[_HEADER.size :]
        if kind & 0x7F == EVENTS:
            self._hear_key(payload, clock)
        elif kind & 0x7F == A_LAW and len(payload) == FRAME:
            self._hear(payload)

    def _hear_key(self, payload: bytes, clock: int) -> None:
        event, flags, _ = _EVENT.unpack_from(payload)
        if flags & 0x80 and clock != self._last_event and event < len(KEYS):
            self._last_event = clock
            self.digits += KEYS[event]

    def _hear(self, payload: bytes) -> None:
        if self.keeps:
            self.heard += payload
        if payload == SILENCE:
            return
        samples = A_LAW_SAMPLES[np.frombuffer(payload, np.uint8)].astype(np.float64)
        if np.sqrt(np.mean(samples**2)) < LOUD:
            return
        spectrum = np.abs(np.fft.rfft(samples))
        spectrum[0] = 0
        hz = float(np.argmax(spectrum)) * RATE / FRAME
        self.sounds.append(Sound(time.monotonic(), hz))

    async def _speak(self, frames: list[bytes], kind: int) -> None:
        loop = asyncio.get_running_loop()
        due, count = loop.time(), 0
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                if not self._is_pressing:
                    self._send(kind, frames[count % len(frames)], clock=self._clock)
                    self._clock = (self._clock + FRAME) & 0xFFFFFFFF
                count += 1
                due += FRAME_S
                await asyncio.sleep(max(0.0, due - loop.time()))

    def _send(self, kind: int, payload: bytes, *, clock: int, marker: bool = False) -> None:
        if self._transport is None or self._target is None or self._transport.is_closing():
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        header = _HEADER.pack(0x80, 0x80 * marker | kind, self._sequence, clock, self._source)
        self._transport.sendto(header + payload, self._target)
