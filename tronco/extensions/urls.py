"""Addresses below /extensions/."""

from __future__ import annotations

from django.urls import path

from tronco.circuits.phone_views import SetupPage
from tronco.extensions.views import ExtensionPassword, Extensions

app_name = "extensions"
urlpatterns = [
    *Extensions.urls(),
    path(
        "<int:key>/password/",
        ExtensionPassword.as_view(resource=Extensions()),
        name="extension_password",
    ),
    path("<int:key>/setup/", SetupPage.as_view(resource=Extensions()), name="extension_setup"),
]
