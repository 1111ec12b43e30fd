"""Recordings for tests, with a sound that is there."""

from __future__ import annotations

import io
import wave
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from tronco.circuits.models import Circuit
from tronco.recordings import files
from tronco.recordings.models import Policy, Recording, Rule
from tronco.tenancy.models import Tenant

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def tone(seconds: float = 1.0, hz: float = 440) -> bytes:
    """A WAV file as the switch writes it."""
    at = np.arange(int(seconds * 8000)) / 8000
    file = io.BytesIO()
    with wave.open(file, "wb") as sink:
        sink.setnchannels(1)
        sink.setsampwidth(2)
        sink.setframerate(8000)
        sink.writeframes((np.sin(2 * np.pi * hz * at) * 12_000).astype("<i2").tobytes())
    return file.getvalue()


def allow(tenant: Tenant, **facts: Any) -> Policy:
    policy, _made = Policy.objects.update_or_create(
        tenant=tenant, defaults={"is_allowed": True, **facts}
    )
    return policy


def make_rule(line: Circuit, **facts: Any) -> Rule:
    allow(line.tenant)
    return Rule.objects.create(tenant=line.tenant, circuit=line, **facts)


def make_recording(line: Circuit, *, sound: bytes = b"", **facts: Any) -> Recording:
    """A recording of a line's call; without `sound` its file is not there."""
    call_id = f"node1-1763640000.{Recording.objects.count()}"
    facts = {
        "tenant": line.tenant,
        "caller": "+551140028922",
        "called": "+551133334444",
        "at": AT,
        "call_id": call_id,
        "first_call_id": call_id,
        **facts,
    }
    name = files.name_of(tenant_id=facts["tenant"].pk, at=facts["at"], call_id=facts["call_id"])
    if sound:
        path: Path = files.path_of(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sound)
    return Recording.objects.create(
        circuit=line,
        direction="out",
        duration_ms=max(len(sound) - 44, 0) // 16,
        size=len(sound),
        sha256="0" * 64,
        file=name,
        **facts,
    )
