"""The table of call records: monthly partitions, the key and one more index.

Indexes are what an import pays for, so there are only these two. Web processes read records
through their table: its row-level security is none of the partitions'.
"""

from django.db import migrations

from tronco.tenancy import rls

CREATE = """
CREATE TABLE calls_cdr (
    started_at    timestamptz  NOT NULL,
    identity      bigint       NOT NULL,
    call_id       varchar(80)  NOT NULL,
    tenant_id     bigint       NOT NULL,
    account_id    bigint,
    circuit_id    bigint,
    did_id        bigint,
    trunk_id      bigint,
    central       varchar(40)  NOT NULL,
    direction     varchar(8)   NOT NULL,
    caller        varchar(40)  NOT NULL,
    dialled       varchar(80)  NOT NULL,
    called        varchar(40)  NOT NULL,
    call_class    varchar(16)  NOT NULL,
    uf            varchar(3)   NOT NULL DEFAULT '',
    answered_at   timestamptz,
    ended_at      timestamptz  NOT NULL,
    duration_ms   bigint       NOT NULL DEFAULT 0,
    billed_ms     bigint       NOT NULL DEFAULT 0,
    outcome       varchar(9)   NOT NULL,
    reason        varchar(40)  NOT NULL DEFAULT '',
    hangup_cause  smallint     NOT NULL DEFAULT 0,
    price_u       bigint       NOT NULL DEFAULT 0,
    cost_u        bigint       NOT NULL DEFAULT 0,
    charges       jsonb        NOT NULL DEFAULT '[]',
    explanation   jsonb        NOT NULL DEFAULT '{}',
    PRIMARY KEY (started_at, identity)
) PARTITION BY RANGE (started_at);
CREATE INDEX calls_cdr_account ON calls_cdr (account_id, started_at);
-- A record without a partition of its own is kept, not refused.
CREATE TABLE calls_cdr_other PARTITION OF calls_cdr DEFAULT;
REVOKE ALL ON calls_cdr_other FROM WEB_ROLE;

-- Months begin in the operator's time zone.
CREATE FUNCTION calls_ensure_partition(at timestamptz) RETURNS void LANGUAGE plpgsql AS $$
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
SELECT calls_ensure_partition(now() + make_interval(months => m)) FROM generate_series(-2, 2) AS m;
""".replace("WEB_ROLE", rls.WEB_ROLE)


class Migration(migrations.Migration):
    dependencies = [
        ("calls", "0001_initial"),
        ("tenancy", "0002_row_level_security"),
    ]
    operations = [migrations.RunSQL(CREATE), rls.protect("calls_cdr")]
