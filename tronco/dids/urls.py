"""Addresses below /dids/. Those of numbers, whose form has a route, are in `routing`."""

from __future__ import annotations

from django.urls import path

from tronco.dids.range_views import Ranges, Tenures
from tronco.dids.views import CircuitNumbers

app_name = "dids"
urlpatterns = [
    path("of-circuit/<int:key>/", CircuitNumbers.as_view(), name="circuit_numbers"),
    *Ranges.urls("ranges/"),
    *Tenures.urls("holders/"),
]
