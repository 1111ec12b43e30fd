"""The database engine of tests/settings.py.

A transactional test ends with TRUNCATE of every table, which the ledger refuses. Only that
clean-up goes on with triggers off; what the tests themselves do meets them all. And the database
is copied from a migrated one.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.backends.postgresql import base
from django.db.backends.postgresql.operations import DatabaseOperations

from tests.support.database.creation import Creation


class Operations(DatabaseOperations):
    def execute_sql_flush(self, sql_list: Iterable[str]) -> None:
        super().execute_sql_flush(["SET LOCAL session_replication_role = replica", *sql_list])


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = Operations
    creation_class = Creation
