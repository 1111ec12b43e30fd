"""Forms of a customer: his screens', and the file's with lines and numbers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from tronco.catalog.models import Plan
from tronco.charging.forms import PlanField
from tronco.customers.selectors import find_access
from tronco.customers.services import DUE_DAY, find_limited
from tronco.tenancy.forms import CONTACT, TenantForm
from tronco.tenancy.models import Tenant
from tronco.ui.forms import MoneyField, SearchSelect, fieldset


class CustomerForm(TenantForm):
    """Cadastro, Contato, Financeiro (S3-07), and limits."""

    tabbed = True
    plan = PlanField(
        queryset=Plan.objects.filter(is_active=True).select_related("tenant"),
        label=_("Plan"),
        required=False,
        widget=SearchSelect("catalog:plan_options"),
        help_text=_("For his lines. Another plan takes along the lines that are on this one."),
    )
    due_day = forms.IntegerField(
        label=_("Due day"), initial=DUE_DAY, min_value=1, max_value=25, help_text=_("From 1 to 25.")
    )
    max_extensions = forms.IntegerField(
        label=_("Extensions of his own"),
        required=False,
        min_value=0,
        max_value=9999,
        help_text=_(
            "How many he may make in his panel: they spend the account of his line, and may no more"
            " than the line. Empty: none."
        ),
    )
    service_code = forms.CharField(
        label=_("Service code"),
        required=False,
        disabled=True,
        help_text=_("What the customer tells the support to be recognised; it is generated."),
    )
    password = forms.CharField(
        label=_("New password"),
        required=False,
        strip=False,
        max_length=200,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=_("For the customer's own access; he must change it. Empty keeps his."),
    )
    invite = forms.BooleanField(
        label=_("Send the invitation by e-mail"),
        required=False,
        initial=True,
        help_text=_("A link, good once and for seven days, to finish the registration."),
    )
    fieldsets = (
        fieldset(
            _("Master data"),
            "name", "contact", "person", "document", "email", "status", "parent", "password",
            "invite",
        ),
        fieldset(_("Contact"), *CONTACT),
        fieldset(_("Financial"), "service_code", "plan", "due_day"),
        fieldset(
            _("Limits"),
            "max_calls",
            "max_cps",
            "max_extensions",
            help=_("Over all circuits together. Empty: no limit."),
        ),
    )  # fmt: skip

    def adapt(self, actor: Any) -> None:
        super().adapt(actor)
        self.fields["name"].label = _("Customer")
        self.fields["name"].help_text = _("Company name or trade name; an individual's full name.")
        is_limited = find_limited(actor) is not None
        if is_limited:
            del self.fields["plan"]  # his seller's, whose plans he does not see
        if self.instance.pk is None:
            del self.fields["password"]
            del self.fields["service_code"]
            self.fields["status"].initial = Tenant.Status.PENDING
            if is_limited:
                # He creates where he stands, and nowhere else.
                del self.fields["parent"]
            return
        del self.fields["invite"]
        if not actor.can("identity.edit") or find_access(self.instance) is None:
            del self.fields["password"]


class CustomerImportForm(CustomerForm):
    """A row of the file: a customer, and perhaps a line and a number of his."""

    circuit = forms.CharField(
        label=_("Line"),
        required=False,
        max_length=32,
        validators=[RegexValidator(r"^[a-zA-Z0-9_.-]{3,32}\Z")],
        help_text=_("SIP account to make; the customer may have several rows, one for each line."),
    )
    sip_password = forms.CharField(
        label=_("SIP password"),
        required=False,
        min_length=8,
        max_length=64,
        help_text=_("Empty: a strong one is made, and replaced on the line's screen to be read."),
    )
    number = forms.CharField(
        label=_("Number"),
        required=False,
        max_length=32,
        help_text=_("As the supplier sends it; it rings the line of the row."),
    )
    opening_u = MoneyField(label=_("Opening credit"), required=False, min_u=0)
    limit_u = MoneyField(label=_("Limit"), required=False, min_u=0)

    def adapt(self, actor: Any) -> None:
        super().adapt(actor)
        for name in ("password", "service_code"):
            self.fields.pop(name, None)
