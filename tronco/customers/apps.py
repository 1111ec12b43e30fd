"""Django's name for this folder."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "tronco.customers"
    label = "customers"
