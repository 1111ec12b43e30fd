"""Forms of schedules and groups, and what the other forms of this folder are made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.catalog.quotes import weekday_names
from tronco.circuits.models import Circuit
from tronco.core.errors import InvalidInput
from tronco.pbx.destinations import (
    FIELDS,
    PLAIN_ACTIONS,
    Action,
    TargetValues,
    target_check,
)
from tronco.pbx.line_services import FOLLOW_ME
from tronco.pbx.models import (
    Destination,
    Holiday,
    LineService,
    Menu,
    Prompt,
    Queue,
    QueueMember,
    Schedule,
    ScheduleWindow,
)
from tronco.pbx.queue_services import MemberValues
from tronco.pbx.schedule_services import HolidayValues, WindowValues
from tronco.tenancy.models import Tenant
from tronco.ui.filters import DateInput
from tronco.ui.forms import Form, ModelForm, SearchSelect, fieldset

# Brazil's zones by their usual names; any other may be typed.
ZONES = (
    "America/Sao_Paulo",
    "America/Manaus",
    "America/Cuiaba",
    "America/Rio_Branco",
    "America/Noronha",
    "America/Belem",
    "America/Fortaleza",
    "America/Recife",
    "America/Bahia",
)
OWNER = SearchSelect("tenancy:tenant_options", {"data-owner": ""})


def owned(url: str) -> SearchSelect:
    """A search among what the form's owner has; `static/pbx/forms.js` follows a change of owner."""
    return SearchSelect(url, {"data-of-owner": ""})


def keep_owner(form: Any) -> None:
    """Who owns it is said once; from then on only his rows are offered."""
    owner_id = form.instance.tenant_id
    if form.instance.pk is not None:
        form.fields["tenant"].disabled = True
    if owner_id is not None:
        limit_to_owner(form, owner_id)


def limit_to_owner(form: Any, owner_id: int) -> None:
    """Search only among the rows of one owner."""
    for field in form.fields.values():
        if isinstance(field.widget, SearchSelect) and "data-of-owner" in field.widget.attrs:
            field.widget.query = f"tenant={owner_id}"


class DestinationForm(Form):
    """Where a call goes on; `clean` leaves a `TargetValues` in `target`.

    Give `owner` where he is known before the form is sent, else ask `check_owner` afterwards.
    """

    action = forms.ChoiceField(label=_("Action"))
    circuit = forms.ModelChoiceField(
        Circuit.objects.all(),
        label=_("Line"),
        required=False,
        widget=owned("circuits:circuit_options"),
    )
    queue = forms.ModelChoiceField(
        Queue.objects.all(),
        label=_("Group (queue)"),
        required=False,
        widget=owned("pbx:queue_options"),
    )
    menu = forms.ModelChoiceField(
        Menu.objects.all(),
        label=_("Menu (IVR)"),
        required=False,
        widget=owned("pbx:menu_options"),
    )
    prompt = forms.ModelChoiceField(
        Prompt.objects.all(), label=_("Prompt"), required=False, widget=owned("pbx:prompt_options")
    )
    number = forms.CharField(
        label=_("External number"),
        required=False,
        max_length=32,
        widget=forms.TextInput({"inputmode": "tel"}),
    )

    shown_when = {
        name: {"action": tuple(action for action, used in FIELDS.items() if used == name)}
        for name in dict.fromkeys(FIELDS.values())
    }
    target: TargetValues

    def __init__(
        self,
        *args: Any,
        owner: Tenant | None = None,
        actions: Collection[str] = PLAIN_ACTIONS,
        **kwargs: Any,
    ) -> None:
        self.owner, self.actions = owner, actions
        super().__init__(*args, **kwargs)

    def adapt(self, actor: Any) -> None:
        choices = [(action.value, action.label) for action in Action if action in self.actions]
        self.fields["action"].choices = choices  # type: ignore[attr-defined]
        if self.owner is not None:
            limit_to_owner(self, self.owner.pk)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        field = FIELDS.get(cleaned.get("action", ""), "")
        if field and not cleaned.get(field) and field not in self.errors and self.needs(field):
            self.add_error(field, _now("Say where."))
        # What stands in the fields of other actions does not count, and cannot be wrong.
        for other in set(FIELDS.values()) - {field}:
            self.errors.pop(other, None)
        self.target = TargetValues(
            action=cleaned.get("action", ""),
            number=cleaned.get("number", "") if field == "number" else "",
            **{
                f"{name}_id": getattr(cleaned.get(name), "pk", None) if name == field else None
                for name in ("circuit", "queue", "menu", "prompt")
            },
        )
        return cleaned

    def needs(self, field: str) -> bool:
        """Whether the action's field must be filled in."""
        return True

    def check_owner(self, owner: Tenant, payer_id: int | None) -> bool:
        """Check a valid form's target for its owner; say beside the field what is wrong."""
        try:
            target_check(owner=owner, target=self.target, payer_id=payer_id, actions=self.actions)
        except InvalidInput as error:
            self.add_error(error.field if error.field in self.fields else None, str(error))
            return False
        return True

    @staticmethod
    def initial_of(destination: Destination) -> dict[str, Any]:
        """What the form shows of a destination."""
        return {
            "action": destination.action,
            "circuit": destination.circuit_id,
            "queue": destination.queue_id,
            "menu": destination.menu_id,
            "prompt": destination.prompt_id,
            "number": destination.number,
        }


