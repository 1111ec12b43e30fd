from django.apps import AppConfig


class SipcoreConfig(AppConfig):
    """No models: only the views that Asterisk reads, as migrations."""

    name = "tronco.sipcore"
    label = "sipcore"
