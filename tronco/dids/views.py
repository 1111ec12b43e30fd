"""Screens of numbers: the list, the form of S1, and what becomes of a number."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.circuits.selectors import get_circuit
from tronco.core.errors import TroncoError
from tronco.dids import modes, ranges, selectors, services, states
from tronco.dids.closed import Closed
from tronco.dids.filters import DidFilters
from tronco.dids.forms import AssignForm, DidForm, GiveBackForm, ReserveForm
from tronco.dids.models import ClosedDestination, Did
from tronco.dids.numbers import NumberPlan
from tronco.dids.tables import OF_THE_SUPPLIER, DidTable, TenureTable, sells
from tronco.tenancy.models import Tenant
from tronco.tenancy.selectors import list_sellers
from tronco.ui import edits, panels
from tronco.ui.actions import Action
from tronco.ui.forms import ModelForm, ReasonForm
from tronco.ui.pages import Page
from tronco.ui.resource import Resource

ROWS_ON_A_CARD = 10
State = Did.State
# Why call control says that a number is not registered.
REGISTRATION_CAUSES = {
    "refused": _("the supplier does not accept user or password"),
    "silent": _("the supplier does not answer"),
}
# Fields that point at something of the holder's.
_KEYS = (
    "range", "circuit", "payer", "menu", "queue", "schedule", "callback_audio", "plan",
)  # fmt: skip
_CLOSED_KEYS = ("circuit", "queue", "menu", "prompt")


class PreviewedCreate(edits.CreateView):
    """Before many numbers are made, shows how many will and will not be, and why."""

    def preview(self, values: dict[str, Any]) -> NumberPlan | None:
        """What would be made; None when there is nothing to look at first."""
        raise NotImplementedError

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST, request.FILES)
        if "back" in request.POST:
            return self.show(form)
        if "confirmed" in request.POST or not form.is_valid():
            return super().post(request, *args, **kwargs)
        try:
            plan = self.preview(form.cleaned_data)
        except TroncoError as error:
            edits.show_error(form, error)
            return self.show(form, status=422)
        if plan is None:
            return super().post(request, *args, **kwargs)
        typed = [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if name != "csrfmiddlewaretoken"
        ]
        response: HttpResponse = self.render("dids/preview.html", plan=plan, typed=typed)
        # The supplier's password may be among what was typed.
        response["Cache-Control"] = "no-store"
        return response

    def tell(self, plan: NumberPlan) -> None:
        """Say what was made."""
        left_out = plan.asked - len(plan.create)
        messages.info(
            self.request,
            _now("%(made)s numbers were created; %(left)s were not.")
            % {"made": len(plan.create), "left": left_out},
        )


class CreateDid(PreviewedCreate):
    """Saves one or several, and says what looks odd about the number.

    `made` is what suppliers send for those that were made.
    """

    made: list[str]

    def form(self, data: Any = None, files: Any = None) -> ModelForm:
        """A new number lies in one's own stock unless something else is said."""
        form = super().form(data, files)
        form.initial.setdefault("owner", list_sellers(actor=self.actor).first())
        return form

    def preview(self, values: dict[str, Any]) -> NumberPlan | None:
        if values["quantity"] == 1:
            return None
        return ranges.series_preview(
            raw=values["raw"], e164=values["e164"], quantity=values["quantity"]
        )

    def write(self, form: Any) -> Did:
        facts = facts_of(form.cleaned_data)
        quantity = facts.pop("quantity")
        if quantity > 1:
            saved, plan = ranges.series_create(actor=self.actor, quantity=quantity, **facts)
            self.made = [one.raw for one in plan.create]
            self.tell(plan)
        else:
            saved = services.did_create(actor=self.actor, **facts)
            self.made = [saved.did.raw]
        for warning in saved.warnings:
            messages.warning(self.request, warning)
        return saved.did


class EditDid(edits.EditView):
    """As for a new one."""

    def write(self, form: Any) -> Did:
        saved = change_did(self.actor, self.instance, form.cleaned_data)
        for warning in saved.warnings:
            messages.warning(self.request, warning)
        return saved.did


def change_did(actor: Any, did: Did, values: dict[str, Any]) -> services.SavedDid:
    """Change a number to what its form says; what was a subscriber's goes when he does."""
    facts = facts_of(values)
    owner = values["subscriber"] or values["owner"]
    if did.subscriber and owner.kind != Tenant.Kind.CUSTOMER:
        for name in modes.OF_THE_HOLDER:
            facts.pop(f"{name}_id" if name in _KEYS else name, None)
        facts.pop("closed", None)
    return services.did_change(actor=actor, did_id=did.pk, **facts)


