"""Addresses below /tenancy/; those of customers are told by `tronco.customers`."""

from __future__ import annotations

from django.urls import path

from tronco.tenancy.views import AnyTenant, Resellers, Sellers, Tree
from tronco.ui.lists import OptionsView

app_name = "tenancy"
urlpatterns = [
    path("tree/", Tree.as_view(), name="tree"),
    path("options/", OptionsView.as_view(resource=AnyTenant()), name="tenant_options"),
    path("sellers/", OptionsView.as_view(resource=Sellers()), name="seller_options"),
    *Resellers.urls("resellers/"),
]
