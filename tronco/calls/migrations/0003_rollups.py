"""Roll-ups of call records; rows have room to be updated in place, since no index changes."""

import django.db.models.deletion
from django.db import migrations, models

from tronco.tenancy import rls

ROOM = "".join(
    f"ALTER TABLE {table} SET (fillfactor = 70);" for table in ("calls_daily", "calls_hourly")
)
# Refused calls are few; the first screen counts them by reason.
REFUSED = """
CREATE INDEX calls_cdr_refused ON calls_cdr (started_at, tenant_id, reason)
    WHERE outcome = 'refused';
"""

class Migration(migrations.Migration):

    dependencies = [
        ('calls', '0002_cdr_partitions'),
        ('tenancy', '0002_row_level_security'),
    ]

    operations = [
        migrations.CreateModel(
            name='DailyCalls',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant', 'day', 'central', 'direction', 'call_class', 'uf', blank=True, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('central', models.CharField(max_length=40)),
                ('direction', models.CharField(choices=[('out', 'Outgoing'), ('in', 'Incoming'), ('internal', 'Internal')], max_length=8)),
                ('call_class', models.CharField(blank=True, choices=[('local_fixed', 'Local fixed'), ('local_mobile', 'Local mobile'), ('ldn_fixed', 'Long-distance fixed'), ('ldn_mobile', 'Long-distance mobile'), ('n0300', '0300'), ('n0800', '0800'), ('services', 'Services'), ('ldi', 'International'), ('emergency', 'Emergency')], max_length=16)),
                ('uf', models.CharField(blank=True, max_length=3)),
                ('calls', models.BigIntegerField()),
                ('answered', models.BigIntegerField()),
                ('duration_ms', models.BigIntegerField()),
                ('price_u', models.BigIntegerField()),
                ('sale_u', models.BigIntegerField()),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'db_table': 'calls_daily',
            },
        ),
        migrations.CreateModel(
            name='HourlyCalls',
            fields=[
                ('pk', models.CompositePrimaryKey('hour', 'central', blank=True, editable=False, primary_key=True, serialize=False)),
                ('hour', models.DateTimeField()),
                ('central', models.CharField(max_length=40)),
                ('calls', models.BigIntegerField()),
                ('since', models.DateTimeField()),
            ],
            options={
                'db_table': 'calls_hourly',
            },
        ),
        migrations.CreateModel(
            name='PeakCalls',
            fields=[
                ('pk', models.CompositePrimaryKey('tenant', 'hour', blank=True, editable=False, primary_key=True, serialize=False)),
                ('hour', models.DateTimeField()),
                ('peak', models.IntegerField()),
                ('calls', models.BigIntegerField()),
                ('own', models.BigIntegerField()),
                ('tenant', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenancy.tenant')),
            ],
            options={
                'db_table': 'calls_peak',
            },
        ),
        migrations.RunSQL(ROOM, migrations.RunSQL.noop),
        migrations.RunSQL(REFUSED, "DROP INDEX calls_cdr_refused;"),
        rls.protect("calls_daily"),
        migrations.RunSQL(
            f"REVOKE INSERT, UPDATE, DELETE ON calls_hourly FROM {rls.WEB_ROLE};",
            migrations.RunSQL.noop,
        ),
        rls.protect("calls_peak"),
    ]
