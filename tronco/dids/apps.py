"""Django's name for this folder."""

from django.apps import AppConfig


class DidsConfig(AppConfig):
    name = "tronco.dids"
    label = "dids"
