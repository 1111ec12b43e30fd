"""Addresses below /routing/."""

from __future__ import annotations

from tronco.routing.views import Carriers, Routes, Trunks

app_name = "routing"
urlpatterns = [
    *Carriers.urls("carriers/"),
    *Trunks.urls("trunks/"),
    *Routes.urls("routes/"),
]
