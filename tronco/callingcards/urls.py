"""Addresses below /callingcards/."""

from __future__ import annotations

from django.urls import path

from tronco.callingcards.views import Cards, CardStatement, Generate, Range, Series

app_name = "callingcards"
urlpatterns = [
    *Series.urls("series/"),
    path(
        "series/<int:key>/generate/",
        Generate.as_view(resource=Series()),
        name="cardseries_generate",
    ),
    path("series/<int:key>/range/", Range.as_view(resource=Series()), name="cardseries_range"),
    *Cards.urls(),
    path("<int:key>/credit/", CardStatement.as_view(resource=Cards()), name="card_credit"),
]
