"""Django's name for this folder."""

from django.apps import AppConfig


class RoutingConfig(AppConfig):
    name = "tronco.routing"
    label = "routing"
