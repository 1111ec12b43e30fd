"""Row-level security, the ledger made immutable, the database functions, and their notices."""

from django.db import migrations

from tronco.charging.notify import CREATE_FUNCTION, notify_on_change
from tronco.charging.sql import functions
from tronco.tenancy import rls

# HOT updates need room in the page; the _like index of a text key is for searches nobody makes.
STORAGE = """
ALTER TABLE charging_account SET (fillfactor = 50);
ALTER TABLE charging_bucket SET (fillfactor = 50);
ALTER TABLE charging_meter SET (fillfactor = 50);
ALTER TABLE charging_meterday SET (fillfactor = 50);
ALTER TABLE charging_authorization SET (fillfactor = 70);
ALTER TABLE charging_hold SET (fillfactor = 70);
ALTER TABLE charging_gate SET UNLOGGED;
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT indexname FROM pg_indexes
                WHERE indexname ~ '_like$' AND tablename IN
                    ('charging_authorization', 'charging_meter', 'charging_gate')
    LOOP
        EXECUTE format('DROP INDEX %I', name);
    END LOOP;
END $$;
"""

IMMUTABLE = """
CREATE FUNCTION charging_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger-immutable' USING ERRCODE = 'TR403',
        HINT = 'ledger entries are never changed; post a correction';
END $$;
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON charging_ledgerentry
FOR EACH STATEMENT EXECUTE FUNCTION charging_refuse_change();
"""

# What others spend in a day is nothing for web processes.
NOBODYS = f"REVOKE ALL ON charging_meterday FROM {rls.WEB_ROLE};"

BOUGHT_PLANS = (
    "IN (SELECT plan_id FROM charging_account UNION ALL "
    "SELECT incoming_plan_id FROM charging_account)"
)
BOUGHT_TARIFFS = "IN (SELECT tariff_id FROM catalog_plan)"
TERMS = ("tenant_id", "role", "plan_id", "status", "limit_u", "cycle_day", "incoming_plan_id")


class Migration(migrations.Migration):
    dependencies = [
        ("charging", "0001_initial"),
        ("tenancy", "0002_row_level_security"),
        ("centrals", "0002_row_level_security"),
        ("catalog", "0002_policies_and_guards"),
    ]
    operations = [
        migrations.RunSQL([STORAGE, IMMUTABLE, NOBODYS]),
        rls.protect("charging_account"),
        rls.protect("charging_accountevent"),
        rls.protect("charging_ledgerentry"),
        rls.protect("charging_bucket"),
        rls.protect("charging_authorization"),
        rls.protect("charging_hold"),
        # What one buys may be read: the plans of one's own accounts and their price lists, though
        # not what their seller is drafting.
        rls.share("catalog_plan", using=f"id {BOUGHT_PLANS}"),
        rls.share("catalog_allowance", using=f"plan_id {BOUGHT_PLANS}"),
        rls.share("catalog_tariff", using=f"id {BOUGHT_TARIFFS}"),
        rls.share(
            "catalog_tariffversion", using=f"status <> 'draft' AND tariff_id {BOUGHT_TARIFFS}"
        ),
        functions("post", "suspended", "days", "afford", "reserve", "settle", "restore"),
        migrations.RunSQL(CREATE_FUNCTION),
        notify_on_change("tenancy_tenant"),
        notify_on_change("catalog_tariff"),
        notify_on_change("catalog_tariffversion"),
        notify_on_change("catalog_plan"),
        notify_on_change("catalog_allowance"),
        notify_on_change("charging_account", columns=TERMS),
        notify_on_change("centrals_central", columns=("name", "is_active")),
    ]
