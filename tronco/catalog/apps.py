"""Django's name for this folder."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "tronco.catalog"
    label = "catalog"
