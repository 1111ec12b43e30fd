"""Numbers that are made by the thousand get their history and tenures in one statement each."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations

# As `dids_follow_holder`, which goes on following changes row by row.
HOLD_NEW = """
CREATE FUNCTION dids_hold_new() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO dids_tenure (tenant_id, e164, holder, document, sellers, since, ended_as)
    SELECT h.id, m.e164, h.name, h.document, h.sellers, now(), ''
      FROM made m
      JOIN (SELECT t.id, t.name, t.document,
                   (SELECT coalesce(jsonb_agg(a.name ORDER BY length(a.path)), '[]')
                      FROM tenancy_tenant a WHERE t.path ^@ a.path AND a.id <> t.id) AS sellers
              FROM tenancy_tenant t
             WHERE t.id IN (SELECT tenant_id FROM made WHERE state = 'in_use') OFFSET 0) h
        ON h.id = m.tenant_id
     WHERE m.state = 'in_use'
     ORDER BY m.id;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION dids_hold_new() FROM PUBLIC;
CREATE TRIGGER hold_new AFTER INSERT ON dids_did
  REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION dids_hold_new();
DROP TRIGGER follow_holder ON dids_did;
CREATE TRIGGER follow_holder AFTER DELETE OR UPDATE OF state, tenant_id, e164 ON dids_did
  FOR EACH ROW EXECUTE FUNCTION dids_follow_holder();
"""


class Migration(migrations.Migration):
    dependencies = [("dids", "0002_policies_and_tenures")]
    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="did",
            name="insert_insert",
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="did",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='WITH _pgh_attached_context AS ( SELECT _pgh_attach_context() AS value ) INSERT INTO "dids_didevent" ("allowed_callers", "audio", "backup_address", "backup_port", "backup_techprefix", "callback_audio_id", "caller_tag", "circuit_id", "created_at", "description", "e164", "host", "id", "ip_address", "ip_port", "is_active", "kind", "max_calls", "max_day_u", "menu_id", "mode", "outgoing_classes", "payer_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "port", "ported_in", "quarantine_until", "queue_id", "range_id", "raw", "registers", "reserved_for", "reverse_charging", "says_errors", "schedule_id", "state", "supplier", "technology", "techprefix", "tenant_id", "username") SELECT new_values."allowed_callers", new_values."audio", new_values."backup_address", new_values."backup_port", new_values."backup_techprefix", new_values."callback_audio_id", new_values."caller_tag", new_values."circuit_id", new_values."created_at", new_values."description", new_values."e164", new_values."host", new_values."id", new_values."ip_address", new_values."ip_port", new_values."is_active", new_values."kind", new_values."max_calls", new_values."max_day_u", new_values."menu_id", new_values."mode", new_values."outgoing_classes", new_values."payer_id", _pgh_attached_context.value, NOW(), \'insert\', new_values."id", new_values."plan_id", new_values."port", new_values."ported_in", new_values."quarantine_until", new_values."queue_id", new_values."range_id", new_values."raw", new_values."registers", new_values."reserved_for", new_values."reverse_charging", new_values."says_errors", new_values."schedule_id", new_values."state", new_values."supplier", new_values."technology", new_values."techprefix", new_values."tenant_id", new_values."username" FROM ( SELECT new_values.* FROM new_values  ) AS new_values, _pgh_attached_context; RETURN NULL;',
                    hash="74fde9746114e58f19bca6046e3912de61080c45",
                    level="STATEMENT",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_88580",
                    referencing="REFERENCING NEW TABLE AS new_values ",
                    table="dids_did",
                    when="AFTER",
                ),
            ),
        ),
        migrations.RunSQL(HOLD_NEW),
    ]
