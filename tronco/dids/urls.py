"""Addresses below /dids/."""

from __future__ import annotations

from django.urls import path

from tronco.dids.range_views import Ranges, Tenures
from tronco.dids.views import CircuitNumbers, Dids

app_name = "dids"
urlpatterns = [
    path("of-circuit/<int:key>/", CircuitNumbers.as_view(), name="circuit_numbers"),
    *Ranges.urls("ranges/"),
    *Tenures.urls("holders/"),
    *Dids.urls(),
]
