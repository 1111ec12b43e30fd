"""Django's name for this folder."""

from django.apps import AppConfig


class ChargingConfig(AppConfig):
    name = "tronco.charging"
    label = "charging"
