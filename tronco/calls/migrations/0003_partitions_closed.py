"""Call records are read through their table, whose row-level security no partition has of its own."""

from django.db import migrations

from tronco.tenancy.rls import WEB_ROLE

ENSURE = """
CREATE OR REPLACE FUNCTION calls_ensure_partition(at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    zone  constant text := 'America/Sao_Paulo';
    month constant timestamp := date_trunc('month', at AT TIME ZONE zone);
    name  constant text := format('calls_cdr_%s', to_char(month, 'YYYYMM'));
BEGIN
    IF to_regclass(name) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('calls_ensure_partition'));
        IF to_regclass(name) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF calls_cdr FOR VALUES FROM (%L) TO (%L)',
                name, month AT TIME ZONE zone, (month + interval '1 month') AT TIME ZONE zone);
            EXECUTE format('REVOKE ALL ON %I FROM WEB_ROLE', name);
        END IF;
    END IF;
END $$;
""".replace("WEB_ROLE", WEB_ROLE)

CLOSE = f"""
DO $$ DECLARE part regclass; BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'calls_cdr'::regclass LOOP
        EXECUTE format('REVOKE ALL ON %s FROM {WEB_ROLE}', part);
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("calls", "0002_cdr_partitions")]
    operations = [migrations.RunSQL([ENSURE, CLOSE], migrations.RunSQL.noop)]
