"""Screens of customers and resellers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from tronco.tenancy import selectors, services
from tronco.tenancy.filters import TenantFilters
from tronco.tenancy.forms import CONTACT, TenantForm
from tronco.tenancy.models import Tenant
from tronco.tenancy.tables import ResellerTable, TenantTable
from tronco.ui import panels
from tronco.ui.actions import Action
from tronco.ui.pages import Page
from tronco.ui.panels import Panel
from tronco.ui.resource import Resource


class Tenants(Resource):
    """What customers and resellers have in common."""

    model, table, filters, form = Tenant, TenantTable, TenantFilters, TenantForm
    kind = ""
    panels: Sequence[Panel] = (
        panels.Fields(
            _("Master data"),
            "id",
            "name",
            "person",
            panels.Value(_("Document"), lambda tenant: tenant.document_text),
            panels.Value(_("Sold by"), "parent"),
        ),
        panels.Fields(_("Contact"), "contact", "email", *CONTACT),
        panels.Related(always=("circuits.circuit", "dids.did", "identity.user")),
        panels.Fields(_("Limits"), "max_calls", "max_cps"),
    )
    bulk_fields = ("status", "max_calls", "max_cps")
    import_key = "name"
    type_name_to_delete = True
    loses = _("It is marked as removed and its users can no longer enter. Records are kept.")

    def hint(self, obj: Any) -> str:
        return str(obj.document_text)

    def create(self, actor: Any, values: dict[str, Any]) -> Tenant:
        parent = values.pop("parent")
        return services.tenant_create(actor=actor, parent_id=parent.pk, kind=self.kind, **values)

    def change(self, actor: Any, tenant: Tenant, values: dict[str, Any]) -> Tenant:
        return services.tenant_change(actor=actor, tenant_id=tenant.pk, **values)

    def remove(self, actor: Any, tenant: Tenant) -> None:
        services.tenant_remove(actor=actor, tenant_id=tenant.pk)

    def may_change(self, obj: Any) -> bool:
        return bool(obj.status != Tenant.Status.REMOVED)

    def may_delete(self, obj: Any) -> bool:
        return bool(obj.status != Tenant.Status.REMOVED)


def restore(actor: Any, tenant: Tenant, values: dict[str, Any]) -> Any:
    """Bring a removed tenant back."""
    services.tenant_restore(actor=actor, tenant_id=tenant.pk)
    return _("Restored, inactive: open it again by its status.")


RESTORE = Action(
    name="restore",
    label=_("Restore"),
    permission="tenancy.delete",
    icon="arrow-back-up",
    confirm=_("It comes back inactive, with its history; its lines stay disabled."),
    when=lambda tenant: tenant.status == Tenant.Status.REMOVED,
    run=restore,
)


class Resellers(Tenants):
    name = "reseller"
    kind = Tenant.Kind.RESELLER
    table = ResellerTable
    title = _("resellers")
    singular = _("reseller")
    icon = "sitemap"
    help = _("Who buys from you wholesale and sells to customers of his own.")
    empty = _("A reseller buys from you and sells to customers of his own.")
    list_links = ((_("Tree"), "tenancy:tree", "tenancy.view"),)
    # The screen is a higher folder's: known by its name alone.
    actions = (
        Action(
            name="balance",
            label=_("Balance"),
            permission="charging.view",
            icon="wallet",
            url="charging:reseller_balance",
        ),
        RESTORE,
    )

    def queryset(self, actor: Any) -> Any:
        return selectors.list_resellers(actor=actor)


class AnyTenant(Tenants):
    """Everybody within reach, to choose from."""

    name = "tenant"

    def hint(self, obj: Any) -> str:
        return str(obj.get_kind_display())


class Sellers(AnyTenant):
    """Those below whom somebody can be created, to choose from."""

    name = "seller"

    def queryset(self, actor: Any) -> Any:
        return selectors.list_sellers(actor=actor)


class Tree(Page):
    """Who sells below whom."""

    permission = "tenancy.view"
    title = _("Tree of resellers")
    template_name = "tenancy/tree.html"

    def context(self, **extra: Any) -> dict[str, Any]:
        return super().context(branches=selectors.list_tree(actor=self.actor), **extra)
