"""Form of a prompt."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.pbx.audio import ACCEPT, MOST_BYTES, MOST_S
from tronco.pbx.forms import OWNER, keep_owner
from tronco.pbx.models import Prompt
from tronco.pbx.speech import SENTENCES, WORDS
from tronco.pbx.synthesis import BEEP, MOST_CHARACTERS, MUSIC
from tronco.ui.forms import ModelForm, fieldset


class PromptForm(ModelForm):
    """A recording to be sent, or a text to be spoken."""

    file = forms.FileField(
        label=_("Recording"),
        required=False,
        widget=forms.FileInput({"accept": ACCEPT, "data-prompt-file": ""}),
    )
    system_key = forms.ChoiceField(
        label=_("Replaces the prompt of the system"),
        required=False,
        help_text=_("For its owner and everybody below him."),
    )

    fieldsets = (
        fieldset(_("Prompt"), "tenant", "name"),
        fieldset(
            _("What it says"),
            "file",
            "text",
            help=_("Send a recording, or type a text that the platform speaks."),
        ),
        fieldset(_("Prompts of the system"), "system_key"),
    )

    class Meta(ModelForm.Meta):
        model = Prompt
        fields = ("tenant", "name", "text", "system_key")
        widgets = {
            "tenant": OWNER,
            "text": forms.Textarea({"rows": 4, "maxlength": MOST_CHARACTERS}),
        }

    def adapt(self, actor: Any) -> None:
        keep_owner(self)
        self.fields["file"].help_text = _now(
            "WAV, MP3, OGG or FLAC, up to %(size)s MB and %(most)s minutes."
        ) % {"size": MOST_BYTES // 10**6, "most": MOST_S // 60}
        self.fields["system_key"].choices = [("", "—"), *system_sounds()]  # type: ignore[attr-defined]


def system_sounds() -> list[tuple[str, str]]:
    """The system's own sounds as choices: sentences, then words."""
    others = [(MUSIC, str(_now("Music on hold"))), (BEEP, str(_now("Tone")))]
    return [*SENTENCES.items(), *others, *WORDS.items()]
