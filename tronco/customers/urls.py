"""Addresses of customers below /tenancy/, told to `config.urls`."""

from __future__ import annotations

from django.urls import path

from tronco.customers.views import CustomerImport, Customers
from tronco.identity.visit_views import BeginVisit
from tronco.ui.imports import ImportView

urlpatterns = [
    path(
        "customers/import/",
        ImportView.as_view(resource=CustomerImport()),
        name="customer_import",
    ),
    *Customers.urls("customers/"),
    path(
        "customers/<int:key>/panel/",
        BeginVisit.as_view(resource=Customers()),
        name="customer_panel",
    ),
]
