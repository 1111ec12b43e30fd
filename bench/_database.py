"""A PostgreSQL server for one benchmark: as an installation runs it, and gone afterwards."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from tronco.runtime.paths import instance_home
from tronco.runtime.postgres import Cluster

NAME = "bench/pg"


@contextmanager
def private_database() -> Iterator[None]:
    """Put Django over an empty, migrated database of our own for a while."""
    cluster = Cluster(instance_home(), NAME)
    cluster.start()
    try:
        cluster.create_database("tronco")
        with _django_over(cluster):
            yield
    finally:
        cluster.stop()
        shutil.rmtree(cluster.directory, ignore_errors=True)


@contextmanager
def _django_over(cluster: Cluster) -> Iterator[None]:
    os.environ.setdefault("DATABASE_URL", cluster.url())
    os.environ.setdefault("TRONCO_SECRET_KEY", "only-for-benchmarks")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    # Another benchmark of this process may have set Django up over a database of its own.
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(
        HOST="127.0.0.1",
        PORT=str(cluster.port),
        USER="tronco",
        PASSWORD=cluster.password,
        NAME="tronco",
    )
    try:
        call_command("migrate", verbosity=0)
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)
