"""Row-level security of this folder's tables."""

from django.db import migrations

from tronco.tenancy import rls


class Migration(migrations.Migration):
    dependencies = [
        ("circuits", "0002_initial"),
        ("tenancy", "0002_row_level_security"),
    ]
    operations = [
        rls.protect("circuits_circuit"),
        rls.protect("circuits_circuitevent"),
        rls.protect("circuits_registration"),
        rls.protect("circuits_latencysample"),
    ]
