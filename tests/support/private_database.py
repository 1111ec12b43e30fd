"""A PostgreSQL server of one's own for a while: as an installation runs it, and gone afterwards.

For benchmarks, and for tests that kill it: the tests' common server forgets what a crash would.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from tronco.runtime.paths import instance_home
from tronco.runtime.postgres import Cluster


@contextmanager
def private_database(name: str) -> Iterator[Cluster]:
    """Put Django over an empty, migrated database on the server `name`."""
    cluster = Cluster(instance_home(), f"private/{name}")
    cluster.start()
    try:
        cluster.create_database("tronco")
        with _django_over(cluster):
            yield cluster
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

    # Django may have been set up over another database before.
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
