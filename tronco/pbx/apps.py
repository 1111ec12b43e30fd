"""Django's name for this folder."""

from django.apps import AppConfig


class PbxConfig(AppConfig):
    name = "tronco.pbx"
    label = "pbx"
