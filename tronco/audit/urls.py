"""Addresses below /audit/."""

from __future__ import annotations

from django.urls import path

from tronco.audit.views import Changes

app_name = "audit"
urlpatterns = [path("", Changes.as_view(), name="changes")]
