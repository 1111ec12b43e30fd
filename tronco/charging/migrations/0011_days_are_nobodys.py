"""What others spend in a day is nothing for web processes."""

from django.db import migrations

from tronco.tenancy.rls import WEB_ROLE


class Migration(migrations.Migration):
    dependencies = [("charging", "0010_incoming_calls"), ("tenancy", "0002_row_level_security")]

    operations = [
        migrations.RunSQL(
            f"REVOKE ALL ON charging_meterday FROM {WEB_ROLE};", migrations.RunSQL.noop
        )
    ]
