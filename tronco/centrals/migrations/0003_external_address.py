"""The address under which others see a central behind NAT; call control hears of its change."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

# One more column of those whose change call control hears of (`charging.notify`).
NOTIFY = """
DROP TRIGGER notify_config ON centrals_central;
CREATE TRIGGER notify_config
  AFTER INSERT OR DELETE OR UPDATE OF name, is_active, external_address ON centrals_central
  FOR EACH STATEMENT EXECUTE FUNCTION tronco_notify_config();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('centrals', '0002_row_level_security'),
        ("charging", "0002_policies_and_functions"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='central',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='central',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='central',
            name='delete_delete',
        ),
        migrations.AddField(
            model_name='central',
            name='external_address',
            field=models.GenericIPAddressField(blank=True, help_text='Only of a central behind NAT: what the router in front of it is called.', null=True, protocol='IPv4', verbose_name='address seen from outside'),
        ),
        migrations.AddField(
            model_name='centralevent',
            name='external_address',
            field=models.GenericIPAddressField(blank=True, help_text='Only of a central behind NAT: what the router in front of it is called.', null=True, protocol='IPv4', verbose_name='address seen from outside'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='central',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centrals_centralevent" ("description", "external_address", "host", "id", "is_active", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "sip_port", "tenant_id") VALUES (NEW."description", NEW."external_address", NEW."host", NEW."id", NEW."is_active", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."sip_port", NEW."tenant_id"); RETURN NULL;', hash='1db9b2bc1c89248c9c534e0fca7bb68121304130', operation='INSERT', pgid='pgtrigger_insert_insert_e9ceb', table='centrals_central', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='central',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."description" IS DISTINCT FROM (NEW."description") OR OLD."external_address" IS DISTINCT FROM (NEW."external_address") OR OLD."host" IS DISTINCT FROM (NEW."host") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."is_active" IS DISTINCT FROM (NEW."is_active") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."sip_port" IS DISTINCT FROM (NEW."sip_port") OR OLD."tenant_id" IS DISTINCT FROM (NEW."tenant_id"))', func='INSERT INTO "centrals_centralevent" ("description", "external_address", "host", "id", "is_active", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "sip_port", "tenant_id") VALUES (NEW."description", NEW."external_address", NEW."host", NEW."id", NEW."is_active", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."sip_port", NEW."tenant_id"); RETURN NULL;', hash='e61654e3b7afcfce0092d977b8e632cb033df5dc', operation='UPDATE', pgid='pgtrigger_update_update_0d42a', table='centrals_central', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='central',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "centrals_centralevent" ("description", "external_address", "host", "id", "is_active", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "sip_port", "tenant_id") VALUES (OLD."description", OLD."external_address", OLD."host", OLD."id", OLD."is_active", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."sip_port", OLD."tenant_id"); RETURN NULL;', hash='84e25e523f0e4b2ee2fc1031819de68fd48e8b68', operation='DELETE', pgid='pgtrigger_delete_delete_8cc71', table='centrals_central', when='AFTER')),
        ),
        migrations.RunSQL(NOTIFY),
    ]
