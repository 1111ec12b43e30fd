"""Recorded conversations: from the switch's disk to where they are kept.

The dialplan records into `<tenants>~<call id>.wav`; when the call is on record, the file is brought
in. Nothing tells of a file but the file: whatever was killed meanwhile, it is found.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from django.db import InterfaceError, OperationalError

from tronco.calls.models import Cdr
from tronco.calls.selectors import get_call_by_id
from tronco.charging.models import Authorization
from tronco.core.errors import NotFound
from tronco.recordings.services import TapedCall, recording_store
from tronco.sipcore.messages import FORGOTTEN_S
from tronco.tenancy.access import SYSTEM

logger = logging.getLogger(__name__)
# The switch writes on for a moment after the end, and several times a second before.
SETTLED_S: Final = 2.0


def store_tapes(directory: Path) -> None:
    """Bring in the files of calls that are over.

    They wait while nothing can be written where they are kept. One that cannot be stored for itself
    stays beside the others.
    """
    waiting: list[OSError] = []
    for path in directory.glob("*~*.wav"):
        owners, _, call_id = path.stem.partition("~")
        age_s = time.time() - path.stat().st_mtime
        if age_s < SETTLED_S or not owners.replace(".", "").isdigit():
            continue
        try:
            call = _find_call(call_id, path, age_s)
            if call is not None:
                tenants = [int(owner) for owner in owners.split(".")]
                recording_store(tenant_ids=tenants, call=call, source=path)
        except (OperationalError, InterfaceError):
            raise
        except OSError as problem:
            waiting.append(problem)
        except Exception:
            logger.exception("the recording of call %s could not be stored", call_id)
            path.rename(path.with_name(f"unstored-{path.name}"))
    if waiting:
        logger.warning("%s recordings wait to be stored: %s", len(waiting), waiting[0])


def _find_call(call_id: str, path: Path, age_s: float) -> TapedCall | None:
    """The call as its record has it; None while it may still run.

    Of a call that never gets a record (its beginning is lost), the file alone tells.
    """
    try:
        cdr: Cdr = get_call_by_id(actor=SYSTEM, call_id=call_id)
    except NotFound:
        running = Authorization.objects.filter(
            call_id=call_id, state=Authorization.State.OPEN
        ).exists()
        if running or age_s < FORGOTTEN_S:
            return None
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return TapedCall(call_id, call_id, "internal", "", "", at, None)
    return TapedCall(
        call_id=call_id,
        first_call_id=cdr.explanation.get("linked") or call_id,
        direction=cdr.direction,
        caller=cdr.caller,
        called=cdr.called or cdr.dialled,
        at=cdr.answered_at or cdr.started_at,
        circuit_id=cdr.circuit_id,
    )
