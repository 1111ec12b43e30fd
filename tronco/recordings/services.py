"""Everything that changes recordings: brought in, made small, kept, deleted, and heard."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from tronco.circuits.models import Circuit
from tronco.core.errors import Conflict
from tronco.recordings import audio, files
from tronco.recordings.models import KEEP_DAYS, Listening, Policy, Recording
from tronco.recordings.selectors import get_recording, get_space, list_own_recordings
from tronco.tenancy.access import SYSTEM, Actor, acting
from tronco.tenancy.models import Tenant

logger = logging.getLogger(__name__)
# Within this a player asks for parts of what one listens to; it is one listening.
ONE_LISTENING = timedelta(minutes=10)
# So many at a time, so that a pile of them holds up no other task.
MOST_COMPRESSED = 50
MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class TapedCall:
    """A call whose conversation was recorded, as its record has it."""

    call_id: str
    first_call_id: str
    direction: str
    caller: str
    called: str
    at: datetime
    circuit_id: int | None


def recording_store(*, tenant_ids: Sequence[int], call: TapedCall, source: Path) -> int:
    """Keep a recording for each of these customers, and remove `source`.

    May be repeated after a kill at any moment: one that is there already stays as it is.
    """
    duration_ms = files.mend(source)
    stored = 0
    for tenant in Tenant.objects.filter(pk__in=tenant_ids if duration_ms else ()):
        if Recording.objects.filter(tenant=tenant, call_id=call.call_id).exists():
            continue
        name = files.name_of(tenant_id=tenant.pk, at=call.at, call_id=call.call_id)
        path = files.take_in(source, name)
        Recording.objects.create(
            tenant=tenant,
            # Not another's who had the call too, nor one that was deleted since.
            circuit=Circuit.objects.filter(pk=call.circuit_id or 0, tenant=tenant).first(),
            call_id=call.call_id,
            first_call_id=call.first_call_id,
            direction=call.direction,
            caller=call.caller[:40],
            called=call.called[:40],
            at=call.at,
            duration_ms=duration_ms,
            size=path.stat().st_size,
            sha256=files.digest_of(path),
            file=name,
        )
        _note_space(tenant.pk)
        stored += 1
    source.unlink()
    return stored


def recordings_compress() -> int:
    """Make small what came in as the switch wrote it; return how many.

    One worker at a time: another would write into the same files.
    """
    with _alone() as is_alone:
        return _compress_some() if is_alone else 0


@transaction.atomic
def recording_keep(*, actor: Actor, recording_id: int, kept: bool) -> Recording:
    """Keep a recording beyond its days, or no longer."""
    actor.require("recordings.delete")
    recording = get_recording(actor=actor, recording_id=recording_id, lock=True)
    if recording.is_kept != kept:
        recording.is_kept = kept
        recording.save(update_fields=["is_kept"])
    return recording


@transaction.atomic
def recording_delete(*, actor: Actor, recording_id: int) -> None:
    """Delete a recording and its sound; one that is to be kept is refused."""
    actor.require("recordings.delete")
    recording = get_recording(actor=actor, recording_id=recording_id, lock=True)
    if recording.is_kept:
        raise Conflict(
            _("This recording is to be kept; release it before you delete it."),
            code="recording-kept",
        )
    _delete(Recording.objects.filter(pk=recording.pk))


def recordings_expire(*, now: datetime) -> int:
    """Delete what was kept for its days; return how many. The history says so."""
    days_of = dict(Policy.objects.values_list("tenant_id", "keep_days"))
    tenants = Recording.objects.order_by().values_list("tenant_id", flat=True).distinct()
    count = 0
    for tenant_id in tenants:
        days = days_of.get(tenant_id, KEEP_DAYS)
        over = Recording.objects.filter(
            tenant=tenant_id, is_kept=False, at__lt=now - timedelta(days=days)
        )
        while gone := _expire_some(over, _("Kept for %(days)s days") % {"days": days}):
            count += gone
    return count


def files_tidy() -> int:
    """Remove sounds of which no recording tells; return how many."""
    named = set(Recording.objects.values_list("file", flat=True))
    count = 0
    for path in files.list_unnamed(named):
        path.unlink(missing_ok=True)
        count += 1
    return count


def listening_note(*, actor: Actor, recording: Recording, downloaded: bool) -> None:
    """Put down that somebody hears a recording, or takes it away."""
    if not list_own_recordings(actor=actor).filter(pk=recording.pk).exists():
        actor.require("recordings.listen")
    now = timezone.now()
    with transaction.atomic(), acting(actor):
        before = Listening.objects.filter(
            recording=recording, user_id=actor.user_id, downloaded=downloaded
        )
        if before.filter(at__gt=now - ONE_LISTENING).exists():
            return
        Listening.objects.create(
            tenant_id=recording.tenant_id,
            recording=recording,
            who=actor.name[:120],
            user_id=actor.user_id,
            at=now,
            downloaded=downloaded,
        )


@contextmanager
def _alone() -> Iterator[bool]:
    """Tell whether nobody else makes recordings small; whoever is killed lets go of it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('recordings_compress'))")
        [is_alone] = cursor.fetchone()
        try:
            yield is_alone
        finally:
            if is_alone:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('recordings_compress'))")


def _compress_some() -> int:
    waiting = Recording.objects.filter(file__endswith=files.WAV).order_by("pk")
    count = 0
    for recording in waiting[:MOST_COMPRESSED]:
        try:
            count += _compress(recording)
        except Exception:
            # It can be played as it is; the others shall not wait for it.
            logger.exception("recording %s could not be made small", recording.pk)
    return count


def _compress(recording: Recording) -> bool:
    source = files.path_of(recording.file)
    if not source.exists():
        logger.error("the sound of recording %s is gone: %s", recording.pk, source)
        return False
    target = source.with_suffix(files.MP3)
    unfinished = target.with_name(f".{target.name}")
    audio.compress(source, unfinished)
    unfinished.chmod(0o600)
    unfinished.rename(target)
    changed = Recording.objects.filter(pk=recording.pk).update(
        file=str(Path(recording.file).with_suffix(files.MP3)),
        size=target.stat().st_size,
        sha256=files.digest_of(target),
    )
    if not changed:
        # It was deleted meanwhile.
        target.unlink()
    source.unlink(missing_ok=True)
    _note_space(recording.tenant_id)
    return bool(changed)


def _expire_some(over: QuerySet[Recording], why: str) -> int:
    with transaction.atomic(), acting(SYSTEM, why=why):
        # One that somebody keeps at this moment is waited for, and stays.
        some = list(over.select_for_update().values_list("pk", flat=True)[:MOST_AT_ONCE])
        _delete(Recording.objects.filter(pk__in=some))
    return len(some)


def _delete(rows: QuerySet[Recording]) -> None:
    """Delete rows now, their sounds when that is sure."""
    gone = list(rows.values_list("file", "tenant_id"))
    rows.delete()
    for tenant_id in {tenant_id for _file, tenant_id in gone}:
        _note_space(tenant_id)
    transaction.on_commit(lambda: _remove(gone))


def _remove(gone: list[tuple[str, Any]]) -> None:
    for file, _tenant in gone:
        files.remove(file)


def _note_space(tenant_id: int) -> None:
    """Let call control know whether the customer's space is used up."""
    policy = Policy.objects.filter(tenant=tenant_id).first()
    if policy is None:
        return
    is_full = get_space(policy=policy).is_full
    if policy.is_full != is_full:
        Policy.objects.filter(tenant=tenant_id).update(is_full=is_full)
