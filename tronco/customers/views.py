"""Screens of customers: Cadastro › Clientes (S3-01 to S3-07)."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from tronco.core.errors import Conflict
from tronco.customers import lines, selectors, services
from tronco.customers.filters import CustomerFilters
from tronco.customers.forms import CustomerForm, CustomerImportForm
from tronco.customers.models import Subscription
from tronco.customers.tables import CustomerTable
from tronco.identity.models import UserLink, Visit
from tronco.identity.visits import PERMISSION
from tronco.tenancy.forms import CONTACT
from tronco.tenancy.models import Tenant
from tronco.tenancy.views import RESTORE, Tenants
from tronco.ui import edits, panels
from tronco.ui.actions import Action, Tab
from tronco.ui.formats import day, instant
from tronco.ui.urls import visible_url


class RemoveCustomer(edits.DeleteView):
    """Names what the customer loses, and how many calls still forbid it."""

    def context(self, **extra: Any) -> dict[str, Any]:
        goes = selectors.count_what_goes(self.object)
        labels = {
            "lines": _now("Lines disabled"),
            "numbers": _now("Numbers that go back to the stock, in quarantine"),
            "users": _now("Users who can no longer sign in"),
        }
        lost = [{"label": labels[name], "count": count} for name, count in goes.items() if count]
        if running := selectors.count_open_calls(self.object):
            lost.append({"label": _now("Calls running now, which forbid it"), "count": running})
        return super().context(**{"lost": lost, **extra})


def _access(request: Any, customer: Tenant) -> dict[str, Any]:
    """The customer's own access and how far his registration is."""
    access = selectors.find_access(customer)
    link = None
    if access is not None and not access.has_usable_password():
        link = UserLink.objects.filter(user=access, used_at=None).first()
    return {
        "access": access,
        "url": visible_url(access, request.actor) if access else None,
        "registered": access is not None and access.has_usable_password(),
        "link": link,
        "link_over": link is not None and link.expires_at < timezone.now(),
    }


def _may_be_invited(customer: Tenant) -> bool:
    if customer.status not in {Tenant.Status.ACTIVE, Tenant.Status.PENDING} or not customer.email:
        return False
    access = selectors.find_access(customer)
    return access is None or not access.has_usable_password()


def _invite(actor: Any, customer: Tenant, values: dict[str, Any]) -> Any:
    access = services.customer_invite(actor=actor, tenant_id=customer.pk)
    return _("The invitation is on its way to %(email)s.") % {"email": access.email}


def _next_due(customer: Tenant) -> str:
    subscription = getattr(customer, "subscription", None)
    return "" if subscription is None else day(subscription.next_due(timezone.localdate()))


def _extensions(customer: Tenant) -> str:
    subscription = getattr(customer, "subscription", None)
    most = (subscription and subscription.max_extensions) or 0
    made = selectors.count_extensions(customer)
    return _now("%(made)s of %(most)s") % {"made": made, "most": most}


