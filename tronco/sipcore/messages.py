"""Messages that callers left: from the switch's disk into the database."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

from tronco.circuits.models import Circuit
from tronco.pbx.models import Voicemail
from tronco.sipcore.spool import Message


def store_messages(messages: Sequence[Message], directory: Path) -> None:
    """Store the recordings and remove their files. One that is stored already stays as it is."""
    for message in messages:
        path = directory / f"{message.circuit_id}~{message.call_id}.wav"
        circuit = Circuit.objects.filter(pk=message.circuit_id).first()
        if circuit is None or not path.exists():
            continue
        with wave.open(str(path)) as sound:
            duration_ms = sound.getnframes() * 1000 // sound.getframerate()
        Voicemail.objects.get_or_create(
            call_id=message.call_id,
            defaults={
                "tenant_id": circuit.tenant_id,
                "circuit": circuit,
                "caller": message.caller,
                "at": message.at,
                "duration_ms": duration_ms,
                "sound": path.read_bytes(),
            },
        )
        path.unlink(missing_ok=True)
