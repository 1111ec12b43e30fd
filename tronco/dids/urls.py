"""Addresses below /dids/."""

from __future__ import annotations

from tronco.dids.views import Dids

app_name = "dids"
urlpatterns = [*Dids.urls()]
