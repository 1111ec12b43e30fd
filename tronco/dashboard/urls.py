"""Addresses of the first screen."""

from __future__ import annotations

from django.urls import path, re_path

from tronco.dashboard.charts import CHARTS
from tronco.dashboard.views import ChartData, ChartExport, Home

CHART = f"^dashboard/(?P<chart>{'|'.join(CHARTS)})/"

app_name = "dashboard"
urlpatterns = [
    path("", Home.as_view(), name="home"),
    re_path(f"{CHART}$", ChartData.as_view(), name="chart"),
    re_path(f"{CHART}export/$", ChartExport.as_view(), name="chart_export"),
]
