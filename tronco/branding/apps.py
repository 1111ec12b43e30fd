"""Django's name for this folder."""

from django.apps import AppConfig


class BrandingConfig(AppConfig):
    name = "tronco.branding"
    label = "branding"
