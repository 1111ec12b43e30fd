"""Addresses of the catalogue's screens."""

from __future__ import annotations

from django.urls import URLPattern, path

from tronco.catalog import version_views as steps
from tronco.catalog.tariff_views import Rates, Tariffs, Versions
from tronco.catalog.views import Allowances, PlanMargins, Plans, QuotePage
from tronco.ui.details import ObjectPage

app_name = "catalog"
_versions = Versions()


def _of_version(address: str, view: type[ObjectPage], name: str) -> URLPattern:
    return path(f"versions/<int:key>/{address}/", view.as_view(resource=_versions), name=name)


urlpatterns = [
    *Plans.urls("plans/"),
    path("plans/<int:key>/margins/", PlanMargins.as_view(resource=Plans()), name="plan_margins"),
    *Allowances.urls("allowances/"),
    *Tariffs.urls("tariffs/"),
    path(
        "tariffs/<int:key>/prices/",
        steps.NewPrices.as_view(resource=Tariffs()),
        name="tariff_prices",
    ),
    *Versions.urls("versions/"),
    _of_version("publish", steps.Publish, "version_publish"),
    _of_version("withdraw", steps.Withdraw, "version_withdraw"),
    _of_version("differences", steps.Differences, "version_differences"),
    _of_version("margins", steps.Margins, "version_margins"),
    _of_version("file", steps.VersionFile, "version_file"),
    _of_version("problems", steps.IssuesFile, "version_problems"),
    *Rates.urls("rates/"),
    path("quote/", QuotePage.as_view(), name="quote"),
]