class ClockField(forms.TimeField):
    """An hour of the day, to the minute."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.TimeInput({"type": "time"}, format="%H:%M"), **kwargs)


class WindowForm(Form):
    """Open hours of some weekdays."""

    weekdays = forms.TypedMultipleChoiceField(
        label=_("Weekdays"),
        choices=lambda: list(enumerate(weekday_names())),
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
    )
    opens = ClockField(label=_("Opens"))
    closes = ClockField(
        label=_("Closes"), help_text=_("Before the opening: on the next day. 00:00 is midnight.")
    )

    def values(self) -> WindowValues:
        """What a valid form says."""
        said = self.cleaned_data
        return WindowValues(tuple(said["weekdays"]), said["opens"], said["closes"])


class HolidayForm(Form):
    """A day of its own."""

    day = forms.DateField(label=_("Day"), widget=DateInput)
    name = forms.CharField(label=_("Name"), required=False, max_length=80)
    every_year = forms.BooleanField(label=_("Every year"), required=False)
    is_open = forms.BooleanField(
        label=_("Open all the same"),
        required=False,
        help_text=_("An exception: the week's hours count, even on a holiday."),
    )

    def values(self) -> HolidayValues:
        """What a valid form says."""
        said = self.cleaned_data
        return HolidayValues(said["day"], said["name"], said["every_year"], said["is_open"])


class MemberForm(Form):
    """A line that takes calls of the group."""

    circuit = forms.ModelChoiceField(
        Circuit.objects.all(), label=_("Line"), widget=owned("circuits:circuit_options")
    )
    penalty = forms.IntegerField(
        label=_("Order"), min_value=0, max_value=99, initial=0, help_text=_("0 rings first.")
    )
    is_paused = forms.BooleanField(label=_("Paused"), required=False)

    def values(self) -> MemberValues:
        """What a valid form says."""
        said = self.cleaned_data
        return MemberValues(said["circuit"].pk, said["penalty"], said["is_paused"])


WindowFormSet = forms.formset_factory(WindowForm, extra=0, max_num=40, validate_max=True)
HolidayFormSet = forms.formset_factory(HolidayForm, extra=0, max_num=200, validate_max=True)
MemberFormSet = forms.formset_factory(MemberForm, extra=0, max_num=200, validate_max=True)


def formset_of(kind: Any, form: Any, prefix: str, rows: Iterable[dict[str, Any]]) -> Any:
    """The rows of a form: those sent with it, or those there are."""
    sent = form.is_bound and f"{prefix}-TOTAL_FORMS" in form.data
    data = form.data if sent else None
    kwargs = {"actor": form.actor}
    return kind(data, initial=None if sent else list(rows), prefix=prefix, form_kwargs=kwargs)


class ScheduleForm(ModelForm):
    fieldsets = (fieldset(_("Schedule"), "tenant", "name", "timezone", "national_holidays"),)
    timezone = forms.CharField(
        label=_("Time zone"),
        initial=ZONES[0],
        max_length=40,
        widget=forms.TextInput({"list": "zones", "autocomplete": "off"}),
    )

    class Meta(ModelForm.Meta):
        model = Schedule
        fields = ("tenant", "name", "timezone", "national_holidays")
        widgets = {"tenant": OWNER}

    zones = ZONES

    def adapt(self, actor: Any) -> None:
        keep_owner(self)
        there = self.instance.pk is not None
        windows: Iterable[ScheduleWindow] = self.instance.windows.all() if there else ()
        holidays: Iterable[Holiday] = self.instance.holidays.all() if there else ()
        self.windows = formset_of(
            WindowFormSet,
            self,
            "window",
            [
                {"weekdays": one.weekdays, "opens": one.opens, "closes": one.closes}
                for one in windows
            ]
            or [{"weekdays": list(range(5)), "opens": "08:00", "closes": "18:00"}],
        )
        self.holidays = formset_of(
            HolidayFormSet,
            self,
            "holiday",
            [
                {
                    "day": one.day,
                    "name": one.name,
                    "every_year": one.every_year,
                    "is_open": one.is_open,
                }
                for one in holidays
            ],
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.windows.is_bound:  # a change of some fields only, or a file
            return cleaned
        if not (self.windows.is_valid() & self.holidays.is_valid()):
            self.add_error(None, _now("Please correct the rows marked below."))
            return cleaned
        cleaned["windows"] = [form.values() for form in self.windows]
        cleaned["holidays"] = [form.values() for form in self.holidays]
        if not cleaned["windows"]:
            self.add_error(None, _now("Say at least once when it is open."))
        return cleaned


class QueueForm(ModelForm):
    fieldsets = (
        fieldset(_("Group (queue)"), "tenant", "name", "extension", "schedule"),
        fieldset(_("Members"), "strategy", "ring_s", "wrapup_s"),
        fieldset(
            _("Waiting"),
            "welcome", "music", "announces_position", "announce_every_s", "max_wait_s",
            "max_callers",
        ),
        fieldset(_("Calls to the outside"), "payer"),
    )  # fmt: skip

    class Meta(ModelForm.Meta):
        model = Queue
        fields = (
            "tenant", "name", "extension", "schedule", "strategy", "ring_s", "wrapup_s", "welcome",
            "music", "announces_position", "announce_every_s", "max_wait_s", "max_callers",
            "payer",
        )  # fmt: skip
        widgets = {
            "tenant": OWNER,
            "schedule": owned("pbx:schedule_options"),
            "welcome": owned("pbx:prompt_options"),
            "music": owned("pbx:prompt_options"),
            "payer": owned("circuits:circuit_options"),
        }

    def adapt(self, actor: Any) -> None:
        keep_owner(self)
        there = self.instance.pk is not None
        members: Iterable[QueueMember] = self.instance.members.all() if there else ()
        self.members = formset_of(
            MemberFormSet,
            self,
            "member",
            [
                {"circuit": one.circuit_id, "penalty": one.penalty, "is_paused": one.is_paused}
                for one in members
            ],
        )
        sent = self.is_bound and "overflow-action" in self.data
        self.overflow = DestinationForm(
            self.data if sent else None,
            initial=DestinationForm.initial_of(self.instance),
            prefix="overflow",
            actor=actor,
            owner=self.instance.tenant if there else None,
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.members.is_bound:
            if self.members.is_valid():
                cleaned["members"] = [form.values() for form in self.members]
            else:
                self.add_error(None, _now("Please correct the rows marked below."))
        if self.overflow.is_bound:
            owner, payer = cleaned.get("tenant"), cleaned.get("payer")
            sound = self.overflow.is_valid() and (
                owner is None or self.overflow.check_owner(owner, payer.pk if payer else None)
            )
            if not sound:
                self.add_error(None, _now("Please correct where callers go on."))
            cleaned["overflow"] = self.overflow.target
        return cleaned


class OwnLineForm(ModelForm):
    """What whoever uses a line says of it himself."""

    fieldsets = (
        fieldset(
            _("Follow-me"),
            "ring_s", *FOLLOW_ME,
            help=_("Dialled as your telephone would dial it. Empty: no follow-me."),
        ),
        fieldset(_("Voicemail"), "voicemail", "voicemail_email"),
        fieldset(_("Missed calls"), "missed_calls"),
    )  # fmt: skip

    class Meta(ModelForm.Meta):
        model = LineService
        fields = ("ring_s", *FOLLOW_ME, "voicemail", "voicemail_email", "missed_calls")

    def adapt(self, actor: Any) -> None:
        for name in FOLLOW_ME:
            self.fields[name].widget.attrs["inputmode"] = "tel"
        self.fields["voicemail_email"].help_text = _("Each message goes there with its sound.")
