"""Django's name for this folder."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "tronco.ui"
    label = "ui"
