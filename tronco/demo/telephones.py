"""Where the demonstration's telephones were: their last registration, and a day of latency.

What the switch would have told in the past. From the start on it tells of the phones that play;
the others have gone offline, and stay so.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from tronco.circuits.models import LatencySample, Registration
from tronco.demo.lines import LINES, Line, Lines

BUCKET: Final = timedelta(minutes=5)
# The switch asks twice a minute.
PROBES: Final = 10
SHOWN: Final = timedelta(days=1)
# Addresses for documentation (RFC 5737).
NETWORK: Final = "203.0.113"
MODELS: Final = ("Yealink SIP-T31P 124.86.0.75", "Grandstream GXP1625 1.0.7.81", "Linphone 5.2")


def telephones_load(
    lines: Lines, last_calls: Mapping[str, datetime], *, now: datetime, chance: random.Random
) -> None:
    """Register every line that has called until some time after its last call."""
    samples: list[LatencySample] = []
    for place, line in enumerate(LINES):
        seen_until = now
        if not line.is_phone:
            seen_until = min(
                now, last_calls[line.number] + timedelta(minutes=chance.randrange(5, 90))
            )
            Registration.objects.create(
                circuit=lines.circuits[line.number],
                tenant_id=lines.circuits[line.number].tenant_id,
                online=False,
                address=f"{NETWORK}.{10 + place}",
                port=5060,
                user_agent=MODELS[place % len(MODELS)],
                changed_at=seen_until,
            )
        samples.extend(_samples(lines, line, now - SHOWN, seen_until, chance))
    LatencySample.objects.bulk_create(samples, batch_size=1000)


def _samples(
    lines: Lines, line: Line, since: datetime, until: datetime, chance: random.Random
) -> list[LatencySample]:
    """Five minutes each; the farther the phone the slower, and slowest in the evening."""
    circuit = lines.circuits[line.number]
    # The phones that play are on this machine.
    usual_us = chance.uniform(700, 2_500) if line.is_phone else chance.uniform(9_000, 45_000)
    samples = []
    at = datetime.fromtimestamp(since.timestamp() // 300 * 300 + 300, since.tzinfo)
    while at + BUCKET <= until:
        evening = 1 + 0.5 * max(0.0, math.sin((at.hour + at.minute / 60 - 17) / 24 * 2 * math.pi))
        rtts = [int(usual_us * evening * chance.lognormvariate(0, 0.12)) for _ in range(PROBES)]
        lost = 1 if chance.random() < 0.01 else 0
        rtts = rtts[lost:]
        samples.append(
            LatencySample(
                circuit=circuit,
                tenant_id=circuit.tenant_id,
                at=at,
                samples=len(rtts),
                lost=lost,
                min_us=min(rtts),
                max_us=max(rtts),
                sum_us=sum(rtts),
            )
        )
        at += BUCKET
    return samples
