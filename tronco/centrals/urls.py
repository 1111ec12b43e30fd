"""Addresses below /centrals/."""

from __future__ import annotations

from tronco.centrals.views import Bans, Centrals

app_name = "centrals"
urlpatterns = [*Centrals.urls(), *Bans.urls("bans/")]
