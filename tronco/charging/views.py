"""Screens of balances: the statement with its adjustment (S0), and what resellers buy by."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from tronco.charging import selectors, services
from tronco.charging.filters import ResellerAccountFilters, StatementFilters
from tronco.charging.forms import AdjustmentForm, ResellerAccountForm
from tronco.charging.models import Account, LedgerEntry
from tronco.charging.tables import ResellerAccountTable, StatementTable
from tronco.core.errors import NotFound
from tronco.core.money import format_brl
from tronco.tenancy.models import Tenant
from tronco.ui import details, exports, formats, panels
from tronco.ui.actions import Action, Tab
from tronco.ui.forms import ReasonForm
from tronco.ui.pages import Page
from tronco.ui.resource import Resource

ROWS_A_PAGE = 50


class StatementPage(details.ObjectPage):
    """Saldo / Histórico de Crédito: the balance now, its adjustment, and every posting."""

    template_name = "charging/credit.html"

    @property
    def account(self) -> Account:
        """The account of the page's object."""
        raise NotImplementedError

    def required_permission(self) -> str:
        if self.request.method == "POST":
            return "charging.credit"
        return f"{self.resource.noun}.view"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The page, or with `?format=csv|xlsx` the postings that the filters leave, as a file."""
        if "format" in request.GET:
            return exports.file_response(request, self.table(self.filters().qs), self.file_name())
        return self.show(AdjustmentForm(actor=self.actor))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = AdjustmentForm(request.POST, actor=self.actor)
        if not form.is_valid():
            return self.show(form, status=422)
        values = form.cleaned_data
        amount_u, kind = values["amount_u"], LedgerEntry.Kind.CREDIT
        if values["direction"] == form.DEBIT:
            amount_u, kind = -amount_u, LedgerEntry.Kind.DEBIT
            after_u = self.account.balance_u + amount_u
            if after_u < 0 and values["agreed_u"] != after_u:
                return self.ask(form, after_u)
        services.ledger_post(
            actor=self.actor,
            account_id=self.account.pk,
            kind=kind,
            amount_u=amount_u,
            note=values["note"],
            key=f"adjustment:{values['token']}",
        )
        messages.success(request, said(kind, amount_u))
        return HttpResponseRedirect(request.path)

    def ask(self, form: AdjustmentForm, after_u: int) -> HttpResponse:
        """Say that the balance would be below zero; the same form, agreed to, then posts."""
        form.data = {**form.data.dict(), "agreed_u": str(after_u)}  # type: ignore[attr-defined]
        return self.show(form, below_zero=formats.money(after_u))

    def show(self, form: AdjustmentForm, *, status: int = 200, **extra: Any) -> HttpResponse:
        """The page around the form; an htmx request turns a page of the statement alone."""
        filters = self.filters()
        table = self.table(filters.qs)
        table.paginate(per_page=ROWS_A_PAGE)
        table.page = table.paginator.get_page(self.request.GET.get("page"))
        htmx = self.request.htmx  # type: ignore[attr-defined]
        return self.render(
            "charging/statement.html" if htmx else "",
            form=form,
            filterset=filters,
            table=table,
            account=self.account,
            saldo=selectors.account_saldo(self.account),
            may_adjust=self.may_adjust(),
            topup_url=topup_url(self.actor, self.account),
            status=status,
            **extra,
        )

    def filters(self) -> StatementFilters:
        entries = selectors.list_entries(actor=self.actor, account_id=self.account.pk)
        return StatementFilters(
            self.request.GET, queryset=entries.order_by("-id"), request=self.request
        )

    def table(self, entries: Any) -> StatementTable:
        table = StatementTable(entries, orderable=False)
        table.actor = self.actor
        return table

    def file_name(self) -> str:
        return f"{slugify(_('Statement'))}-{slugify(self.resource.label(self.object))}"

    def may_adjust(self) -> bool:
        """Whether the form is offered; the service has the last word."""
        return bool(self.actor.can("charging.credit"))


def said(kind: str, amount_u: int) -> str:
    """What was done, in a sentence."""
    posted = _("Credit of %(amount)s posted.")
    if kind == LedgerEntry.Kind.DEBIT:
        posted = _("Debit of %(amount)s posted.")
    return str(posted) % {"amount": format_brl(abs(amount_u))}


def topup_url(actor: Any, account: Account) -> str | None:
    """Where whoever pays by the account asks his seller for credit."""
    own = selectors.list_own_accounts(actor=actor)
    if not actor.can("topups.edit") or not own.filter(pk=account.pk).exists():
        return None
    return f"{reverse('topups:topup_add')}?account={account.pk}"


class ResellerAccounts(Resource):
    model, table, filters, form = (
        Account, ResellerAccountTable, ResellerAccountFilters, ResellerAccountForm,
    )  # fmt: skip
    name = "reseller_account"
    title = _("Balances of resellers")
    icon = "wallet"
    help = _("What resellers buy by: every call of their customers is charged here as well.")
    empty = _("Open an account for each reseller; without one his customers cannot call.")
    live_s = 5
    bulk_fields = ("plan", "limit_u")
    panels = (
        panels.Fields(_("Account"), "tenant", "plan", "incoming_plan", "status"),
        panels.Fields(_("Balance"), "balance_u", "held_u", "used_u", "limit_u"),
        panels.Fields(_("Cycle"), "cycle_day", "cycle_start"),
    )
    tabs = (Tab(_("Credit history"), "charging:reseller_account_credit", "charging.view"),)
    actions = (
        Action(
            name="credit",
            label=_("Credit history"),
            permission="charging.view",
            icon="coins",
            url="charging:reseller_account_credit",
        ),
        Action(
            name="suspend",
            label=_("Suspend"),
            permission="charging.edit",
            icon="player-pause",
            form=ReasonForm,
            danger=True,
            when=lambda account: account.status == Account.Status.ACTIVE,
            run=lambda actor, account, values: (
                services.account_change(
                    actor=actor, account_id=account.pk, status=Account.Status.SUSPENDED
                )
                and _("Suspended: no customer below may make charged calls.")
            ),
        ),
        Action(
            name="resume",
            label=_("Resume"),
            permission="charging.edit",
            icon="player-play",
            when=lambda account: account.status != Account.Status.ACTIVE,
            run=lambda actor, account, values: (
                services.account_change(
                    actor=actor, account_id=account.pk, status=Account.Status.ACTIVE
                )
                and _("Active again.")
            ),
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_accounts(actor=actor).filter(role=Account.Role.RESELLER)

    def label(self, obj: Account) -> str:
        return str(obj.tenant)

    def hint(self, obj: Account) -> str:
        return str(obj.plan)

    def create(self, actor: Any, values: dict[str, Any]) -> Account:
        return services.account_open(
            actor=actor,
            tenant=values["tenant"],
            plan=values["plan"],
            incoming_plan=values.get("incoming_plan"),
            role=Account.Role.RESELLER,
            limit_u=limit_of(values),
            cycle_day=values["cycle_day"],
            opening_u=values.get("opening_u") or 0,
        )

    def change(self, actor: Any, obj: Account, values: dict[str, Any]) -> Account:
        values = {"plan": obj.plan, "incoming_plan": obj.incoming_plan, **values}
        return services.account_change(
            actor=actor,
            account_id=obj.pk,
            plan=values["plan"],
            incoming_plan=values["incoming_plan"],
            limit_u=limit_of(values),
            cycle_day=values["cycle_day"],
        )


def limit_of(values: dict[str, Any]) -> int | None:
    """An empty limit is none at all, but for a prepaid plan, which never goes below zero."""
    limit_u: int | None = values["limit_u"]
    return limit_u or 0 if values["plan"].kind == "prepaid" else limit_u


class ResellerStatement(StatementPage):
    tab = "charging:reseller_account_credit"

    @property
    def account(self) -> Account:
        account: Account = self.object
        return account

    def may_adjust(self) -> bool:
        """Nobody adjusts what he himself pays by."""
        return super().may_adjust() and self.account.tenant.path not in self.actor.scopes


class BalanceOfReseller(Page):
    """The way from a reseller to his account, or to where one is opened for him."""

    permission = "charging.view"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        resellers = Tenant.objects.visible_to(self.actor).filter(kind=Tenant.Kind.RESELLER)
        reseller = resellers.filter(pk=kwargs["key"]).first()
        if reseller is None:
            raise NotFound(str(_("There is no such reseller.")))
        account = ResellerAccounts().queryset(self.actor).filter(tenant=reseller).first()
        if account is not None:
            url = reverse("charging:reseller_account_credit", args=[account.pk])
        else:
            url = f"{reverse('charging:reseller_account_add')}?tenant={kwargs['key']}"
        return HttpResponseRedirect(url)
