"""Addresses below /calls/."""

from __future__ import annotations

from django.urls import path

from tronco.calls.views import (
    CallById,
    Cdrs,
    CircuitCalls,
    DidCalls,
    DidRefused,
    LiveCalls,
    OwnCalls,
    RecentCalls,
    RefusedCalls,
    RunningCalls,
)
from tronco.dids.views import Dids

app_name = "calls"
urlpatterns = [
    path("by-id/<str:call_id>/", CallById.as_view(), name="cdr_by_id"),
    path("of-circuit/<int:key>/", CircuitCalls.as_view(), name="circuit_calls"),
    path("of-circuit/<int:key>/recent/", RecentCalls.as_view(), name="circuit_recent"),
    path("of-circuit/<int:key>/running/", RunningCalls.as_view(), name="circuit_live"),
    path("of-number/<int:key>/", DidCalls.as_view(resource=Dids()), name="did_calls"),
    path("of-number/<int:key>/refused/", DidRefused.as_view(resource=Dids()), name="did_refused"),
    *RefusedCalls.urls("refused/"),
    *LiveCalls.urls("live/", key="str:key"),
    *OwnCalls.urls("mine/", key="str:key"),
    *Cdrs.urls(key="str:key"),
]
