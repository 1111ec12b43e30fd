"""Django's name for this folder."""

from django.apps import AppConfig


class CallsConfig(AppConfig):
    name = "tronco.calls"
    label = "calls"
