"""Addresses below /topups/."""

from __future__ import annotations

from django.urls import path

from tronco.topups.views import Decide, ReceiptFile, TopUps

app_name = "topups"
urlpatterns = [
    *TopUps.urls(),
    path("<int:key>/decide/", Decide.as_view(resource=TopUps()), name="topup_decide"),
    path("<int:key>/receipt/", ReceiptFile.as_view(resource=TopUps()), name="topup_receipt"),
]
