"""Addresses below /routing/."""

from __future__ import annotations

from django.urls import path

from tronco.routing.number_views import Numbers
from tronco.routing.views import Carriers, NumberRoute, Routes, Trunks

app_name = "routing"
# Below /dids/, told to `config.urls`.
number_urlpatterns = Numbers.urls()
urlpatterns = [
    path("of-number/<int:key>/", NumberRoute.as_view(resource=Numbers()), name="number_route"),
    *Carriers.urls("carriers/"),
    *Trunks.urls("trunks/"),
    *Routes.urls("routes/"),
]
