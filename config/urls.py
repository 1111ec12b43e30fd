"""Addresses of the site: one prefix per folder of `tronco`."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from config.menu import MENU, SEARCHED
from tronco.customers import urls as customers
from tronco.dids import urls as dids
from tronco.routing import urls as routing
from tronco.tenancy import urls as tenancy
from tronco.ui.quick import QuickAccess

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("tronco.dashboard.urls")),
    path("language/", set_language, name="set_language"),
    path("quick/", QuickAccess.as_view(menu=MENU, resources=SEARCHED), name="quick"),
    path("audit/", include("tronco.audit.urls")),
    path("branding/", include("tronco.branding.urls")),
    path("callingcards/", include("tronco.callingcards.urls")),
    path("calls/", include("tronco.calls.urls")),
    path("catalog/", include("tronco.catalog.urls")),
    path("centrals/", include("tronco.centrals.urls")),
    path("charging/", include("tronco.charging.urls")),
    path("circuits/", include("tronco.circuits.urls")),
    # The form of a number has its route, which is kept above.
    path("dids/", include(([*dids.urlpatterns, *routing.number_urlpatterns], "dids"))),
    path("extensions/", include("tronco.extensions.urls")),
    path("identity/", include("tronco.identity.urls")),
    path("mail/", include("tronco.mail.urls")),
    path("pbx/", include("tronco.pbx.urls")),
    path("recordings/", include("tronco.recordings.urls")),
    path("routing/", include("tronco.routing.urls")),
    # Customers are tenants too; their screens need folders above.
    path("tenancy/", include(([*tenancy.urlpatterns, *customers.urlpatterns], "tenancy"))),
    path("topups/", include("tronco.topups.urls")),
]
if settings.TRONCO_DEMO_MAILBOX:
    urlpatterns.append(path("demo/", include("tronco.demo.urls")))
