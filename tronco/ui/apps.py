"""Django's name for this folder."""

import os

from django.apps import AppConfig

from tronco.runtime.paths import CHECKOUT
from tronco.runtime.translations import compile_translations


class UiConfig(AppConfig):
    name = "tronco.ui"
    label = "ui"

    def ready(self) -> None:
        """Compile translations that changed, where the checkout may be written to."""
        if os.access(CHECKOUT / "locale" / "pt_BR" / "LC_MESSAGES", os.W_OK):
            compile_translations()
