"""Row-level security: the tenancy rule once more, in PostgreSQL.

Web processes connect under WEB_ROLE, which owns nothing; every table that has an owner carries a
policy which shows only rows below the scopes bound by `access.bind_scope`. The system's own
processes connect as the tables' owner and are not bound.
"""

from __future__ import annotations

from django.db.migrations.operations import RunSQL

WEB_ROLE = "tronco_web"

# Shape: the ids below any of the bound scopes. STABLE, so that it runs once a statement.
CREATE_FUNCTIONS = """
CREATE FUNCTION tronco_scopes() RETURNS text[] LANGUAGE sql STABLE AS
$$ SELECT string_to_array(coalesce(current_setting('tronco.scope', true), ''), ',') $$;

CREATE FUNCTION tronco_visible_tenants() RETURNS SETOF bigint LANGUAGE sql STABLE AS
$$ SELECT id FROM tenancy_tenant WHERE path ^@ ANY (tronco_scopes()) $$;
"""

CREATE_ROLE = f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{WEB_ROLE}') THEN
    BEGIN
      CREATE ROLE {WEB_ROLE} NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END;
  END IF;
  IF NOT pg_has_role(current_user, '{WEB_ROLE}', 'MEMBER') THEN
    EXECUTE format('GRANT {WEB_ROLE} TO %I', current_user);
  END IF;
END $$;
GRANT USAGE ON SCHEMA public TO {WEB_ROLE};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {WEB_ROLE};
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {WEB_ROLE};
ALTER DEFAULT PRIVILEGES IN SCHEMA public
  GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {WEB_ROLE};
ALTER DEFAULT PRIVILEGES IN SCHEMA public
  GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO {WEB_ROLE};
"""


def protect(table: str, *, using: str = "tenant_id IN (SELECT tronco_visible_tenants())") -> RunSQL:
    """Return the migration operation that puts the table under row-level security.

    `using` is the condition under which a row exists for the web role; the default fits a table
    with its owner in `tenant_id`. Reading and writing follow the same condition.
    """
    return RunSQL(
        sql=(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
            f"CREATE POLICY tenant ON {table} TO {WEB_ROLE} USING ({using});"
        ),
        reverse_sql=(
            f"DROP POLICY tenant ON {table}; ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;"
        ),
    )


def share(table: str, *, using: str) -> RunSQL:
    """Let the web role read, beyond its own, the rows that satisfy `using`."""
    return RunSQL(
        sql=f"CREATE POLICY shared ON {table} FOR SELECT TO {WEB_ROLE} USING ({using});",
        reverse_sql=f"DROP POLICY shared ON {table};",
    )


def protect_read(table: str, *, write_using: str, read_using: str) -> RunSQL:
    """As `protect` followed by `share`."""
    both = (protect(table, using=write_using), share(table, using=read_using))
    return RunSQL(
        sql="".join(str(one.sql) for one in both),
        reverse_sql="".join(str(one.reverse_sql) for one in reversed(both)),
    )
