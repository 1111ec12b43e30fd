"""The ledger made immutable, the database functions, and the notices of changed configuration."""

from django.db import migrations

from tronco.charging.notify import CREATE_FUNCTION, notify_on_change
from tronco.charging.sql import functions

IMMUTABLE = """
CREATE FUNCTION charging_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger-immutable' USING ERRCODE = 'TR403',
        HINT = 'ledger entries are never changed; post a correction';
END $$;
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON charging_ledgerentry
FOR EACH STATEMENT EXECUTE FUNCTION charging_refuse_change();
"""
UNDO_IMMUTABLE = """
DROP TRIGGER immutable ON charging_ledgerentry;
DROP FUNCTION charging_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("charging", "0004_calls_without_checks"),
        ("catalog", "0003_row_level_security"),
        ("centrals", "0003_row_level_security"),
    ]

    operations = [
        migrations.RunSQL(IMMUTABLE, UNDO_IMMUTABLE),
        functions("post", "afford", "reserve", "settle", "restore"),
        migrations.RunSQL(CREATE_FUNCTION, "DROP FUNCTION tronco_notify_config();"),
        notify_on_change("tenancy_tenant"),
        notify_on_change("catalog_tariff"),
        notify_on_change("catalog_tariffversion"),
        notify_on_change("catalog_plan"),
        notify_on_change("catalog_allowance"),
        notify_on_change(
            "charging_account",
            columns=("tenant_id", "role", "plan_id", "status", "limit_u", "cycle_day"),
        ),
        notify_on_change("centrals_central", columns=("name", "is_active")),
    ]
