"""How a command reaches the database of this checkout's instance."""

from __future__ import annotations

import os

import django

from tronco.runtime.environment import instance_environment
from tronco.runtime.paths import instance_home


def open_instance() -> None:
    """Set up Django upon the instance's database; settings already in the environment stay."""
    os.environ.update(instance_environment(instance_home()))
    django.setup()


def missing_migrations() -> list[str]:
    """Return the migrations of this code that the database has not had, in their order."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [str(migration) for migration, _backwards in plan]
