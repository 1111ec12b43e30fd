"""Filters of customers."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tronco.catalog.models import Plan
from tronco.tenancy.filters import TenantFilters
from tronco.ui import filters
from tronco.ui.forms import SearchSelect


class CustomerFilters(TenantFilters):
    """As those of every tenant, and by service code and plan."""

    search = ("name", "email", "document", "contact", "subscription__service_code")
    plan = filters.ModelChoiceFilter(
        field_name="subscription__plan",
        queryset=Plan.objects.all(),
        label=_("Plan"),
        widget=SearchSelect("catalog:plan_options"),
    )

    class Meta(TenantFilters.Meta):
        fields = ("status", "person", "parent", "plan")
