"""What import contracts cannot see: foreign keys given as strings, and row-level security."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model

# Lowest first: the order of ARCHITECTURE.md.
LAYERS = [
    "core",
    "ui",
    "tenancy",
    "identity",
    "audit",
    "mail",
    "centrals",
    "numbering",
    "rating",
    "catalog",
    "charging",
    "circuits",
    "callingcards",
    "pbx",
    "dids",
    "routing",
    "calls",
    "sipcore",
    "dashboard",
]
# Tables with an owner that row-level security leaves open, and why.
NOT_PROTECTED = {
    "identity_user": "sign-in reads it before anybody is known",
    "identity_userevent": "written by the trigger of the above",
}


def own_models() -> list[type[Model]]:
    return [m for m in apps.get_models() if m.__module__.startswith("tronco.")]


def test_foreign_keys_point_downwards() -> None:
    upwards = [
        f"{model._meta.label}.{field.name} -> {target._meta.label}"
        for model in own_models()
        for field in model._meta.get_fields()
        if field.many_to_one and field.concrete and (target := field.related_model) is not None
        if target._meta.app_label in LAYERS
        if LAYERS.index(target._meta.app_label) > LAYERS.index(model._meta.app_label)
    ]
    assert upwards == [], "a lower folder may not know a higher one; move the field up"


@pytest.mark.django_db
def test_every_owned_table_is_under_row_level_security() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity")
        protected = {row[0] for row in cursor.fetchall()}
    owned = {
        model._meta.db_table
        for model in own_models()
        if any(f.name == "tenant" for f in model._meta.get_fields() if f.concrete)
    } | {"tenancy_tenant"}
    missing = owned - protected - set(NOT_PROTECTED)
    assert missing == set(), "add rls.protect(table) in a migration of its folder"
