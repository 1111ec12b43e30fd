"""The live state of groups; extension numbers of lines."""

import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from tronco.tenancy import rls


class Migration(migrations.Migration):

    dependencies = [
        ('circuits', '0006_created_at'),
        ('pbx', '0002_row_level_security'),
        ('tenancy', '0003_search'),
    ]

    operations = [
        migrations.CreateModel(
            name='MemberState',
            fields=[
                ('member', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='live', serialize=False, to='pbx.queuemember')),
                ('state', models.CharField(choices=[('offline', 'Offline'), ('idle', 'Free'), ('ringing', 'Ringing'), ('talking', 'In a call')], default='offline', max_length=7, verbose_name='status')),
                ('caller', models.CharField(blank=True, max_length=40, verbose_name='caller')),
                ('answered', models.PositiveIntegerField(default=0, verbose_name='calls answered')),
                ('since', models.DateTimeField(verbose_name='since')),
            ],
        ),
        migrations.CreateModel(
            name='QueueCaller',
            fields=[
                ('call_id', models.CharField(max_length=80, primary_key=True, serialize=False)),
                ('central', models.CharField(max_length=40)),
                ('caller', models.CharField(max_length=40, verbose_name='caller')),
                ('since', models.DateTimeField(verbose_name='waiting since')),
            ],
            options={
                'ordering': ['since'],
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='lineservice',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='lineservice',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='lineservice',
            name='delete_delete',
        ),
        migrations.AddField(
            model_name='lineservice',
            name='extension',
            field=models.CharField(blank=True, max_length=6, validators=[django.core.validators.RegexValidator('^[0-9]{2,6}\\Z')], verbose_name='extension'),
        ),
        migrations.AddField(
            model_name='lineserviceevent',
            name='extension',
            field=models.CharField(blank=True, max_length=6, validators=[django.core.validators.RegexValidator('^[0-9]{2,6}\\Z')], verbose_name='extension'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='lineservice',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "pbx_lineserviceevent" ("always", "busy", "circuit_id", "extension", "no_answer", "offline", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pickup_group", "ring_s", "tenant_id", "voicemail", "voicemail_email", "voicemail_greeting_id") VALUES (NEW."always", NEW."busy", NEW."circuit_id", NEW."extension", NEW."no_answer", NEW."offline", _pgh_attach_context(), NOW(), \'insert\', NEW."circuit_id", NEW."pickup_group", NEW."ring_s", NEW."tenant_id", NEW."voicemail", NEW."voicemail_email", NEW."voicemail_greeting_id"); RETURN NULL;', hash='e1db54d5369ebb6591a96620355ac8c6b61d694d', operation='INSERT', pgid='pgtrigger_insert_insert_c7507', table='pbx_lineservice', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='lineservice',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."always" IS DISTINCT FROM (NEW."always") OR OLD."busy" IS DISTINCT FROM (NEW."busy") OR OLD."circuit_id" IS DISTINCT FROM (NEW."circuit_id") OR OLD."extension" IS DISTINCT FROM (NEW."extension") OR OLD."no_answer" IS DISTINCT FROM (NEW."no_answer") OR OLD."offline" IS DISTINCT FROM (NEW."offline") OR OLD."pickup_group" IS DISTINCT FROM (NEW."pickup_group") OR OLD."ring_s" IS DISTINCT FROM (NEW."ring_s") OR OLD."tenant_id" IS DISTINCT FROM (NEW."tenant_id") OR OLD."voicemail" IS DISTINCT FROM (NEW."voicemail") OR OLD."voicemail_email" IS DISTINCT FROM (NEW."voicemail_email") OR OLD."voicemail_greeting_id" IS DISTINCT FROM (NEW."voicemail_greeting_id"))', func='INSERT INTO "pbx_lineserviceevent" ("always", "busy", "circuit_id", "extension", "no_answer", "offline", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pickup_group", "ring_s", "tenant_id", "voicemail", "voicemail_email", "voicemail_greeting_id") VALUES (NEW."always", NEW."busy", NEW."circuit_id", NEW."extension", NEW."no_answer", NEW."offline", _pgh_attach_context(), NOW(), \'update\', NEW."circuit_id", NEW."pickup_group", NEW."ring_s", NEW."tenant_id", NEW."voicemail", NEW."voicemail_email", NEW."voicemail_greeting_id"); RETURN NULL;', hash='a62d0ffdda1c23f6a71cc6134a9b453e83183cc3', operation='UPDATE', pgid='pgtrigger_update_update_da3ac', table='pbx_lineservice', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='lineservice',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "pbx_lineserviceevent" ("always", "busy", "circuit_id", "extension", "no_answer", "offline", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pickup_group", "ring_s", "tenant_id", "voicemail", "voicemail_email", "voicemail_greeting_id") VALUES (OLD."always", OLD."busy", OLD."circuit_id", OLD."extension", OLD."no_answer", OLD."offline", _pgh_attach_context(), NOW(), \'delete\', OLD."circuit_id", OLD."pickup_group", OLD."ring_s", OLD."tenant_id", OLD."voicemail", OLD."voicemail_email", OLD."voicemail_greeting_id"); RETURN NULL;', hash='1b3cdb7be79c531e2d661a4e19595e70b1403433', operation='DELETE', pgid='pgtrigger_delete_delete_7135c', table='pbx_lineservice', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='lineservice',
            constraint=models.UniqueConstraint(condition=models.Q(('extension', ''), _negated=True), fields=('tenant', 'extension'), name='pbx_line_extension'),
        ),
        migrations.AddField(
            model_name='memberstate',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant', verbose_name='owner'),
        ),
        migrations.AddField(
            model_name='queuecaller',
            name='queue',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='callers', to='pbx.queue'),
        ),
        migrations.AddField(
            model_name='queuecaller',
            name='tenant',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant', verbose_name='owner'),
        ),
        rls.protect('pbx_memberstate'),
        rls.protect('pbx_queuecaller'),
    ]
