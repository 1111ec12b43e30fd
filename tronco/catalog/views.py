"""Screens of plans and allowances, and of what a call costs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tronco.catalog import selectors, services
from tronco.catalog.filters import (
    AllowanceFilters,
    PlanFilters,
)
from tronco.catalog.forms import AllowanceForm, PlanForm, QuoteForm
from tronco.catalog.margins import find_purchase_version, list_plan_losses
from tronco.catalog.models import Allowance, Plan
from tronco.catalog.quotes import default_start, quote_call
from tronco.catalog.screens import FIRST_ROWS, address_to_add, ids_of
from tronco.catalog.tables import (
    AllowanceTable,
    PlanTable,
    amount_text,
)
from tronco.core.errors import InvalidInput, NotFound, TroncoError
from tronco.ui import edits, panels
from tronco.ui.actions import Action
from tronco.ui.details import ObjectPage
from tronco.ui.edits import show_error
from tronco.ui.pages import Page
from tronco.ui.resource import Resource


def _retire(actor: Any, plan: Plan, values: dict[str, Any]) -> Any:
    services.plan_retire(actor=actor, plan_id=plan.pk)
    return _("The plan is no longer sold; whoever has it keeps it.")


def warn_of_losses(request: Any, plan: Plan) -> None:
    """Say so when calls of the plan would cost its seller more than they bring."""
    if count := len(list_plan_losses(plan=plan, at=timezone.now())):
        messages.warning(
            request,
            _(
                "%(plan)s: %(count)s prices are below what %(seller)s pays. Such calls are "
                "refused, unless the plan may sell below cost."
            )
            % {"plan": plan, "count": count, "seller": plan.tenant},
        )


class CreatePlan(edits.CreateView):
    def write(self, form: Any) -> Plan:
        plan: Plan = super().write(form)
        warn_of_losses(self.request, plan)
        return plan


class EditPlan(edits.EditView):
    def write(self, form: Any) -> Plan:
        plan: Plan = super().write(form)
        warn_of_losses(self.request, plan)
        return plan


class Plans(Resource):
    model, table, filters, form = Plan, PlanTable, PlanFilters, PlanForm
    create_view, edit_view = CreatePlan, EditPlan
    title = gettext_lazy("National plans")
    icon = "license"
    help = gettext_lazy("What you sell: how calls are paid, priced and rounded.")
    empty = gettext_lazy("Make a price list first, then the plan that sells by it.")
    state_field = "kind"
    panels = (
        panels.Fields(gettext_lazy("Plan"), "name", "kind", "tenant", "is_active"),
        panels.Fields(
            gettext_lazy("Prices"),
            "tariff",
            "monthly_fee_u",
            panels.Value(gettext_lazy("Rounding"), Plan.get_rounding_display),
            "decimals",
            "sell_below_cost",
        ),
        panels.Related(),
        panels.Rows(
            gettext_lazy("Allowances"),
            AllowanceTable,
            lambda actor, plan: plan.allowances.all(),
            add=lambda plan: address_to_add(plan, "allowance", "plan"),
            add_permission="catalog.edit",
        ),
        panels.Html(gettext_lazy("Below cost"), "catalog/panels/margins.html", wide=True),
    )
    actions = (
        Action(
            name="retire",
            label=gettext_lazy("Stop selling"),
            permission="catalog.edit",
            icon="archive",
            run=_retire,
            confirm=gettext_lazy("Nobody new gets the plan; whoever has it keeps it."),
            when=lambda plan: plan.is_active,
            bulk=True,
        ),
    )
    bulk_fields = ("is_active",)
    history_of = ((Allowance, "plan"),)

    def queryset(self, actor: Any) -> Any:
        return selectors.list_plans(actor=actor)

    def hint(self, obj: Plan) -> str:
        return f"{obj.get_kind_display()} · {obj.tenant}"

    def create(self, actor: Any, values: dict[str, Any]) -> Plan:
        return services.plan_create(actor=actor, **ids_of(values, "tenant", "tariff"))

    def change(self, actor: Any, obj: Plan, values: dict[str, Any]) -> Plan:
        facts = ids_of(values, "tenant", "tariff")
        del facts["tenant_id"], facts["kind"]
        return services.plan_change(actor=actor, plan_id=obj.pk, **facts)

    def remove(self, actor: Any, obj: Plan) -> None:
        services.plan_delete(actor=actor, plan_id=obj.pk)


class Allowances(Resource):
    model, table, filters, form = Allowance, AllowanceTable, AllowanceFilters, AllowanceForm
    icon = "gift"
    help = gettext_lazy("What plans include each cycle, before calls cost money.")
    panels = (
        panels.Fields(
            gettext_lazy("Allowance"),
            "name",
            "plan",
            panels.Value(gettext_lazy("Amount"), amount_text),
            "classes",
            "position",
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return Allowance.objects.visible_to(actor).select_related("plan")

    def initial(self, actor: Any, obj: Allowance) -> dict[str, Any]:
        return AllowanceForm.amounts_of(obj)

    def create(self, actor: Any, values: dict[str, Any]) -> Allowance:
        return services.allowance_set(actor=actor, **self._facts(values))

    def change(self, actor: Any, obj: Allowance, values: dict[str, Any]) -> Allowance:
        return services.allowance_set(actor=actor, allowance_id=obj.pk, **self._facts(values))

    def remove(self, actor: Any, obj: Allowance) -> None:
        services.allowance_remove(actor=actor, allowance_id=obj.pk)

    @staticmethod
    def _facts(values: dict[str, Any]) -> dict[str, Any]:
        facts = ids_of(values, "plan")
        del facts["minutes"], facts["value_u"]
        return facts


class PlanMargins(ObjectPage):
    """Which prices of a plan are below what its seller pays; a piece of the plan's page."""

    template_name = "catalog/plan_margins.html"

    def context(self, **extra: Any) -> dict[str, Any]:
        plan, now = self.object, timezone.now()
        found = list_plan_losses(plan=plan, at=now)
        return super().context(
            sale=selectors.find_version_at(tariff_id=plan.tariff_id, at=now),
            cost=find_purchase_version(seller=plan.tenant, at=now),
            count=len(found),
            found=found[:FIRST_ROWS],
            **extra,
        )


class QuotePage(Page):
    """“Quanto custa?”: a call that nobody makes, priced step by step."""

    permission = "catalog.view"
    title = gettext_lazy("What does it cost?")
    template_name = "catalog/quote.html"

    def get(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asked = "number" in request.GET
        initial = {"start": default_start(), **request.GET.dict()}
        form = QuoteForm(request.GET if asked else None, initial=initial, actor=self.actor)
        if not asked or not form.is_valid():
            return self.show(form, status=422 if asked else 200)
        said = form.cleaned_data
        try:
            quote = quote_call(
                actor=self.actor,
                plan_id=said["plan"].pk,
                dialled=said["number"],
                start=said["start"],
                duration_s=said["duration_s"],
                own_ddd=said["own_ddd"],
            )
        except (InvalidInput, NotFound) as error:
            return self.refuse(form, error)
        return self.show(form, quote=quote)

    def refuse(self, form: QuoteForm, error: TroncoError) -> HttpResponse:
        """The form with the reason why there is no price."""
        show_error(form, error)
        return self.show(form, status=422)

    def show(self, form: QuoteForm, *, status: int = 200, **extra: Any) -> HttpResponse:
        return self.render(form=form, status=status, **extra)
