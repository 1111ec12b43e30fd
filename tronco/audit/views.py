"""Screen of what was changed lately."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from tronco.audit import selectors
from tronco.ui.filters import DateInput
from tronco.ui.forms import Form
from tronco.ui.pages import Page


class ChangesForm(Form):
    """What to look for."""

    kind = forms.ChoiceField(label=_("What"), required=False)
    who = forms.CharField(label=_("Who"), required=False, max_length=80)
    since = forms.DateField(label=_("From"), required=False, widget=DateInput)
    until = forms.DateField(label=_("Until"), required=False, widget=DateInput)

    def adapt(self, actor: Any) -> None:
        kinds = [(key, capfirst(name)) for key, name in selectors.list_kinds().items()]
        self.fields["kind"].choices = [("", "—"), *kinds]  # type: ignore[attr-defined]


class Changes(Page):
    """The latest changes, by anybody, of anything within reach."""

    permission = "audit.view"
    title = _("What changed")
    template_name = "audit/changes.html"

    def context(self, **extra: Any) -> dict[str, Any]:
        form = ChangesForm(self.request.GET, actor=self.actor)
        wanted = form.cleaned_data if form.is_valid() else {}
        events = selectors.list_changes(
            actor=self.actor,
            kind=wanted.get("kind", ""),
            who=wanted.get("who", ""),
            since=_moment(wanted.get("since"), time.min),
            until=_moment(wanted.get("until"), time.max),
        )
        return super().context(form=form, events=events, most=selectors.MOST, **extra)


def _moment(day: Any, at: time) -> Any:
    """The first moment of a day here, or its last; a last day may have none after it."""
    return None if day is None else timezone.make_aware(datetime.combine(day, at))