class Customers(Tenants):
    app, name = "tenancy", "customer"
    table, filters, form = CustomerTable, CustomerFilters, CustomerForm
    kind = Tenant.Kind.CUSTOMER
    title = _("customers")
    icon = "building-store"
    help = _("Who buys from you, or from a reseller below you, and makes calls.")
    empty = _("Register the first customer; then create circuits for him.")
    delete_view = RemoveCustomer
    import_key = ""  # files have lines too: `CustomerImport`
    history_of = ((Subscription, "tenant"), (Visit, "tenant"))
    loses = _(
        "The customer is marked as removed. Call records, statements, who held which number, and"
        " the history are kept, as the law demands."
    )
    panels = (
        panels.Fields(
            _("Master data"),
            "id",
            "name",
            "contact",
            "person",
            panels.Value(_("Document"), lambda tenant: tenant.document_text),
            "email",
            panels.Value(_("Sold by"), "parent"),
            panels.Value(_("Created at"), lambda tenant: instant(tenant.created_at)),
        ),
        panels.Fields(_("Contact"), *CONTACT),
        panels.Fields(
            _("Financial"),
            panels.Value(_("Service code"), "subscription__service_code"),
            panels.Value(_("Plan"), "subscription__plan"),
            panels.Value(_("Due day"), "subscription__due_day"),
            panels.Value(_("Next due date"), _next_due),
        ),
        panels.Html(_("Access"), "customers/panels/access.html", _access),
        panels.Related(always=("circuits.circuit", "dids.did", "identity.user")),
        panels.Fields(
            _("Limits"),
            "max_calls",
            "max_cps",
            panels.Value(_("Extensions of his own"), _extensions),
        ),
    )
    actions = (
        Action(
            name="panel",
            label=_("User's panel"),
            permission=PERMISSION,
            icon="user-shield",
            url="tenancy:customer_panel",
            when=lambda tenant: tenant.status != Tenant.Status.REMOVED,
        ),
        Action(
            name="invite",
            label=_("Send the invitation"),
            permission="tenancy.edit",
            icon="mail-forward",
            when=_may_be_invited,
            in_rows=False,
            run=_invite,
        ),
        RESTORE,
    )

    tabs = (Tab(_("Recordings"), "recordings:allowance", "tenancy.view"),)

    def queryset(self, actor: Any) -> Any:
        return selectors.list_customers(actor=actor)

    def initial(self, actor: Any, obj: Tenant) -> dict[str, Any]:
        subscription = getattr(obj, "subscription", None)
        if subscription is None:
            return {"due_day": services.DUE_DAY}
        return {
            "service_code": subscription.service_code,
            "plan": subscription.plan_id,
            "due_day": subscription.due_day,
            "max_extensions": subscription.max_extensions,
        }

    def create(self, actor: Any, values: dict[str, Any]) -> Tenant:
        return services.customer_create(actor=actor, **creation(actor, values))

    def change(self, actor: Any, tenant: Tenant, values: dict[str, Any]) -> Tenant:
        # A plan out of his reach is not asked for, and stays.
        told = facts({"plan": self.initial(actor, tenant).get("plan"), **values})
        return services.customer_change(actor=actor, tenant_id=tenant.pk, **told)

    def remove(self, actor: Any, tenant: Tenant) -> None:
        services.customer_remove(actor=actor, tenant_id=tenant.pk)


def facts(values: dict[str, Any]) -> dict[str, Any]:
    """Turn a valid form's values into what the services take."""
    values = {key: value for key, value in values.items() if key != "service_code"}
    plan = values.pop("plan", None)
    return {**values, "plan_id": getattr(plan, "pk", plan)}


def creation(actor: Any, values: dict[str, Any]) -> dict[str, Any]:
    """As `facts`, and below whom: where the form does not ask, where the actor stands."""
    told = facts(values)
    parent = told.pop("parent", None)
    if parent is None:
        limited = services.find_limited(actor)
        parent = limited.tenant if limited else None
    return {**told, "parent_id": parent.pk if parent else 0}


class CustomerImport(Customers):
    """The file of customers with their lines and numbers; only its rows are read this way.

    A row whose customer is there changes what it names and keeps what it leaves empty.
    """

    form = CustomerImportForm
    import_key = "name"

    def create(self, actor: Any, values: dict[str, Any]) -> Tenant:
        if services.find_limited(actor) is not None:
            raise Conflict(_now("Only who sees all customers imports them; make them one by one."))
        own, line = self.parted(values)
        customer = super().create(actor, own)
        self.add_line(actor, customer, line)
        return customer

    def change(self, actor: Any, tenant: Tenant, values: dict[str, Any]) -> Tenant:
        own, line = self.parted(values)
        told = {name: value for name, value in own.items() if value not in ("", None)}
        customer = super().change(actor, tenant, {**self.initial(actor, tenant), **told})
        self.add_line(actor, customer, line)
        return customer

    def parted(self, values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what is the customer's, and what is his line's."""
        lines_own = set(CustomerImportForm.base_fields) - set(CustomerForm.base_fields)
        return (
            {name: value for name, value in values.items() if name not in lines_own},
            {name: value for name, value in values.items() if name in lines_own},
        )

    def add_line(self, actor: Any, customer: Tenant, line: dict[str, Any]) -> None:
        """Make the row's line and number."""
        circuit = None
        if line["circuit"]:
            circuit = lines.line_add(
                actor=actor,
                customer=customer,
                circuit=line["circuit"],
                password=line["sip_password"],
                opening_u=line["opening_u"] or 0,
                limit_u=line["limit_u"],
            )
        if line["number"]:
            lines.number_add(actor=actor, customer=customer, number=line["number"], circuit=circuit)
