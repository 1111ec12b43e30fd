"""Screens of requests for credit: who buys asks, who sells decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.charging.selectors import account_saldo
from tronco.circuits.models import Circuit
from tronco.core.errors import NotAllowed, NotFound, TroncoError
from tronco.core.money import format_brl
from tronco.topups import selectors, services
from tronco.topups.filters import TopUpFilters
from tronco.topups.forms import DecisionForm, TopUpForm
from tronco.topups.models import TopUp
from tronco.topups.receipts import EXTENSIONS, PDF
from tronco.topups.tables import TopUpTable
from tronco.ui import details, edits, panels
from tronco.ui.actions import Action
from tronco.ui.resource import Resource


@dataclass(frozen=True, kw_only=True)
class Decision(Action):
    """Offered to who sells, while the request waits."""

    def offered(self, actor: Any, obj: Any = None) -> bool:
        may = obj is None or selectors.may_decide(actor=actor, topup=obj)
        return may and super().offered(actor, obj)


@dataclass(frozen=True, kw_only=True)
class Cancellation(Action):
    """Offered to who asked, while the request waits."""

    def offered(self, actor: Any, obj: Any = None) -> bool:
        may = obj is None or selectors.may_cancel(actor=actor, topup=obj)
        return may and super().offered(actor, obj)


class AskForCredit(edits.CreateView):
    template_name = "topups/ask.html"
    saved = _("Request %(object)s was sent.")


def is_pending(topup: TopUp) -> bool:
    """Whether it still waits for somebody."""
    return topup.status == TopUp.Status.PENDING


class TopUps(Resource):
    model, table, filters, form = TopUp, TopUpTable, TopUpFilters, TopUpForm
    icon = "coins"
    help = _("Credit that customers and resellers ask for, and what became of it.")
    add_label = _("Ask for credit")
    empty = _("Whoever needs credit asks for it here; his seller approves or refuses it.")
    create_view = AskForCredit
    panels = (
        panels.Fields(
            _("Credit request"),
            "tenant",
            panels.Value(_("Account"), lambda topup: topup.account_name),
            "amount_u",
            "note",
            "asked_by",
            "created_at",
        ),
        panels.Fields(
            _("Decision"),
            "status",
            "credited_u",
            "reason",
            "decided_by",
            "decided_at",
            when=lambda topup: not is_pending(topup),
        ),
        panels.Html(
            _("Balance now"),
            "topups/panels/balance.html",
            lambda request, topup: {
                "saldo": account_saldo(topup.account),
                "statement_url": statement_url(topup),
            },
        ),
        panels.Html(
            _("Receipt"),
            "topups/panels/receipt.html",
            lambda request, topup: {
                "receipt": selectors.find_receipt(topup=topup),
                "pdf": PDF,
            },
        ),
    )
    actions = (
        Decision(
            name="decide",
            label=_("Approve or refuse"),
            permission="charging.credit",
            icon="gavel",
            url="topups:topup_decide",
            when=is_pending,
        ),
        Cancellation(
            name="cancel",
            label=_("Cancel the request"),
            permission="topups.edit",
            icon="x",
            danger=True,
            confirm=_("The request is taken back; another one can be made."),
            when=is_pending,
            run=lambda actor, topup, values: (
                services.topup_cancel(actor=actor, topup_id=topup.pk)
                and _("The request was cancelled.")
            ),
        ),
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_topups(actor=actor)

    def hint(self, obj: TopUp) -> str:
        return f"{obj.tenant} · {format_brl(obj.amount_u)}"

    def create(self, actor: Any, values: dict[str, Any]) -> TopUp:
        file = values["receipt_file"]
        return services.topup_ask(
            actor=actor,
            account_id=values["account"].pk,
            amount_u=values["amount_u"],
            note=values["note"],
            receipt=file.read() if file else None,
        )


def statement_url(topup: TopUp) -> str:
    """The credit history of the account that the request is about."""
    line = Circuit.objects.filter(account=topup.account_id).order_by("pk").first()
    if line is not None:
        return reverse("circuits:circuit_credit", args=[line.pk])
    return reverse("charging:reseller_account_credit", args=[topup.account_id])


class Decide(details.ObjectPage):
    """Approves or refuses, with all that one decides by in sight."""

    permission = "charging.credit"
    template_name = "topups/decide.html"

    @property
    def topup(self) -> TopUp:
        """The request; nobody decides on his own."""
        topup: TopUp = self.object
        if not selectors.may_decide(actor=self.actor, topup=topup):
            raise NotAllowed(_now("A reseller's account is managed by whoever sells to him."))
        return topup

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_pending(self.topup):
            return HttpResponseRedirect(self.page_url())
        initial = {"amount_u": self.topup.amount_u}
        return self.show(DecisionForm(initial=initial, actor=self.actor))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = DecisionForm(request.POST, actor=self.actor)
        refuses = "refuse" in request.POST
        if refuses:
            form.fields["amount_u"].required = False
        if not form.is_valid():
            return self.show(form, status=422)
        values = {"actor": self.actor, "topup_id": self.topup.pk} | form.cleaned_data
        try:
            if refuses:
                values.pop("amount_u")
                services.topup_refuse(**values)
            else:
                services.topup_approve(**values)
        except TroncoError as error:
            edits.show_error(form, error)
            return self.show(form, status=422)
        done = _now("Refused.") if refuses else _now("Credited: %(amount)s.")
        messages.success(request, done % {"amount": format_brl(values.get("amount_u") or 0)})
        return HttpResponseRedirect(self.page_url())

    def show(self, form: DecisionForm, *, status: int = 200) -> HttpResponse:
        """The page around the form."""
        return self.render(
            form=form,
            saldo=account_saldo(self.topup.account),
            receipt=selectors.find_receipt(topup=self.topup),
            back_url=self.page_url(),
            status=status,
        )

    def page_url(self) -> str:
        """The request's page."""
        return reverse("topups:topup_detail", args=[self.object.pk])


class ReceiptFile(details.ObjectPage):
    """The paper itself, always as a download: nothing of it opens in the site's own name."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        receipt = selectors.find_receipt(topup=self.object)
        if receipt is None:
            raise NotFound("receipt")
        name = f"{_now('receipt')}-{receipt.pk}.{EXTENSIONS[receipt.media_type]}"
        response = HttpResponse(bytes(receipt.content), content_type=receipt.media_type)
        response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response
