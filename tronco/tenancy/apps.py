"""Django's name for this folder."""

from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "tronco.tenancy"
    label = "tenancy"
