"""Messages that callers left: from the switch's disk into the database, and on as e-mail.

The dialplan records into `<circuit id>~<call id>.wav` and then says so in the spool. A recording of
which the spool says nothing (Asterisk was killed) is found by its age.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from tronco.calls.missed import display_caller
from tronco.calls.selectors import get_call_by_id
from tronco.circuits.models import Circuit
from tronco.core.errors import InvalidInput, NotFound
from tronco.mail.models import Email
from tronco.mail.services import notice_queue
from tronco.pbx.audio import Recording, read_switch_recording
from tronco.pbx.models import LineService, Voicemail
from tronco.sipcore.spool import Message
from tronco.tenancy.access import SYSTEM

logger = logging.getLogger(__name__)
# Longer than any message: nobody is recording into this file any more.
FORGOTTEN_S: Final = 900.0


def store_messages(messages: Sequence[Message], directory: Path) -> None:
    """Store the recordings and remove their files. One that is stored already stays as it is.

    One that cannot be stored for itself is kept beside and never holds up the others.
    """
    for message in messages:
        path = directory / f"{message.circuit_id}~{message.call_id}.wav"
        if not path.exists():
            continue
        try:
            _store(message, read_switch_recording(path.read_bytes()))
        except InvalidInput as problem:
            # Whoever hung up at the tone left nothing.
            logger.info("no message of call %s: %s", message.call_id, problem)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            logger.exception("the message of call %s could not be stored", message.call_id)
            path.rename(path.with_name(f"unstored-{path.name}"))
        path.unlink(missing_ok=True)


def store_forgotten(directory: Path) -> None:
    """Store recordings of which the spool will never tell."""
    store_messages(list(_forgotten(directory)), directory)


@transaction.atomic
def _store(message: Message, recording: Recording) -> None:
    circuit = Circuit.objects.filter(pk=message.circuit_id).first()
    if circuit is None:
        logger.warning("a message was left for circuit %s, which is gone", message.circuit_id)
        return
    voicemail, is_new = Voicemail.objects.get_or_create(
        call_id=message.call_id,
        defaults={
            "tenant_id": circuit.tenant_id,
            "circuit": circuit,
            "caller": message.caller[:40],
            "at": message.at,
            "duration_ms": recording.duration_ms,
            "sound": recording.sound,
        },
    )
    service = LineService.objects.filter(circuit=circuit).exclude(voicemail_email="").first()
    if is_new and service is not None:
        try:
            _send(voicemail, service.voicemail_email)
        except InvalidInput as problem:
            logger.warning("line %s: %s", circuit.number, problem)


def _send(voicemail: Voicemail, recipient: str) -> None:
    at = timezone.localtime(voicemail.at)
    notice_queue(
        tenant_id=voicemail.tenant_id,
        kind=Email.Kind.VOICEMAIL,
        recipient=recipient,
        facts={
            "caller": display_caller(voicemail.caller),
            "line": voicemail.circuit.number,
            "at": f"{at:%d/%m/%Y %H:%M}",
            "duration": f"{round(voicemail.duration_ms / 1000)} s",
        },
        attachment=bytes(voicemail.sound),
        attachment_name=f"{voicemail.circuit.number}-{at:%Y%m%d-%H%M}.wav",
    )


def _forgotten(directory: Path) -> Iterator[Message]:
    for path in directory.glob("*~*.wav"):
        modified = path.stat().st_mtime
        circuit_id, _separator, call_id = path.stem.partition("~")
        if time.time() - modified < FORGOTTEN_S or not circuit_id.isdigit():
            continue
        at = datetime.fromtimestamp(modified, UTC)
        caller = _find_caller(call_id)
        yield Message(call_id=call_id, at=at, circuit_id=int(circuit_id), caller=caller)


def _find_caller(call_id: str) -> str:
    """Who left it, by the record of the call; empty when there is none."""
    try:
        return get_call_by_id(actor=SYSTEM, call_id=call_id).caller
    except NotFound:
        return ""
