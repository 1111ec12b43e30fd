"""How running processes learn that configuration changed, or that an account was credited.

They LISTEN on CONFIG (payload: the table) and CREDIT (payload: the account's id). PostgreSQL
delivers after commit, and to nobody when rolled back.
"""

from __future__ import annotations

from typing import Final

from django.db.migrations.operations import RunSQL

CONFIG: Final = "tronco_config"
CREDIT: Final = "tronco_credit"

CREATE_FUNCTION: Final = f"""
CREATE FUNCTION tronco_notify_config() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('{CONFIG}', TG_TABLE_NAME);
    RETURN NULL;
END $$;
"""


def notify_on_change(table: str, *, columns: tuple[str, ...] = ()) -> RunSQL:
    """Return the migration operation that announces every statement which changes the table.

    With `columns`, an UPDATE is announced only when it sets one of them: name those that are
    configuration where the others change with every call.
    """
    update = f"UPDATE OF {', '.join(columns)}" if columns else "UPDATE"
    return RunSQL(
        sql=(
            f"CREATE TRIGGER notify_config AFTER INSERT OR DELETE OR {update} ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION tronco_notify_config();"
        ),
        reverse_sql=f"DROP TRIGGER notify_config ON {table};",
    )
