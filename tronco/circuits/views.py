"""Screens of circuits: Cadastro › Circuitos, and the credit history of each (S0)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.catalog.models import Plan
from tronco.charging.models import Account
from tronco.charging.views import StatementPage, topup_url
from tronco.circuits import balance_alerts, selectors, services
from tronco.circuits.filters import CircuitFilters
from tronco.circuits.forms import BalanceAlertForm, CircuitForm
from tronco.circuits.models import BalanceAlert, Circuit
from tronco.circuits.phone_views import password_page
from tronco.circuits.tables import CircuitTable
from tronco.ui import details, edits, panels
from tronco.ui.actions import Action, Tab
from tronco.ui.forms import ReasonForm
from tronco.ui.resource import Resource
from tronco.ui.urls import url_or_none


class CreateCircuit(edits.CreateView):
    """Shows the password in the answer itself: it is kept nowhere, not even in the session."""

    def write(self, form: Any) -> Circuit:
        self.made = services.circuit_create(**creation(self.actor, form.cleaned_data))
        return self.made.circuit

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        made = getattr(self, "made", None)
        if made is None or response.status_code != 302 or "add_another" in request.POST:
            return response
        return password_page(self, made, next_url=response["Location"])


def creation(actor: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Turn a valid form's values into what the service takes."""
    values = dict(values)
    return {
        "actor": actor,
        "tenant_id": values.pop("tenant").pk,
        "plan_id": values.pop("plan").pk,
        "central_id": values.pop("central").pk,
        "opening_u": values.pop("opening_u", None) or 0,
        **values,
    }


