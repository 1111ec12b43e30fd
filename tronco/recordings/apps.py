"""Django's name for this folder."""

from django.apps import AppConfig


class RecordingsConfig(AppConfig):
    name = "tronco.recordings"
    label = "recordings"
