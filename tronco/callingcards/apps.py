"""Django's name for this folder."""

from django.apps import AppConfig


class CallingCardsConfig(AppConfig):
    name = "tronco.callingcards"
    label = "callingcards"
