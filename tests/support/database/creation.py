"""The tests' database as a copy of one that is migrated once, until a migration changes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.backends.postgresql.creation import DatabaseCreation

CHECKOUT = Path(__file__).resolve().parents[3]
# Any number, the same in all pytest processes: one migrates, the others wait for its result.
LOCK = 20_011_122


class Creation(DatabaseCreation):
    """Copies instead of migrating."""

    def create_test_db(self, *args: Any, **options: Any) -> str:
        name: str = self._get_test_db_name()  # type: ignore[attr-defined] # untyped in stubs
        template = f"migrated_{digest_of_migrations()}"
        with self._nodb_cursor() as cursor:  # type: ignore[attr-defined] # the same
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
            cursor.execute("SELECT datname FROM pg_database WHERE datname ^@ 'migrated_'")
            templates = {row[0] for row in cursor.fetchall()}
            if template not in templates:
                super().create_test_db(*args, **options)
                self.connection.close()
                for old in templates:
                    cursor.execute(f'DROP DATABASE "{old}"')
                cursor.execute(f'CREATE DATABASE "{template}" TEMPLATE "{name}"')
            else:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
        self.connection.close()
        settings.DATABASES[self.connection.alias]["NAME"] = name
        self.connection.settings_dict["NAME"] = name
        return name


def digest_of_migrations() -> str:
    """Changes whenever a migration or a function of the database does."""
    digest = hashlib.sha256()
    for path in sorted((CHECKOUT / "tronco").rglob("*")):
        if path.suffix == ".sql" or (path.parent.name == "migrations" and path.suffix == ".py"):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
