"""Forms of numbers and ranges (S1-04..S1-23, S2-16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.circuits.models import Circuit
from tronco.dids.models import ClosedDestination, Did, NumberRange
from tronco.dids.modes import modes_using
from tronco.dids.numbers import MOST_ASKED, SentAs
from tronco.dids.states import MOST_QUARANTINE_DAYS, QUARANTINE_DAYS
from tronco.pbx.models import Menu, Prompt, Queue
from tronco.tenancy.models import Tenant
from tronco.ui.forms import ModelForm, ReasonForm, SearchSelect, fieldset

_CIRCUITS, _MENUS = "circuits:circuit_options", "pbx:menu_options"
_QUEUES, _PROMPTS = "pbx:queue_options", "pbx:prompt_options"
Action = ClosedDestination.Action
# Outside of a menu there is nothing to repeat or go back to.
CLOSED_ACTIONS: Final = [
    (action.value, action.label) for action in Action if action not in (Action.REPEAT, Action.BACK)
]
# Left empty they are what they were: a field that is hidden must not be missed.
_DEFAULTED = (
    "technology", "quantity", "kind", "port", "mode", "ip_port", "backup_port", "audio",
)  # fmt: skip
_SPENDING = tuple(str(mode) for mode in Did.SPENDING_MODES)


def _closed_when(*actions: str) -> Mapping[str, Sequence[str]]:
    return {"schedule": (), "closed_action": actions}


def _owned(label: Any, model: Any, options: str) -> forms.ModelChoiceField[Any]:
    return forms.ModelChoiceField(
        model.objects.all(), required=False, label=label, widget=SearchSelect(options)
    )


class DidForm(ModelForm):
    """Every field of a number; those of a way of working appear when it is chosen."""

    quantity = forms.IntegerField(
        label=_("Quantity"),
        initial=1,
        min_value=1,
        max_value=MOST_ASKED,
        help_text=_(
            "Only for several DIDs of one supplier that differ at their end: so many consecutive"
            " numbers are created from this one on."
        ),
    )
    owner = forms.ModelChoiceField(
        Tenant.objects.exclude(kind=Tenant.Kind.CUSTOMER),
        label=_("Owner of the DID (reseller / master)"),
        required=False,
        widget=SearchSelect("tenancy:seller_options"),
    )
    subscriber = forms.ModelChoiceField(
        Tenant.objects.filter(kind=Tenant.Kind.CUSTOMER),
        label=_("Subscriber who owns the number"),
        required=False,
        widget=SearchSelect("tenancy:customer_options"),
        help_text=_(
            "Empty: it lies in the owner's stock, available; for calling cards, a voice portal or"
            " an audio test the owner uses it himself."
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        max_length=80,
        widget=forms.PasswordInput({"autocomplete": "new-password"}, render_value=False),
        help_text=_("Kept encrypted and never shown. Empty keeps the one there is."),
    )
    closed_action = forms.ChoiceField(
        label=_("Outside of the schedule"),
        choices=CLOSED_ACTIONS,
        initial=Action.HANGUP,
        required=False,
    )
    closed_circuit = _owned(_("Line outside of the schedule"), Circuit, _CIRCUITS)
    closed_queue = _owned(_("Group outside of the schedule"), Queue, _QUEUES)
    closed_menu = _owned(_("Menu outside of the schedule"), Menu, _MENUS)
    closed_prompt = _owned(_("Audio outside of the schedule"), Prompt, _PROMPTS)
    closed_number = forms.CharField(
        label=_("Number outside of the schedule"), max_length=32, required=False
    )

    fieldsets = (
        fieldset(
            _("Number"), "technology", "raw", "e164", "quantity", "kind", "ported_in", "is_active"
        ),
        fieldset(
            _("Owner"),
            "owner",
            "subscriber",
            "range",
            "description",
        ),
        fieldset(
            _("Supplier"),
            "supplier",
            "host",
            "port",
            "username",
            "password",
            "registers",
            help=_("Where the number comes from, and how the platform registers there."),
        ),
        fieldset(
            _("What it does"),
            "mode",
            "circuit",
            "menu",
            "queue",
            "callback_audio",
            "techprefix",
            "ip_address",
            "ip_port",
            "backup_techprefix",
            "backup_address",
            "backup_port",
            "schedule",
            "closed_action",
            "closed_circuit",
            "closed_queue",
            "closed_menu",
            "closed_prompt",
            "closed_number",
        ),
        fieldset(
            _("Charging"),
            "payer",
            "plan",
            "reverse_charging",
            help=_("Who pays for calls that come in or go on from here."),
        ),
        fieldset(
            _("Limits"),
            "max_calls",
            "max_day_u",
            "allowed_callers",
            "outgoing_classes",
            help=_("What keeps a fraud small."),
        ),
        fieldset(_("Call"), "caller_tag", "says_errors", "audio"),
    )
    shown_when = {
        **{
            name: {"mode": modes_using(name)}
            for name in (
                "circuit", "menu", "queue", "callback_audio", "techprefix", "ip_address", "ip_port",
                "backup_techprefix", "backup_address", "backup_port",
            )
        },
        "outgoing_classes": {"mode": _SPENDING},
        "closed_action": {"schedule": ()},
        "closed_circuit": _closed_when(Action.CIRCUIT, Action.VOICEMAIL),
        "closed_queue": _closed_when(Action.QUEUE),
        "closed_menu": _closed_when(Action.MENU),
        "closed_prompt": _closed_when(Action.PROMPT),
        "closed_number": _closed_when(Action.NUMBER),
    }  # fmt: skip

    class Meta(ModelForm.Meta):
        model = Did
        fields = (
            "technology", "raw", "e164", "kind", "ported_in", "is_active", "range", "description",
            "supplier", "host", "port", "username", "registers", "mode", "circuit", "menu", "queue",
            "callback_audio", "techprefix", "ip_address", "ip_port", "backup_techprefix",
            "backup_address", "backup_port", "schedule", "payer", "plan", "reverse_charging",
            "max_calls", "max_day_u", "allowed_callers", "outgoing_classes", "caller_tag",
            "says_errors", "audio",
        )  # fmt: skip
        labels = {
            "technology": _("Technology"),
            "raw": _("DID number"),
            "e164": _("Number as people write it"),
            "description": _("Description"),
            "supplier": _("Supplier's name"),
            "kind": _("Type of DID"),
            "mode": _("Type of working"),
            "payer": _("IP line that places the call"),
            "plan": _("Prefix plan"),
            "caller_tag": _("Additional CallerID (Bina)"),
            "audio": _("Treatment of the audio"),
            "says_errors": _("Play the error's audio"),
            "allowed_callers": _("Allow"),
        }
        widgets = {
            "range": SearchSelect("dids:numberrange_options"),
            "circuit": SearchSelect(_CIRCUITS),
            "payer": SearchSelect(_CIRCUITS),
            "menu": SearchSelect(_MENUS),
            "queue": SearchSelect(_QUEUES),
            "schedule": SearchSelect("pbx:schedule_options"),
            "callback_audio": SearchSelect(_PROMPTS),
            "plan": SearchSelect("catalog:plan_options"),
        }
        help_texts = {
            "technology": _("Only SIP; a new technology is asked of the master."),
            "raw": _(
                "In exactly the format in which the supplier sends it: calls are matched by these"
                " characters, and end when they differ."
            ),
            "e164": _("Empty: read from what the supplier sends."),
            "kind": _("Simple: a fixed number, for instance. Special: 0800 and its like."),
            "ported_in": _("It came from another carrier by portability."),
            "host": _("Host name or IP address of the supplier's server."),
            "registers": _("Only when the DID has user and password of its supplier; else “no”."),
            "circuit": _("A line of the subscriber's."),
            "techprefix": _("Digits put before the number for the receiving platform."),
            "backup_address": _("Tried when the first does not answer."),
            "callback_audio": _("Played before the call is ended for the return."),
            "schedule": _("Outside of its hours calls go where you say below."),
            "payer": _(
                "Its credits are debited by IP, callbacks, the reverse IVR and charged incoming"
                " calls. Empty: the line that rings."
            ),
            "plan": _("Optional: the sale plan by which incoming calls are charged."),
            "reverse_charging": _(
                "The owner of the number pays for the calls it receives; the caller pays nothing."
            ),
            "max_calls": _("Empty: no limit. Ways of working open to fraud begin with a limit."),
            "max_day_u": _("In R$. Calls of this number stop for the day when it is reached."),
            "outgoing_classes": _("Where calls may go that are placed through this number."),
            "caller_tag": _("Shown before the caller's number: tells by which DID the call came."),
            "says_errors": _("The caller hears why a call cannot be completed."),
            "audio": _(
                "Symmetric RTP is not recommended: the audio goes straight between supplier and"
                " customer, and calls may be mute."
            ),
        }

    def adapt(self, actor: Any) -> None:
        for name in ("e164", *_DEFAULTED):
            if name in self.fields:
                self.fields[name].required = False
        if self.instance.pk:
            del self.fields["quantity"]
        plans: Any = self.fields["plan"]
        plans.queryset = plans.queryset.filter(is_active=True)

    def clean(self) -> dict[str, Any]:
        """Owner and subscriber are one thing: who holds the number, and who sells it."""
        cleaned = super().clean() or {}
        for name in _DEFAULTED:
            if name in cleaned and cleaned[name] in (None, ""):
                cleaned[name] = self.get_initial_for_field(self.fields[name], name)
        owner, subscriber = cleaned.get("owner"), cleaned.get("subscriber")
        if subscriber and owner and not subscriber.path.startswith(owner.path):
            self.add_error(
                "subscriber",
                _now("%(subscriber)s is not a customer of %(owner)s.")
                % {"subscriber": subscriber, "owner": owner},
            )
        if not subscriber and not owner and not {"owner", "subscriber"} & set(self.errors):
            asked = "owner" if "owner" in self.fields else "subscriber"
            self.add_error(asked, _now("Choose the owner, or a subscriber."))
        return cleaned


class RangeForm(ModelForm):
    """S2-16. What numbers a range has is said once, when it is made."""

    sent_as = forms.ChoiceField(
        label=_("As the supplier sends them"),
        choices=SentAs.choices,
        initial=SentAs.DIGITS,
        help_text=_("Calls are matched by exactly these characters."),
    )

    fieldsets = (
        fieldset(_("Range"), "tenant", "name", "supplier", "cancels_itself"),
        fieldset(_("Numbers"), "area", "first", "last", "sent_as"),
    )

    class Meta(ModelForm.Meta):
        model = NumberRange
        fields = ("tenant", "name", "supplier", "cancels_itself", "area", "first", "last")
        widgets = {"tenant": SearchSelect("tenancy:seller_options")}
        help_texts = {
            "area": _("Such as 5511."),
            "first": _("Without DDD, such as 33334000."),
            "cancels_itself": _(
                "A number goes back to the stock when its line or customer is cancelled."
            ),
        }

    def adapt(self, actor: Any) -> None:
        sellers: Any = self.fields["tenant"]
        sellers.queryset = sellers.queryset.exclude(kind=Tenant.Kind.CUSTOMER)
        if self.instance.pk:
            for name in ("tenant", "area", "first", "last", "sent_as"):
                del self.fields[name]


class ReserveForm(ReasonForm):
    reserved_for = forms.CharField(label=_("Reserved for"), max_length=120, required=False)
    field_order = ("reserved_for", "reason")


class AssignForm(ReasonForm):
    tenant = forms.ModelChoiceField(
        Tenant.objects.filter(kind=Tenant.Kind.CUSTOMER),
        label=_("Subscriber"),
        required=False,
        widget=SearchSelect("tenancy:customer_options"),
        help_text=_("Empty: the seller uses it himself."),
    )
    circuit = forms.ModelChoiceField(
        Circuit.objects.all(),
        label=_("Rings circuit"),
        required=False,
        widget=SearchSelect(_CIRCUITS),
    )
    field_order = ("tenant", "circuit", "reason")


class GiveBackForm(ReasonForm):
    days = forms.IntegerField(
        label=_("Days in quarantine"),
        initial=QUARANTINE_DAYS,
        min_value=0,
        max_value=MOST_QUARANTINE_DAYS,
        help_text=_("So long nobody gets the number; 0: it is available at once."),
    )
    field_order = ("days", "reason")
