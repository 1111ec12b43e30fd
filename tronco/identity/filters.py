"""Filters of the users' list."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tronco.identity.models import User
from tronco.tenancy.models import Tenant
from tronco.ui import filters
from tronco.ui.forms import SearchSelect


class UserFilters(filters.FilterSet):
    search = ("username", "name", "email")
    tenant = filters.ModelChoiceFilter(
        queryset=Tenant.objects.all(),
        label=_("Belongs to"),
        widget=SearchSelect("tenancy:tenant_options"),
    )

    class Meta(filters.FilterSet.Meta):
        model = User
        fields = ("tenant", "role", "is_active")