def facts_of(values: dict[str, Any]) -> dict[str, Any]:
    """Turn a valid form's values into what the services take."""
    facts = dict(values)
    facts.pop("technology")
    owner = facts.pop("owner", None)
    facts["tenant_id"] = (facts.pop("subscriber") or owner).pk
    for name in [name for name in _KEYS if name in facts]:
        facts[f"{name}_id"] = getattr(facts.pop(name), "pk", None)
    closed = {f"{name}_id": facts.pop(f"closed_{name}") for name in _CLOSED_KEYS}
    facts["closed"] = Closed(
        action=facts.pop("closed_action") or ClosedDestination.Action.HANGUP,
        number=facts.pop("closed_number"),
        **{name: getattr(row, "pk", None) for name, row in closed.items()},
    )
    return facts


class RemoveDid(edits.DeleteView):
    """Names what calls no longer reach through the number."""

    def context(self, **extra: Any) -> dict[str, Any]:
        did = self.object
        leads = (getattr(did, name) for name in ("circuit", "menu", "queue"))
        led = [{"label": did.get_mode_display(), "count": one} for one in leads if one is not None]
        if not led and did.state == State.IN_USE:
            led = [{"label": _("Type of working"), "count": did.get_mode_display()}]
        lost = [*led[:1], *edits.lost_with(did)]
        return super().context(**{"lost": lost, **extra})


class CircuitNumbers(Page):
    """The numbers that ring a circuit: what a card of the circuit's page shows."""

    permission = "dids.view"
    template_name = "dids/rows.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        circuit = get_circuit(actor=self.actor, circuit_id=kwargs["key"])
        rows = selectors.list_dids(actor=self.actor).filter(circuit=circuit)
        table = DidTable(list(rows[:ROWS_ON_A_CARD]), orderable=False)
        table.actor = self.actor
        table.show(("e164", "raw", "mode", "supplier", "is_active"))
        query = f"circuit={circuit.pk}"
        return self.render(
            table=table,
            more_url=f"{reverse('dids:did_list')}?{query}",
            add_url=f"{reverse('dids:did_add')}?{query}&subscriber={circuit.tenant_id}",
        )


class WorkingPanel(panels.Fields):
    """What a number does: the fields that its way of working uses."""

    def context(self, request: Any, obj: Did) -> dict[str, Any]:
        lines: list[str | panels.Value] = ["mode", *modes.USES[obj.mode], "schedule"]
        if obj.schedule_id:
            lines.append(panels.Value(_("Outside of the schedule"), closed_text))
        return {"lines": [self.line(line, request.actor, obj) for line in lines]}


def closed_text(did: Did) -> str:
    """Where calls go outside of the schedule, in words."""
    closed = ClosedDestination.objects.filter(did=did).first()
    if closed is None:
        return ""
    where = closed.circuit or closed.queue or closed.menu or closed.prompt or closed.number
    return f"{closed.get_action_display()}: {where}" if where else closed.get_action_display()


def registration_text(did: Did) -> str:
    """How the number stands at its supplier's registrar, and why."""
    if not did.registers:
        return str(_("not to be registered"))
    found = getattr(did, "registration", None)
    if found is None:
        return str(_("not tried yet"))
    cause = REGISTRATION_CAUSES.get(found.cause)
    return f"{found.get_state_display()}: {cause}" if cause else found.get_state_display()


def _move(
    name: str,
    label: Any,
    icon: str,
    service: Any,
    done: Any,
    *allowed: State,
    form: type[ReasonForm] = ReasonForm,
    **options: Any,
) -> Action:
    """An action that takes a number out of one of the states, by a service of `states`.

    The service is called with what the form asks besides the reason.
    """

    def run(actor: Any, did: Did, values: dict[str, Any]) -> Any:
        asked = {key: value for key, value in values.items() if key != "reason"}
        for key in ("tenant", "circuit"):
            if key in asked:
                asked[f"{key}_id"] = getattr(asked.pop(key), "pk", None)
        service(actor=actor, did_id=did.pk, **asked)
        return done

    return Action(
        name=name,
        label=label,
        permission="dids.edit",
        icon=icon,
        form=form,
        when=lambda did: did.state in allowed,
        run=run,
        **options,
    )


