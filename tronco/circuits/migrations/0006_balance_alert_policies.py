"""Row-level security of the warnings of low balances."""

from django.db import migrations

from tronco.tenancy import rls


class Migration(migrations.Migration):
    dependencies = [("circuits", "0005_balance_alerts")]
    operations = [
        rls.protect("circuits_balancealert"),
        rls.protect("circuits_balancealertevent"),
    ]
