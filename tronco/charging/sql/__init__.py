"""The database functions of charging, one file a subject."""

from __future__ import annotations

from pathlib import Path

from django.db.migrations.operations import RunSQL

HERE = Path(__file__).parent


def functions(*names: str) -> RunSQL:
    """Return the migration operation that defines the functions of these files.

    A file always holds the newest definition; the migration after a change names it once more.
    """
    return RunSQL("".join((HERE / f"{name}.sql").read_text() for name in names), RunSQL.noop)
