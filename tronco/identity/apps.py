"""Django's name for this folder."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "tronco.identity"
    label = "identity"