class Circuits(Resource):
    model, table, filters, form = Circuit, CircuitTable, CircuitFilters, CircuitForm
    icon = "device-landline-phone"
    help = _("SIP accounts of customers: traffic and rating hang on them.")
    empty = _("Make a customer and a plan first, then a circuit.")
    live_s = 5
    bulk_fields = ("central", "plan", "limit_u", "allowed_classes", "max_calls", "max_cps")
    import_key = "number"
    import_lookups = {"user": "username"}
    create_view = CreateCircuit
    loses = _("Its registration and latency history are lost.")

    panels = (
        panels.Fields(
            _("Circuit"),
            "number",
            "tenant",
            "description",
            "user",
            "central",
            panels.Value(_("State"), "status"),
            "line",
            "created_at",
        ),
        panels.Html(
            _("Registration"),
            "circuits/panels/registration.html",
            lambda request, circuit: {"registration": getattr(circuit, "registration", None)},
        ),
        panels.Html(
            _("Balance"),
            "circuits/panels/balance.html",
            lambda request, circuit: {"topup_url": topup_url(request.actor, circuit.account)},
        ),
        panels.Html(
            _("National plan"),
            "circuits/panels/plan.html",
            lambda request, circuit: {"allowances": selectors.list_allowances(circuit=circuit)},
        ),
        panels.Fields(
            _("Limits"),
            "max_calls",
            "max_cps",
            "max_contacts",
            "own_ddd",
            "caller_number",
            "allowed_classes",
            "codecs",
        ),
        panels.Html(
            _("Live calls"),
            "circuits/panels/remote.html",
            lambda request, circuit: {
                "url": url_or_none("calls:circuit_live", circuit.pk),
                "every_s": 5,
            },
            permission="calls.view",
            wide=True,
        ),
        panels.Html(
            _("Last calls"),
            "circuits/panels/remote.html",
            lambda request, circuit: {"url": url_or_none("calls:circuit_recent", circuit.pk)},
            permission="calls.view",
            wide=True,
        ),
        panels.Chart(
            _("Latency in the last 24 hours"),
            lambda circuit: reverse("circuits:circuit_latency", args=[circuit.pk]),
        ),
        panels.Html(
            _("Numbers"),
            "circuits/panels/remote.html",
            lambda request, circuit: {"url": url_or_none("dids:circuit_numbers", circuit.pk)},
            permission="dids.view",
            wide=True,
        ),
        panels.Html(
            _("Voice services"),
            "circuits/panels/remote.html",
            lambda request, circuit: {"url": url_or_none("pbx:circuit_services", circuit.pk)},
            permission="pbx.view",
        ),
        panels.Related(_("Related")),
    )
    tabs = (
        Tab(_("Credit history"), "circuits:circuit_credit", "circuits.view"),
        Tab(_("Low balance"), "circuits:circuit_alert", "circuits.operate"),
    )
    history_of = ((BalanceAlert, "circuit"),)
    actions = (
        Action(
            name="credit",
            label=_("Credit history"),
            permission="circuits.view",
            icon="coins",
            url="circuits:circuit_credit",
        ),
        Action(
            name="calls",
            label=_("Calls"),
            permission="calls.view",
            icon="phone-call",
            url="calls:circuit_calls",
        ),
        Action(
            name="setup",
            label=_("Set up a telephone"),
            permission="circuits.view",
            icon="settings-2",
            url="circuits:circuit_setup",
        ),
        Action(
            name="suspend",
            label=_("Suspend"),
            permission="circuits.edit",
            icon="player-pause",
            form=ReasonForm,
            bulk=True,
            when=lambda circuit: circuit.status == Circuit.Status.ACTIVE or circuit.is_paused,
            run=lambda actor, circuit, values: (
                services.circuit_suspend(actor=actor, circuit_id=circuit.pk)
                and _("Suspended. Emergency calls still pass.")
            ),
        ),
        Action(
            name="resume",
            label=_("Resume"),
            permission="circuits.edit",
            icon="player-play",
            bulk=True,
            when=lambda circuit: circuit.status != Circuit.Status.ACTIVE,
            run=lambda actor, circuit, values: (
                services.circuit_resume(actor=actor, circuit_id=circuit.pk) and _("Active again.")
            ),
        ),
        Action(
            name="disable",
            label=_("Disable"),
            permission="circuits.edit",
            icon="ban",
            form=ReasonForm,
            danger=True,
            in_rows=False,
            when=lambda circuit: circuit.status != Circuit.Status.DISABLED,
            run=lambda actor, circuit, values: (
                services.circuit_disable(actor=actor, circuit_id=circuit.pk)
                and _("Disabled: it cannot register any more.")
            ),
        ),
        Action(
            name="password",
            label=_("New password"),
            permission="circuits.edit",
            icon="key",
            url="circuits:circuit_password",
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_circuits(actor=actor)

    def hint(self, obj: Circuit) -> str:
        return str(obj.tenant)

    def initial(self, actor: Any, obj: Circuit) -> dict[str, Any]:
        account = obj.account
        # A prepaid account has none; of a postpaid one zero is a limit, and empty would be none.
        has_limit = account.plan.kind != Plan.Kind.PREPAID
        return {
            "plan": account.plan,
            "limit_u": account.limit_u if has_limit else None,
            "cycle_day": account.cycle_day,
        }

    def create(self, actor: Any, values: dict[str, Any]) -> Circuit:
        return services.circuit_create(**creation(actor, values)).circuit

    def change(self, actor: Any, obj: Circuit, values: dict[str, Any]) -> Circuit:
        facts = dict(values)
        for fixed in ("tenant", "number"):
            facts.pop(fixed)
        account = {
            "plan_id": facts.pop("plan").pk if "plan" in facts else obj.account.plan_id,
            "limit_u": facts.pop("limit_u"),
            "cycle_day": facts.pop("cycle_day"),
        }
        password = facts.pop("password")
        facts["central_id"] = facts.pop("central").pk
        services.circuit_change(actor=actor, circuit_id=obj.pk, **facts)
        services.circuit_change_plan(actor=actor, circuit_id=obj.pk, **account)
        if password:
            services.circuit_new_password(actor=actor, circuit_id=obj.pk, password=password)
        return obj

    def remove(self, actor: Any, obj: Circuit) -> None:
        services.circuit_delete(actor=actor, circuit_id=obj.pk)


class LatencyData(details.ObjectPage):
    """The numbers of the latency chart: least, mean and most of each five minutes."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        since = timezone.now() - timedelta(days=1)
        rows = list(selectors.list_latency(circuit=self.object, since=since))
        means = [row.sum_us / row.samples if row.samples else None for row in rows]
        series: list[tuple[str, list[float | None]]] = [
            (_now("Least"), [row.min_us for row in rows]),
            (_now("Mean"), means),
            (_now("Most"), [row.max_us for row in rows]),
        ]
        return JsonResponse(
            {
                "x": [int(row.at.timestamp()) for row in rows],
                "empty": _now("No measurements yet: they begin when a phone registers."),
                "series": [
                    {"label": label, "unit": "ms", "values": list(map(in_ms, values))}
                    for label, values in series
                ],
            }
        )


def in_ms(value_us: float | None) -> float | None:
    """Milliseconds with one decimal: what a chart can show."""
    return None if value_us is None else round(value_us / 1000, 1)


class CreditPage(StatementPage):
    """Histórico de Crédito of a circuit."""

    tab = "circuits:circuit_credit"

    @property
    def account(self) -> Account:
        account: Account = self.object.account
        return account


class AlertPage(details.ObjectPage):
    """Below which balance the customer is warned by e-mail."""

    permission = "circuits.operate"
    tab = "circuits:circuit_alert"
    template_name = "circuits/alert.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        alert = balance_alerts.find_alert(circuit=self.object)
        threshold_u = alert.threshold_u if alert else None
        form = BalanceAlertForm(initial={"threshold_u": threshold_u}, actor=self.actor)
        return self.render(form=form, alert=alert)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = BalanceAlertForm(request.POST, actor=self.actor)
        if not form.is_valid():
            alert = balance_alerts.find_alert(circuit=self.object)
            return self.render(form=form, alert=alert, status=422)
        alert = balance_alerts.alert_set(
            actor=self.actor, circuit_id=self.object.pk, **form.cleaned_data
        )
        said = _now("You will be warned.") if alert else _now("No warning will be sent.")
        messages.success(request, said)
        return HttpResponseRedirect(request.path)
