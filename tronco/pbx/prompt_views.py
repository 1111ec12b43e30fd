"""Screens of prompts, and of what the system says by itself: Voz › Áudios."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from tronco.core.errors import NotFound, TroncoError
from tronco.pbx import prompt_services as services
from tronco.pbx import selectors
from tronco.pbx.filters import PromptFilters
from tronco.pbx.models import Prompt
from tronco.pbx.playing import sound_response
from tronco.pbx.prompt_forms import PromptForm, system_sounds
from tronco.pbx.speech import WORDS
from tronco.pbx.synthesis import SYSTEM_SOUNDS, find_system_sounds, speak
from tronco.pbx.tables import PromptTable, system_text
from tronco.pbx.uses import list_uses
from tronco.ui import details, edits, formats, panels
from tronco.ui.pages import Page
from tronco.ui.resource import Resource


class CreatePrompt(edits.CreateView):
    template_name = "pbx/prompt_edit.html"


class EditPrompt(edits.EditView):
    template_name = "pbx/prompt_edit.html"


class Prompts(Resource):
    model, table, filters, form = Prompt, PromptTable, PromptFilters, PromptForm
    icon = "microphone"
    help = _("What callers hear: recordings, and texts spoken by the platform.")
    empty = _("Send a recording (WAV, MP3, OGG, FLAC) or type a text to be spoken.")
    state_field = ""
    create_view = CreatePrompt
    edit_view = EditPrompt
    list_links = ((_("Prompts of the system"), "pbx:system_prompts", "pbx.view"),)
    panels = (
        panels.Html(_("Listen"), "pbx/panels/prompt.html"),
        panels.Fields(
            _("Prompt"),
            "name",
            "tenant",
            panels.Value(_("Duration"), lambda prompt: formats.duration(prompt.duration_ms / 1000)),
            panels.Value(
                _("Replaces the prompt of the system"),
                lambda prompt: system_text(prompt.system_key) or formats.NOTHING,
            ),
            "text",
            "created_at",
        ),
        panels.Html(
            _("Where it is used"),
            "pbx/panels/uses.html",
            lambda request, prompt: {"uses": list_uses(actor=request.actor, obj=prompt)},
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_prompts(actor=actor)

    def create(self, actor: Any, values: dict[str, Any]) -> Prompt:
        facts = prompt_facts(values)
        return services.prompt_create(actor=actor, tenant_id=values["tenant"].pk, **facts)

    def change(self, actor: Any, obj: Prompt, values: dict[str, Any]) -> Prompt:
        return services.prompt_change(actor=actor, prompt_id=obj.pk, **prompt_facts(values))

    def remove(self, actor: Any, obj: Prompt) -> None:
        services.prompt_delete(actor=actor, prompt_id=obj.pk)


def prompt_facts(values: dict[str, Any]) -> dict[str, Any]:
    """Turn a valid form's values into what the services take."""
    file = values["file"]
    return {
        "name": values["name"],
        "text": values["text"],
        "system_key": values["system_key"],
        "file": file.read() if file else None,
    }


class PromptSound(details.ObjectPage):
    """The recording itself."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        prompt = selectors.get_prompt(actor=self.actor, prompt_id=self.object.pk)
        return sound_response(request, bytes(prompt.sound), name=f"{prompt.name}.wav")


class SpeakText(Page):
    """A text spoken, to be heard before it is saved; what is wrong with it, as text."""

    permission = "pbx.edit"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            recording = speak(request.POST.get("text", "").strip())
        except TroncoError as problem:
            return HttpResponse(str(problem), status=422, content_type="text/plain; charset=utf-8")
        return sound_response(request, recording.sound, name="texto.wav")


class SystemPrompts(Page):
    """What the system says by itself, to be heard and to be replaced."""

    permission = "pbx.view"
    template_name = "pbx/system_prompts.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        replaced = selectors.list_replacements(actor=self.actor)
        texts = dict(system_sounds())
        groups = (
            (_("Sentences"), {key: text for key, text in texts.items() if key not in WORDS}),
            (_("Words of numbers, amounts and times"), WORDS),
        )
        return self.render(
            title=_("Prompts of the system"),
            groups=[
                {
                    "title": title,
                    "rows": [
                        {"key": key, "text": text, "replaced": replaced.get(key, ())}
                        for key, text in rows.items()
                    ],
                }
                for title, rows in groups
            ],
            is_made=find_system_sounds() is not None,
            may_replace=self.actor.can("pbx.edit"),
        )


class SystemSound(Page):
    """One of the system's sounds as it was made at set-up."""

    permission = "pbx.view"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        key, place = kwargs["sound"], find_system_sounds()
        if key not in SYSTEM_SOUNDS or place is None:
            raise NotFound(key)
        return sound_response(request, (place / f"{key}.wav").read_bytes(), name=f"{key}.wav")
