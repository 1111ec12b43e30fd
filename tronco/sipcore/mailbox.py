"""The messages of a line, heard from the line itself: what `pbx.mailbox` may not ask."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from django.conf import settings
from django.db.models import F

from tronco.core.pins import check_pin
from tronco.numbering.ddd import zone_of
from tronco.pbx import mailbox
from tronco.pbx.flow import Ask, End
from tronco.pbx.mailbox import Box, Delete, Play, Unlock
from tronco.pbx.models import LineService, Voicemail
from tronco.pbx.services import voicemail_delete, voicemail_mark
from tronco.sipcore import lockouts
from tronco.sipcore.means import Means, Outlook
from tronco.sipcore.sound_files import SoundFiles
from tronco.tenancy.access import SYSTEM


class Left(NamedTuple):
    """Who left a message, and when, on the clock of whose it is."""

    caller: str
    at: datetime


class Contents(NamedTuple):
    """What waits for a line: new messages first, and how many are new."""

    pin_hash: str
    messages: tuple[int, ...]
    fresh: int


async def open_box(means: Means, outlook: Outlook, circuit_id: int) -> tuple[Box, Ask | End]:
    """Begin: with the PIN where the line has one."""
    contents = await means.checks.run(read_contents, circuit_id)
    box, asked = mailbox.begin()
    if not contents.pin_hash:
        return await _heard(means, outlook, circuit_id, *_opened(box, contents))
    if await means.checks.run(lockouts.is_locked, keys=_keys(circuit_id), at=datetime.now(UTC)):
        return box, End(("s:locked-out",))
    return box, asked


async def step_box(
    means: Means, outlook: Outlook, circuit_id: int, box: Box, heard: str
) -> tuple[Box, Ask | End]:
    """Go on with what was typed."""
    box, move = mailbox.step(box, heard)
    if isinstance(move, Unlock):
        unlocked = await _unlock(means, circuit_id, box, move.pin)
        return await _heard(means, outlook, circuit_id, *unlocked)
    if isinstance(move, Delete):
        await means.checks.run(delete_message, outlook.files, circuit_id, move.message)
        after = mailbox.go_on(box, "s:message-deleted")
        return await _heard(means, outlook, circuit_id, *after)
    return await _heard(means, outlook, circuit_id, box, move)


async def _heard(
    means: Means, outlook: Outlook, circuit_id: int, box: Box, move: Play | Ask | End
) -> tuple[Box, Ask | End]:
    """Put the message that is to be played where it is heard; one that is gone is passed over."""
    while isinstance(move, Play):
        left = await means.checks.run(take_message, outlook.files, circuit_id, move.message)
        if left is not None:
            now = datetime.now(UTC)
            return box, mailbox.present(move, caller=left.caller, at=left.at, now=now)
        box, move = mailbox.go_on(box, *move.before)
    return box, move


async def _unlock(
    means: Means, circuit_id: int, box: Box, pin: str
) -> tuple[Box, Play | Ask | End]:
    """Is the PIN right? Whoever tried too often is not asked for one any more."""
    run, keys, at = means.checks.run, _keys(circuit_id), datetime.now(UTC)
    contents = await run(read_contents, circuit_id)
    if await run(lockouts.is_locked, keys=keys, at=at):
        return mailbox.refused(box, "s:locked-out", is_final=True)
    if contents.pin_hash and not check_pin(pin, contents.pin_hash, key=settings.SECRET_KEY):
        is_too_many = await run(lockouts.note_wrong, keys=keys, at=at)
        said = "s:locked-out" if is_too_many else "s:wrong-pin"
        return mailbox.refused(box, said, is_final=is_too_many)
    await run(lockouts.forgive, keys=keys)
    return _opened(box, contents)


def _opened(box: Box, contents: Contents) -> tuple[Box, Play | End]:
    return mailbox.opened(box, messages=contents.messages, fresh=contents.fresh)


def _keys(circuit_id: int) -> list[str]:
    return [lockouts.line_key(circuit_id)]


# -- Django's side --------------------------------------------------------------------------------


def read_contents(circuit_id: int) -> Contents:
    """Ask what there is."""
    rows = Voicemail.objects.filter(circuit=circuit_id)
    ordered = rows.order_by(F("heard_at").asc(nulls_first=True), "at", "id")
    messages = tuple(ordered.values_list("pk", flat=True)[: mailbox.MOST_MESSAGES])
    pins = LineService.objects.filter(circuit=circuit_id).values_list("pin_hash", flat=True)
    return Contents(pins.first() or "", messages, rows.filter(heard_at=None).count())


def take_message(files: SoundFiles, circuit_id: int, voicemail_id: int) -> Left | None:
    """Let a message be heard; return who left it when, or None when it is gone."""
    rows = Voicemail.objects.select_related("circuit")
    message = rows.filter(circuit=circuit_id, pk=voicemail_id).first()
    if message is None:
        return None
    files.place_message(message.pk, bytes(message.sound))
    voicemail_mark(actor=SYSTEM, voicemail_id=message.pk, heard=True)
    return Left(message.caller, message.at.astimezone(zone_of(message.circuit.own_ddd)))


def delete_message(files: SoundFiles, circuit_id: int, voicemail_id: int) -> None:
    """Delete a message of the line, unless somebody has."""
    if Voicemail.objects.filter(circuit=circuit_id, pk=voicemail_id).exists():
        voicemail_delete(actor=SYSTEM, voicemail_id=voicemail_id)
    files.remove_message(voicemail_id)
