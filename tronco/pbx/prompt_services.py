"""Everything that changes prompts."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from tronco.core.errors import InvalidInput
from tronco.pbx.audio import Recording, read_recording
from tronco.pbx.destinations import get_owner
from tronco.pbx.models import Prompt
from tronco.pbx.selectors import get_prompt
from tronco.pbx.synthesis import SYSTEM_SOUNDS, speak
from tronco.pbx.uses import refuse_if_used
from tronco.tenancy.access import Actor
from tronco.tenancy.saving import save_checked


@transaction.atomic
def prompt_create(
    *,
    actor: Actor,
    tenant_id: int,
    name: str,
    text: str = "",
    file: bytes | None = None,
    system_key: str = "",
) -> Prompt:
    """Make a prompt from a recording (`file`), or from `text` spoken by the synthesiser."""
    actor.require("pbx.edit")
    prompt = Prompt(tenant=get_owner(actor=actor, tenant_id=tenant_id))
    recording = _recording_of(text, file)
    if recording is None:
        raise InvalidInput(
            _("Send a recording, or type the text to be spoken."), field="file", code="prompt-empty"
        )
    return _save(prompt, name, text, system_key, recording)


@transaction.atomic
def prompt_change(
    *,
    actor: Actor,
    prompt_id: int,
    name: str,
    text: str = "",
    file: bytes | None = None,
    system_key: str = "",
) -> Prompt:
    """Change a prompt; what it says changes with another recording or another text."""
    actor.require("pbx.edit")
    prompt = get_prompt(actor=actor, prompt_id=prompt_id, lock=True)
    is_same = file is None and text.strip() in ("", prompt.text)
    recording = None if is_same else _recording_of(text, file)
    return _save(prompt, name, text, system_key, recording)


@transaction.atomic
def prompt_delete(*, actor: Actor, prompt_id: int) -> None:
    """Delete a prompt that nothing plays; the error names who does."""
    actor.require("pbx.delete")
    prompt = get_prompt(actor=actor, prompt_id=prompt_id, lock=True)
    refuse_if_used(actor=actor, obj=prompt)
    prompt.delete()


def _recording_of(text: str, file: bytes | None) -> Recording | None:
    if file is not None and text.strip():
        raise InvalidInput(
            _("A prompt is recorded or spoken from a text: clear the text, or send no file."),
            field="text",
            code="prompt-both",
        )
    if file is not None:
        return read_recording(file)
    return speak(text.strip()) if text.strip() else None


def _save(
    prompt: Prompt, name: str, text: str, system_key: str, recording: Recording | None
) -> Prompt:
    if system_key and system_key not in SYSTEM_SOUNDS:
        raise InvalidInput(
            _("There is no such prompt of the system."), field="system_key", code="system-key"
        )
    others = Prompt.objects.filter(tenant_id=prompt.tenant_id).exclude(pk=prompt.pk)
    if system_key and (other := others.filter(system_key=system_key).first()):
        raise InvalidInput(
            _("“%(name)s” replaces this prompt of the system already.") % {"name": other},
            field="system_key",
            code="system-key-taken",
        )
    prompt.name, prompt.system_key = name, system_key
    if recording is not None:
        # Whoever sends a recording instead of a text has no text any more.
        prompt.text = text.strip()
        prompt.sound = recording.sound
        prompt.sha256 = recording.sha256
        prompt.duration_ms = recording.duration_ms
    save_checked(prompt)
    return prompt
