"""What import contracts cannot see: foreign keys given as strings, and row-level security."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model

from tronco.tenancy.rls import WEB_ROLE

# Lowest first: the order of ARCHITECTURE.md.
LAYERS = [
    "core",
    "ui",
    "tenancy",
    "branding",
    "mail",
    "identity",
    "audit",
    "centrals",
    "numbering",
    "rating",
    "catalog",
    "charging",
    "circuits",
    "topups",
    "callingcards",
    "pbx",
    "dids",
    "customers",
    "routing",
    "recordings",
    "calls",
    "sipcore",
    "dashboard",
]
# Tables with an owner that row-level security leaves open, and why.
NOT_PROTECTED = {
    "identity_user": "sign-in reads it before anybody is known",
    "identity_userevent": "written by the trigger of the above",
}
# Tables that web processes may read whole, by how their names begin, and why.
OPEN_TO_WEB = {
    "auth_": "Django's own, empty",
    "axes_": "sign-in counts failures before anybody is known",
    "calls_hourly": "how many calls an hour had, nobody's",
    "charging_gate": "central and time, nobody's",
    "charging_meter": "counters by key, without names or amounts",
    "django_": "sessions, kinds of models, migrations",
    "identity_authenticator": "sign-in; secrets are encrypted",
    "identity_user": "sign-in reads it before anybody is known",
    "otp_static_": "sign-in; codes are keyed hashes",
    "pbx_lockout": "wrong PINs are counted by key, without names",
    "pghistory_context": "who and why; found only from an event, which is protected",
    "procrastinate_": "tasks are enqueued by whoever acts",
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


@pytest.mark.django_db
def test_every_table_open_to_web_processes_is_named() -> None:
    """Whatever made it: partitions are tables too, and carry no policy of the table above them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT calls_ensure_partition('2031-01-15')")
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm')"
            " AND relnamespace = 'public'::regnamespace AND NOT relrowsecurity"
            " AND has_any_column_privilege(%s, oid, 'SELECT, INSERT, UPDATE')",
            [WEB_ROLE],
        )
        names = {row[0] for row in cursor.fetchall()}
    unnamed = {name for name in names if not name.startswith(tuple(OPEN_TO_WEB))}
    assert unnamed == set(), "protect it (tronco.tenancy.rls), or revoke it from the web role"


@pytest.mark.django_db
def test_functions_with_their_owners_rights_are_closed_to_others() -> None:
    """Nobody runs them but who is granted it, nor gives their words a meaning of his own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE prosecdef"
            " AND pronamespace IN ('public'::regnamespace, 'ast'::regnamespace)"
            " AND (proconfig IS DISTINCT FROM ARRAY['search_path=public, pg_temp']"
            "      OR has_function_privilege('tronco_asterisk', oid, 'EXECUTE'))"
        )
        assert cursor.fetchall() == [], (
            "SET search_path = public, pg_temp; REVOKE ALL … FROM PUBLIC; GRANT to whom it serves"
        )


@pytest.mark.django_db
def test_asterisk_reads_its_views_and_nothing_else() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, privilege FROM pg_class,"
            " unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS privilege"
            " WHERE relkind IN ('r', 'p', 'v', 'm') AND relnamespace IN"
            " ('public'::regnamespace, 'ast'::regnamespace)"
            " AND has_table_privilege('tronco_asterisk', pg_class.oid, privilege)"
        )
        granted = cursor.fetchall()
    assert {privilege for _name, privilege in granted} == {"SELECT"}
    assert {name for name, _privilege in granted} >= {"ps_endpoints", "ps_auths", "ps_aors"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'ast'::regnamespace")
        own = {row[0] for row in cursor.fetchall()}
    assert {name for name, _privilege in granted} <= own