class Dids(Resource):
    model, table, filters, form = Did, DidTable, DidFilters, DidForm
    icon = "number"
    help = _("Telephone numbers, whose they are, and what they do when they ring.")
    empty = _("Add a range, or the numbers that your suppliers deliver.")
    live_s = 5
    state_field = "state"
    delete_view = RemoveDid
    loses = _("Who held it stays on record.")
    bulk_fields = (
        "owner", "subscriber", "range", "circuit", "supplier", "plan", "reverse_charging",
        "max_calls", "max_day_u", "allowed_callers", "outgoing_classes", "says_errors", "is_active",
    )  # fmt: skip
    import_key = "raw"
    import_lookups = {"circuit": "number", "payer": "number"}
    history_of = ((ClosedDestination, "did"),)
    create_view = CreateDid
    edit_view = EditDid
    panels = (
        panels.Fields(
            _("Number"),
            "e164",
            panels.Value(_("DID number"), "raw"),
            "kind",
            "state",
            "quarantine_until",
            "reserved_for",
            "ported_in",
            "range",
            "description",
            "is_active",
        ),
        panels.Fields(
            _("Owner"),
            "tenant",
            panels.Value(_("Owner of the DID (reseller / master)"), lambda did: did.seller),
            panels.Value(_("Subscriber who owns the number"), lambda did: did.subscriber),
            panels.Value(
                _("Route"),
                lambda did: getattr(getattr(did, "route_assignment", None), "route", None),
            ),
        ),
        WorkingPanel(_("What it does")),
        panels.Fields(
            _("Charging and limits"),
            "payer",
            "plan",
            "reverse_charging",
            "max_calls",
            "max_day_u",
            "allowed_callers",
            "outgoing_classes",
        ),
        panels.Html(
            _("Supplier"),
            "dids/panels/supplier.html",
            lambda request, did: {"registration_text": registration_text(did)},
            permission="dids.edit",
        ),
        panels.Fields(_("Call"), "caller_tag", "says_errors", "audio"),
        panels.Related(),
        panels.Rows(
            _("Holders"),
            TenureTable,
            lambda actor, did: selectors.list_tenures(actor=actor).filter(e164=did.e164),
            empty=_("Nobody has held it yet."),
            more=lambda did: f"{reverse('dids:tenure_list')}?number={did.e164.lstrip('+')}",
        ),
    )
    actions = (
        _move(
            "assign", _("Assign"), "user-check", states.did_assign, _("Assigned."),
            State.AVAILABLE, State.RESERVED, form=AssignForm, bulk=True,
        ),
        _move(
            "give-back", _("Take back"), "arrow-back-up", states.did_give_back,
            _("It is back in the stock."), State.IN_USE, form=GiveBackForm, bulk=True,
        ),
        _move(
            "reserve", _("Reserve"), "bookmark", states.did_reserve, _("Reserved."),
            State.AVAILABLE, form=ReserveForm, bulk=True,
        ),
        _move(
            "free", _("Release"), "bookmark-off", states.did_free, _("It is available."),
            State.RESERVED, State.QUARANTINE, bulk=True,
        ),
        Action(
            name="route",
            label=_("Route"),
            permission="routing.edit",
            icon="route",
            url="routing:number_route",
        ),
        Action(
            name="calls",
            label=_("Calls"),
            permission="calls.view",
            icon="phone-call",
            url="calls:did_calls",
        ),
        Action(
            name="refused",
            label=_("Refused calls"),
            permission="calls.view",
            icon="phone-off",
            url="calls:did_refused",
        ),
        _move(
            "port-out", _("Port out"), "logout", states.did_port_out, _("Ported out."),
            *(state for state in State if state != State.PORTED_OUT), danger=True, in_rows=False,
            confirm=_("Another carrier has the number from now on; it rings here no more."),
        ),
        _move(
            "port-in", _("Port in"), "login", states.did_port_in, _("Ported in: it is available."),
            State.PORTED_OUT, in_rows=False,
        ),
    )  # fmt: skip

    def queryset(self, actor: Any) -> Any:
        return selectors.list_dids(actor=actor)

    def unseen(self, actor: Any) -> frozenset[str]:
        return frozenset() if sells(actor) else OF_THE_SUPPLIER

    def label(self, obj: Did) -> str:
        return obj.display

    def hint(self, obj: Did) -> str:
        return str(obj.tenant)

    def initial(self, actor: Any, obj: Did) -> dict[str, Any]:
        closed = ClosedDestination.objects.filter(did=obj).first() or ClosedDestination()
        return {
            "owner": obj.seller,
            "subscriber": obj.subscriber,
            "closed_action": closed.action,
            "closed_number": closed.number,
            **{f"closed_{name}": getattr(closed, name) for name in _CLOSED_KEYS},
        }

    def create(self, actor: Any, values: dict[str, Any]) -> Did:
        facts = facts_of(values)
        quantity = facts.pop("quantity")
        if quantity > 1:
            return ranges.series_create(actor=actor, quantity=quantity, **facts)[0].did
        return services.did_create(actor=actor, **facts).did

    def change(self, actor: Any, obj: Did, values: dict[str, Any]) -> Did:
        return change_did(actor, obj, values).did

    def remove(self, actor: Any, obj: Did) -> None:
        services.did_delete(actor=actor, did_id=obj.pk)
