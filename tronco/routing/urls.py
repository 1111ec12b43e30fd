"""Addresses below /routing/."""

from __future__ import annotations

from django.urls import path

from tronco.dids.views import Dids
from tronco.routing.views import Carriers, NumberRoute, Routes, Trunks

app_name = "routing"
urlpatterns = [
    path("of-number/<int:key>/", NumberRoute.as_view(resource=Dids()), name="number_route"),
    *Carriers.urls("carriers/"),
    *Trunks.urls("trunks/"),
    *Routes.urls("routes/"),
]
