"""Django's name for this folder."""

from django.apps import AppConfig


class TopupsConfig(AppConfig):
    name = "tronco.topups"
    label = "topups"
