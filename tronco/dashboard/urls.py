"""Addresses of the first screen."""

from __future__ import annotations

from django.urls import path, re_path

from tronco.dashboard.views import ChartData, Home

app_name = "dashboard"
urlpatterns = [
    path("", Home.as_view(), name="home"),
    re_path(
        r"^dashboard/(?P<chart>consumption|minutes|calls)/$", ChartData.as_view(), name="chart"
    ),
]
