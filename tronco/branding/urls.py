"""Addresses below /branding/."""

from __future__ import annotations

from django.urls import re_path

from tronco.branding.views import Brands, show_colors, show_logo

app_name = "branding"
urlpatterns = [
    re_path(r"^colors/(?P<color>[0-9a-f]{6})\.css\Z", show_colors, name="colors"),
    re_path(r"^logo/(?P<logo_hash>[0-9a-f]{64})\.png\Z", show_logo, name="logo"),
    *Brands.urls(),
]
