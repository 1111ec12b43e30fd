"""Addresses below /circuits/."""

from __future__ import annotations

from django.urls import path

from tronco.circuits.views import Circuits, CreditPage, LatencyData, NewPassword

app_name = "circuits"
urlpatterns = [
    *Circuits.urls(),
    path("<int:key>/credit/", CreditPage.as_view(resource=Circuits()), name="circuit_credit"),
    path("<int:key>/password/", NewPassword.as_view(resource=Circuits()), name="circuit_password"),
    path("<int:key>/latency/", LatencyData.as_view(resource=Circuits()), name="circuit_latency"),
]
