"""Addresses below /charging/."""

from __future__ import annotations

from django.urls import path

from tronco.charging.views import BalanceOfReseller, ResellerAccounts, ResellerStatement

app_name = "charging"
urlpatterns = [
    *ResellerAccounts.urls("resellers/"),
    path(
        "resellers/<int:key>/credit/",
        ResellerStatement.as_view(resource=ResellerAccounts()),
        name="reseller_account_credit",
    ),
    path("of-reseller/<int:key>/", BalanceOfReseller.as_view(), name="reseller_balance"),
]
