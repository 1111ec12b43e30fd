"""Row-level security and notices of the new tables; numbers in use; tenures that last."""

from django.db import migrations

from tronco.charging.notify import notify_on_change
from tronco.tenancy import rls

# A holder's name of before stays as it was; only the end of an open tenure may be written, once.
KEEP_TENURES = """
CREATE FUNCTION dids_keep_tenure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.until IS NULL
       AND (to_jsonb(NEW) - 'until' - 'ended_as') = (to_jsonb(OLD) - 'until' - 'ended_as') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'who held a number is kept: % of dids_tenure', TG_OP;
END $$;
CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON dids_tenure
  FOR EACH ROW EXECUTE FUNCTION dids_keep_tenure();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON dids_tenure
  FOR EACH STATEMENT EXECUTE FUNCTION dids_keep_tenure();
"""
DROP = """
DROP TRIGGER keep ON dids_tenure; DROP TRIGGER keep_all ON dids_tenure;
DROP FUNCTION dids_keep_tenure;
"""
IN_USE = """
UPDATE dids_did SET state = 'in_use' FROM tenancy_tenant t
 WHERE t.id = dids_did.tenant_id AND t.kind = 'customer';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("dids", "0006_inventory_and_modes"),
        ("tenancy", "0002_row_level_security"),
        ("charging", "0005_functions"),
    ]
    operations = [
        rls.protect("dids_numberrange"),
        rls.protect("dids_numberrangeevent"),
        rls.protect("dids_closeddestination"),
        rls.protect("dids_closeddestinationevent"),
        rls.protect("dids_tenure"),
        rls.protect("dids_didregistration"),
        notify_on_change("dids_closeddestination"),
        migrations.RunSQL(KEEP_TENURES, DROP),
        migrations.RunSQL(IN_USE, migrations.RunSQL.noop),
    ]
