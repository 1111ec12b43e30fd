"""Django's name for this folder."""

from django.apps import AppConfig


class CentralsConfig(AppConfig):
    name = "tronco.centrals"
    label = "centrals"
