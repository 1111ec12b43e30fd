"""Django's name for this folder."""

import os

from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "tronco.ui"
    label = "ui"

    def ready(self) -> None:
        """Compile the translations when they changed, where the checkout may be written to."""
        from tronco.ui import i18n

        if i18n.CATALOGUE.exists() and os.access(i18n.CATALOGUE.parent, os.W_OK):
            i18n.compile_catalogue()
