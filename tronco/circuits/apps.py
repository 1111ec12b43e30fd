"""Django's name for this folder."""

from django.apps import AppConfig


class CircuitsConfig(AppConfig):
    name = "tronco.circuits"
    label = "circuits"
