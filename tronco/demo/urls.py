"""Addresses below /demo/, in the demonstration alone (`config.urls`)."""

from __future__ import annotations

from django.urls import path

from tronco.demo import views

LETTER = "letters/<int:letter>/"

app_name = "demo"
urlpatterns = [
    path("letters/", views.Letters.as_view(), name="letters"),
    path(LETTER, views.LetterRead.as_view(), name="letter"),
    path(f"{LETTER}html/", views.LetterHtml.as_view(), name="letter_html"),
    path(
        f"{LETTER}attachments/<int:number>/",
        views.LetterAttachment.as_view(),
        name="letter_attachment",
    ),
]
