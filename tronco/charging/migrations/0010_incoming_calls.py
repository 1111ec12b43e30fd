"""Incoming calls that are charged, cards, and limits of what calls may cost in a day."""

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from tronco.charging.notify import notify_on_change
from tronco.charging.sql import functions
from tronco.tenancy import rls

TERMS = ("tenant_id", "role", "plan_id", "status", "limit_u", "cycle_day")
BEFORE = notify_on_change("charging_account", columns=TERMS)
BOUGHT = "IN (SELECT plan_id FROM charging_account)"
BOUGHT_NOW = (
    "IN (SELECT plan_id FROM charging_account UNION ALL "
    "SELECT incoming_plan_id FROM charging_account)"
)
SHARES = [
    (rls.share(table, using=f"{column} {BOUGHT}"), rls.share(table, using=f"{column} {BOUGHT_NOW}"))
    for table, column in (("catalog_plan", "id"), ("catalog_allowance", "plan_id"))
]
# Their answers have another shape now, which CREATE OR REPLACE refuses.
DROP = """
DROP FUNCTION IF EXISTS charging_afford(bigint[], int[], bigint[], bigint[], bigint[], jsonb, text);
DROP FUNCTION IF EXISTS charging_reserve(text, bigint, bigint, bigint, bigint, text, text, text, text, text,
    text, timestamptz, jsonb, text[], int[], int[], int[], bigint[], bigint[], int[], bigint[],
    bigint[], bigint[], jsonb, jsonb);
DROP FUNCTION IF EXISTS charging_extend(text, int, timestamptz, int[], bigint[], bigint[], int[], bigint[],
    jsonb);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0006_labels'),
        ('charging', '0009_no_drafts_for_buyers'),
    ]

    operations = [
        migrations.CreateModel(
            name='MeterDay',
            fields=[
                ('pk', models.CompositePrimaryKey('key', 'day', blank=True, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=60)),
                ('day', models.DateField()),
                ('spent_u', models.BigIntegerField()),
            ],
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='account',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='account',
            name='delete_delete',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='account',
            name='update_update',
        ),
        migrations.AddField(
            model_name='account',
            name='incoming_plan',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='catalog.plan', verbose_name='plan of incoming calls'),
        ),
        migrations.AddField(
            model_name='accountevent',
            name='incoming_plan',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='catalog.plan', verbose_name='plan of incoming calls'),
        ),
        migrations.AddField(
            model_name='authorization',
            name='day_limits_u',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(null=True), null=True, size=None),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "charging_accountevent" ("created_at", "cycle_day", "id", "incoming_plan_id", "limit_u", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "role", "status", "tenant_id") VALUES (NEW."created_at", NEW."cycle_day", NEW."id", NEW."incoming_plan_id", NEW."limit_u", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."plan_id", NEW."role", NEW."status", NEW."tenant_id"); RETURN NULL;', hash='3e63c22269c1802fe897c1dbf2546c20e07e41c1', operation='INSERT', pgid='pgtrigger_insert_insert_e2481', table='charging_account', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."cycle_day" IS DISTINCT FROM (NEW."cycle_day") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."incoming_plan_id" IS DISTINCT FROM (NEW."incoming_plan_id") OR OLD."limit_u" IS DISTINCT FROM (NEW."limit_u") OR OLD."plan_id" IS DISTINCT FROM (NEW."plan_id") OR OLD."role" IS DISTINCT FROM (NEW."role") OR OLD."status" IS DISTINCT FROM (NEW."status") OR OLD."tenant_id" IS DISTINCT FROM (NEW."tenant_id"))', func='INSERT INTO "charging_accountevent" ("created_at", "cycle_day", "id", "incoming_plan_id", "limit_u", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "role", "status", "tenant_id") VALUES (NEW."created_at", NEW."cycle_day", NEW."id", NEW."incoming_plan_id", NEW."limit_u", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."plan_id", NEW."role", NEW."status", NEW."tenant_id"); RETURN NULL;', hash='ac0f31f0f41a049f1663d0f986fe58815529e265', operation='UPDATE OF "tenant_id", "role", "plan_id", "incoming_plan_id", "status", "limit_u", "cycle_day"', pgid='pgtrigger_update_update_a0210', table='charging_account', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "charging_accountevent" ("created_at", "cycle_day", "id", "incoming_plan_id", "limit_u", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "plan_id", "role", "status", "tenant_id") VALUES (OLD."created_at", OLD."cycle_day", OLD."id", OLD."incoming_plan_id", OLD."limit_u", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."plan_id", OLD."role", OLD."status", OLD."tenant_id"); RETURN NULL;', hash='d58bed7ced527b40c0f1cc00f0b524b99c569bcb', operation='DELETE', pgid='pgtrigger_delete_delete_3b162', table='charging_account', when='AFTER')),
        ),
        migrations.RunSQL(BEFORE.reverse_sql, BEFORE.sql),
        notify_on_change("charging_account", columns=(*TERMS, "incoming_plan_id")),
        *(
            operation
            for before, now in SHARES
            for operation in (migrations.RunSQL(before.reverse_sql, before.sql), now)
        ),
        # HOT updates need room in the page.
        migrations.RunSQL(
            "ALTER TABLE charging_meterday SET (fillfactor = 50);", migrations.RunSQL.noop
        ),
        migrations.RunSQL(DROP, migrations.RunSQL.noop),
        functions("suspended", "days", "afford", "reserve", "settle", "restore"),
    ]
